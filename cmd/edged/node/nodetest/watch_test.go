package nodetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// TestWatchMovesOn has a watch at one node go on at another by its cursor. Each key is changed
// once, so each comes once; and as fast as the link allows.
func TestWatchMovesOn(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.put(w.places[0], "names", client.CollectionSpec{Type: "register"})
		time.Sleep(5 * time.Second) // of two links that were dialled at once one goes
		v := &viewer{w: w, sent: map[string]time.Time{}, seen: map[string]int{}}
		for turn, p := range []*place{w.places[1], w.places[2], w.places[1], w.places[0]} {
			v.half(p, turn, turn == 3)
		}
		for key := range v.sent {
			if v.seen[key] != 1 {
				t.Errorf("%s was changed once, and came %d times", key, v.seen[key])
			}
		}
		const delay, more = 25 * time.Millisecond, 20 * time.Millisecond
		if v.slowest > delay+more {
			t.Errorf("a change came %v after it was sent over links of at most %v", v.slowest, delay)
		}
		t.Logf("%d changes, the last of them came after %v", len(v.sent), v.slowest)
	})
}

// viewer watches a collection.
type viewer struct {
	w       *world
	cursor  string
	sent    map[string]time.Time
	seen    map[string]int
	slowest time.Duration
}

// half watches at a node while all nodes change keys, and leaves some for the next turn.
func (v *viewer) half(at *place, turn int, last bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opened, ended := make(chan struct{}), make(chan struct{})
	arrived := map[string]time.Time{}
	go func() {
		defer close(ended)
		for d, err := range at.now().client.Watch(ctx, "names", client.WatchQuery{Cursor: v.cursor}, client.FollowOptions{}) {
			if err != nil {
				if ctx.Err() == nil {
					v.w.complain("the watch at %s: %v", at.name, err)
				}
				return
			}
			if d.Cursor != "" {
				v.cursor = d.Cursor
			}
			switch d.Notice {
			case "":
				change, err := d.Change()
				if err != nil {
					v.w.complain("the watch at %s: %v", at.name, err)
				}
				v.seen[change.Key]++
				arrived[change.Key] = time.Now()
			case "subscribed":
				close(opened)
			case "gap", "lagged":
				v.w.complain("the watch at %s is given %s: %s", at.name, d.Notice, d.Data)
			}
		}
	}()
	<-opened
	for i := range 100 {
		p := v.w.places[i%3]
		key := fmt.Sprintf("%s-%d-%d", p.name, turn, i)
		v.sent[key] = time.Now()
		if err := p.now().change("names", key, fmt.Appendf(nil, `{"assign":%d}`, i)); err != nil {
			v.w.t.Error(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if last {
		time.Sleep(5 * time.Second)
	}
	cancel()
	<-ended
	for key, at := range arrived {
		if strings.Contains(key, fmt.Sprintf("-%d-", turn)) {
			v.slowest = max(v.slowest, at.Sub(v.sent[key]))
		}
	}
}
