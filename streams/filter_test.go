package streams_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// holding picks the events whose data holds its text, and counts those that it is asked for.
type holding struct {
	text  []byte
	asked *atomic.Int64
}

func (h holding) Picks(r edged.Run, from, to int, dst []int32) []int32 {
	r.Form(edged.FormSlots-1, func() any { return new(int) }) // as one that shares columns does
	for i, e := range r.Events(from, to) {
		h.asked.Add(1)
		if bytes.Contains(e.Data, h.text) {
			dst = append(dst, int32(i))
		}
	}
	return dst
}

// holdings compiles every text but two.
func holdings(asked, compiled *atomic.Int64) func(string) (streams.Filter, error) {
	return func(text string) (streams.Filter, error) {
		switch text {
		case "bad":
			return nil, &edged.Refusal{Kind: edged.FilterInvalid, Fields: []edged.Field{{Location: "query.filter", Line: 1, Column: 3}}}
		case "odd":
			return nil, errors.New("odd")
		}
		compiled.Add(1)
		return holding{[]byte(text), asked}, nil
	}
}

func TestFilterRefused(t *testing.T) {
	var count atomic.Int64
	none := open(t, vfs.NewMem(), newClock(), streams.Options{})
	some := open(t, vfs.NewMem(), newClock(), streams.Options{Filter: holdings(&count, &count)})
	for _, c := range []struct {
		broker       *bench
		text         string
		line, column int
	}{{none, "1", 0, 0}, {some, "bad", 1, 3}, {some, "odd", 0, 0}} {
		_, err := c.broker.Follow(edged.Query{Stream: "s", Await: true, Match: edged.Match{Filter: c.text}}, func() {})
		var refusal *edged.Refusal
		if !errors.As(err, &refusal) || refusal.Kind != edged.FilterInvalid || len(refusal.Fields) != 1 {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if f := refusal.Fields[0]; f.Location != "query.filter" || f.Line != c.line || f.Column != c.column {
			t.Errorf("%s: %+v", c.text, f)
		}
	}
}

// TestFilter holds filters, alone and with each other way to narrow, to a loop over all events: from
// the disk, live, in stable order, and in pieces.
func TestFilter(t *testing.T) {
	var asked, compiled atomic.Int64
	b := open(t, vfs.NewMem(), newClock(), streams.Options{Filter: holdings(&asked, &compiled)})
	matches := []edged.Match{
		{Filter: "3"}, {Filter: "nothing"}, {Filter: "3", Keys: []string{"k1"}}, {Filter: "3", Keys: []string{"k1", "k2"}},
		{Filter: "3", KeyPrefix: "k"}, {Filter: "1", Types: []string{"t0"}},
		{Filter: "1", KeyPrefix: "k2", Types: []string{"t0", "t1"}}, {Keys: []string{"k1"}}, {Types: []string{"t1"}},
	}
	var all []edged.Draft
	append100 := func() {
		for range 4 {
			var drafts []edged.Draft
			for range 25 {
				n := len(all)
				d := edged.Draft{Data: fmt.Append(nil, n), Type: fmt.Appendf(nil, "t%d", n%3)}
				if n%4 > 0 {
					d.Key = fmt.Appendf(nil, "k%d", n%4)
				}
				drafts, all = append(drafts, d), append(all, d)
			}
			b.append("s", drafts...)
		}
	}
	append100()
	type follower struct {
		edged.Feed
		match edged.Match
		got   []string
	}
	var followers []*follower
	for _, m := range matches {
		for _, stable := range []bool{false, true} {
			followers = append(followers, &follower{Feed: b.follow(edged.Query{Stream: "s", Match: m, Stable: stable}), match: m})
		}
	}
	for range 3 {
		for i, f := range followers {
			events, _ := drain(t, f, 1<<20, 1+i*7)
			f.got = append(f.got, texts(events)...)
			var want []string
			for _, d := range all {
				if wanted(&f.match, &d) {
					want = append(want, string(d.Data))
				}
			}
			if !slices.Equal(f.got, want) {
				t.Fatalf("%+v: %v, want %v", f.match, f.got, want)
			}
		}
		append100()
	}
}

func wanted(m *edged.Match, d *edged.Draft) bool {
	return bytes.Contains(d.Data, []byte(m.Filter)) &&
		(len(m.Keys) == 0 || slices.Contains(m.Keys, string(d.Key))) &&
		(len(m.Types) == 0 || slices.Contains(m.Types, string(d.Type))) &&
		bytes.HasPrefix(d.Key, []byte(m.KeyPrefix))
}

// TestFilterIsShared lets 1,000 readers with one filter, some narrowed further, read at once: it is
// compiled once, and asked once for each event. When all have left it is forgotten.
func TestFilterIsShared(t *testing.T) {
	var asked, compiled atomic.Int64
	b := open(t, vfs.NewMem(), newClock(), streams.Options{Filter: holdings(&asked, &compiled)})
	b.append("s", single("0")...)
	feeds := make([]edged.Feed, 1000)
	for i := range feeds {
		q := edged.Query{Stream: "s", Start: edged.Start{Kind: edged.Latest}, Match: edged.Match{Filter: "1"}}
		if i%2 == 0 {
			q.Match.KeyPrefix = fmt.Sprint("k", i%100)
		}
		f, err := b.Follow(q, func() {})
		if err != nil {
			t.Fatal(err)
		}
		feeds[i] = f
	}
	for range 3 {
		var drafts []edged.Draft
		for i := range 100 {
			drafts = append(drafts, edged.Draft{Key: fmt.Append(nil, "k", i), Data: fmt.Append(nil, i)})
		}
		b.append("s", drafts...)
	}
	var group sync.WaitGroup
	for _, f := range feeds {
		group.Go(func() {
			for got := make([]edged.Delivery, 1); len(got) > 0; {
				var err error
				if got, err = f.Next(nil, 1<<20, 1000); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if asked.Load() != 300 || compiled.Load() != 1 {
		t.Errorf("asked %d times for 300 events, compiled %d times", asked.Load(), compiled.Load())
	}
	for _, f := range feeds {
		f.Close()
	}
	b.follow(edged.Query{Stream: "s", Match: edged.Match{Filter: "1"}})
	if compiled.Load() != 2 {
		t.Errorf("a filter that nobody had used any more was kept")
	}
}
