package streams_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// acks answers as it is told.
type acks struct {
	mu         sync.Mutex
	possible   error
	reached    error
	asked      []edged.Head
	replicated edged.Sequence
}

func (a *acks) Possible(edged.Ack) error { return a.possible }

func (a *acks) Reached(_ context.Context, _ edged.Ack, logs []edged.Head) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, logs...)
	return a.reached
}

func (a *acks) Replicated(edged.Head) edged.Sequence { return a.replicated }

func TestAckLevels(t *testing.T) {
	a := &acks{possible: edged.Refuse(edged.LevelUnreachable, "nobody is there")}
	peers := mesh(t, 2, streams.Options{Acks: a})
	p, q := peers[0], peers[1]
	publish := func(data string, ids ...string) (edged.Receipt, error) {
		pub := &edged.Publication{Stream: "s", Ack: edged.Regions(2)}
		for _, id := range ids {
			pub.Drafts = append(pub.Drafts, edged.Draft{ID: []byte(id), Data: []byte(data)})
		}
		return p.Append(context.Background(), pub)
	}
	if _, err := publish("1", "a"); !errors.Is(err, edged.LevelUnreachable) {
		t.Fatalf("with nobody there: %v", err)
	}
	if _, err := p.Stream("s"); !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("a refused publication left something behind: %v", err)
	}
	a.possible = nil
	q.append("s", edged.Draft{ID: []byte("b"), Data: []byte("1")})
	settle(t, peers)
	a.reached = context.DeadlineExceeded
	_, err := publish("1", "a", "b", "a")
	var refusal *edged.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != edged.AckTimeout || refusal.Reached != "disk" {
		t.Fatalf("when the level is not reached: %v", err)
	}
	a.reached, a.asked = nil, nil
	rec, err := publish("1", "a", "b")
	if err != nil || rec.Duplicates != 2 {
		t.Fatalf("a retry: %+v, %v", rec, err)
	}
	origins := map[edged.OriginID]bool{}
	for _, h := range a.asked {
		if h.Name.Stream != "s" || h.Log != h.Name.ID() || h.Head != 1 {
			t.Errorf("asked for %+v", h)
		}
		origins[h.Name.Origin.ID] = true
	}
	if len(origins) != 2 {
		t.Errorf("the first copies are of %d origins", len(origins))
	}
}

func TestRetentionKeepsWhatOthersLack(t *testing.T) {
	a := &acks{replicated: 2}
	p := mesh(t, 1, streams.Options{Acks: a, RetireEvery: time.Millisecond})[0]
	keep := edged.Retention{Age: time.Hour}
	if _, _, err := p.PutStream(context.Background(), edged.Stream{Name: "s", Retention: keep}); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		p.append("s", single(fmt.Sprint(i))...)
	}
	p.clock.advance(2 * time.Hour)
	for p.Stats().Retirements == 0 {
		time.Sleep(time.Millisecond) // the sweep has a ticker of its own
	}
	if got := texts(p.read("s")); !slices.Equal(got, []string{"2", "3"}) {
		t.Fatalf("held %v", got)
	}
}
