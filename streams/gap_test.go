package streams_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// TestSkip gives up events that nobody holds: readers of every kind are told.
func TestSkip(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	p, q := peers[0], peers[1]
	for i := range 5 {
		p.append("s", single(fmt.Sprint(i))...)
	}
	var data []parcel
	for _, x := range p.lacks(t, q) {
		if x.name.Stream == "s" {
			data = append(data, x)
		} else {
			q.deliver(x)
		}
	}
	live := q.follow(edged.Query{Stream: "s"})
	q.deliver(data[0], data[4])
	events, _ := drain(t, live, 1<<20, 10)
	next, err := p.ReadBlocks(data[3].name.ID(), 5, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	prev := chainBefore(next[0].Bytes)
	if err := q.Skip(context.Background(), data[0].name, 4, prev, "lost"); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]edged.Feed{"live": live, "fresh": q.follow(edged.Query{Stream: "s"})} {
		more, notices := drain(t, f, 1<<20, 10)
		if name == "live" {
			more = append(events, more...)
		}
		if got := texts(more); !slices.Equal(got, []string{"0", "4"}) {
			t.Errorf("%s: %v", name, got)
		}
		if len(notices) != 1 || notices[0].From != 2 || notices[0].To != 4 || notices[0].Reason != "lost" {
			t.Errorf("%s: notices %+v", name, notices)
		}
	}
	if q.Stats().GapsBy["lost"] != 2 {
		t.Errorf("counted %v", q.Stats().GapsBy)
	}
}

// chainBefore reads the chain value of the block before from a header.
func chainBefore(raw []byte) edged.Chain { return edged.Chain(raw[76:92]) }

// TestCursorAhead holds cursors that this node has not learnt yet: of events, of a generation.
func TestCursorAhead(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	p, q := peers[0], peers[1]
	p.append("s", single("old")...)
	settle(t, peers)
	if err := p.DeleteStream(context.Background(), "s"); err != nil {
		t.Fatal(err)
	}
	rec := p.append("s", single("1")...)
	c, err := edged.ParseCursor(string(rec.AppendCursor(nil)))
	if err != nil {
		t.Fatal(err)
	}
	f := q.follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursor, Cursor: c}})
	if events, notices := drain(t, f, 1<<20, 10); len(events)+len(notices) > 0 {
		t.Fatalf("%v, %v before anything came", events, notices)
	}
	p.append("s", single("2")...)
	settle(t, peers)
	if events, _ := drain(t, f, 1<<20, 10); !slices.Equal(texts(events), []string{"2"}) {
		t.Fatalf("then %v", texts(events))
	}
	if err := q.Await(context.Background(), c); err != nil {
		t.Fatal(err)
	}
}

// TestCursorBeyondTheEnd holds a cursor over events that went with a crash of their origin.
func TestCursorBeyondTheEnd(t *testing.T) {
	peers := mesh(t, 2, streams.Options{Gated: true})
	p, q := peers[0], peers[1]
	p.Open()
	rec := p.append("s", single("1")...)
	settle(t, peers)
	rec.Spans[0].Last = 3 // as if two more had been shown
	c, err := edged.ParseCursor(string(rec.AppendCursor(nil)))
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan struct{}, 8)
	f, err := q.Follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursor, Cursor: c}}, func() { woken <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if events, notices := drain(t, f, 1<<20, 10); len(events)+len(notices) > 0 {
		t.Fatalf("%v, %v while more could come", events, notices)
	}
	old, end := p.Origin(), rec.HLC.Wall+1
	if _, err := p.Mint(context.Background(), "test", true); err != nil {
		t.Fatal(err)
	}
	p.append("$mesh", single(fmt.Sprintf(`{"seal":{"origin":%q,"at":%d,"reason":"test"}}`, old, end))...)
	settle(t, peers)
	if events, notices := drain(t, f, 1<<20, 10); len(events)+len(notices) > 0 {
		t.Fatalf("%v, %v while not all of the origin need be here", events, notices)
	}
	q.Stable(end + 1)
	for {
		<-woken
		if _, notices := drain(t, f, 1<<20, 10); len(notices) > 0 {
			if notices[0].From != 2 || notices[0].To != 3 || notices[0].Reason != "lost" {
				t.Fatalf("%+v", notices)
			}
			return
		}
	}
}
