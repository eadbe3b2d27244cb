package streams_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// local is a node with a stream of three partitions, to which it and another one append in turn.
func local(t *testing.T) (p, q *peer) {
	peers := mesh(t, 2, streams.Options{})
	if _, _, err := peers[0].PutStream(context.Background(), edged.Stream{Name: "s", Partitions: 3}); err != nil {
		t.Fatal(err)
	}
	settle(t, peers)
	return peers[0], peers[1]
}

// both appends so many events to each partition at both nodes.
func both(t *testing.T, p, q *peer, events int) {
	t.Helper()
	for i := range events {
		for _, n := range []*peer{p, q} {
			for k := range 12 { // keys that meet all partitions
				n.append("s", edged.Draft{Key: fmt.Append(nil, "k", k), Data: fmt.Append(nil, i)})
			}
		}
	}
	settle(t, []*peer{p, q})
}

// own gives the heads of a node's own logs, as it shows them.
func (p *peer) own(t *testing.T) edged.Vector {
	t.Helper()
	info, err := p.Stream("s")
	if err != nil {
		t.Fatal(err)
	}
	v := edged.Vector{}
	for _, l := range info.Logs {
		if l.Name.Origin.ID == p.Origin().ID {
			v[l.Name.Key()] = l.Last
		}
	}
	return v
}

// at is a query of what the node itself appended after a vector.
func at(kind edged.StartKind, v edged.Vector) edged.Query {
	return edged.Query{
		Stream: "s", Local: true, Durable: true,
		Start: edged.Start{Kind: kind, Cursor: edged.Cursor{Stream: "s", Generation: 1, Vector: v}},
	}
}

// follows checks that events go on after a vector up to the node's heads, each log's in order.
func follows(t *testing.T, after, heads edged.Vector, events []seen) {
	t.Helper()
	v := after.Clone()
	for _, e := range events {
		if v[e.key]++; e.seq != v[e.key] {
			t.Fatalf("sequence %d of log %v came where %d was due", e.seq, e.key, v[e.key])
		}
	}
	if !v.Covers(heads) || !heads.Covers(v) {
		t.Fatalf("read to %v, the heads are %v", v, heads)
	}
}

// TestLocalFromCursor reads each own log on from exactly its entry in a vector, however the entries
// lie: from the disk, by pieces, then live.
func TestLocalFromCursor(t *testing.T) {
	p, q := local(t)
	both(t, p, q, 3)
	heads := p.own(t)
	if len(heads) != 3 {
		t.Fatalf("logs %v, want three partitions", heads)
	}
	for n := range 3 {
		after := edged.Vector{}
		for key, head := range heads {
			after[key] = head * edged.Sequence((n+int(key.Partition))%3) / 2
		}
		f := p.follow(at(edged.AtCursor, after))
		behind, notices := drain(t, f, 1<<20, 2)
		if f.Resume() != "complete" || len(notices) > 0 {
			t.Fatalf("resumed %q with %v", f.Resume(), notices)
		}
		follows(t, after, heads, behind)
		both(t, p, q, 1)
		live, _ := drain(t, f, 1<<20, 3)
		was := heads
		heads = p.own(t)
		follows(t, was, heads, live)
		for key, head := range heads {
			if f.Cursor().Vector[key] != head {
				t.Fatalf("stands at %v, the heads are %v", f.Cursor(), heads)
			}
		}
		f.Close()
	}
}

// TestLocalAfterRetirement goes by what is retired of the own logs only, and says so.
func TestLocalAfterRetirement(t *testing.T) {
	p, q := local(t)
	both(t, p, q, 2)
	ctx, heads, theirs := context.Background(), p.own(t), q.own(t)
	if err := p.Truncate(ctx, "s", math.MaxInt64, theirs); err != nil {
		t.Fatal(err)
	}
	events, _ := drain(t, p.follow(at(edged.AtCursor, edged.Vector{})), 1<<20, 5)
	follows(t, edged.Vector{}, heads, events)
	log := edged.LogKey{Origin: p.Origin().ID, Partition: 1}
	if err := p.Truncate(ctx, "s", math.MaxInt64, edged.Vector{log: 3}); err != nil {
		t.Fatal(err)
	}
	after := edged.Vector{log: 1}
	if _, err := p.Follow(at(edged.AtCursor, after), func() {}); !errors.Is(err, edged.CursorExpired) {
		t.Fatalf("after retirement: %v", err)
	}
	f := p.follow(at(edged.AtCursorOrGap, after))
	events, notices := drain(t, f, 1<<20, 5)
	if f.Resume() != "gap" || len(notices) != 1 {
		t.Fatalf("resumed %q with %+v", f.Resume(), notices)
	}
	if n := notices[0]; n.Op != "gap" || n.Reason != "retired" || n.Log.Key() != log || n.From != 2 || n.To != 3 {
		t.Fatalf("%+v", n)
	}
	follows(t, edged.Vector{log: 3}, heads, events)
	after[log] = 3
	events, _ = drain(t, p.follow(at(edged.AtCursor, after)), 1<<20, 5)
	follows(t, after, heads, events)
}

// TestLocalAfterRestart goes on after a restart exactly where the cursor stood.
func TestLocalAfterRestart(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{})
	b.append("s", single("1")...)
	f := b.follow(at(edged.AtCursor, edged.Vector{}))
	drain(t, f, 1<<20, 5)
	cursor := f.Cursor()
	b.append("s", single("2")...)
	b.stop()
	b = open(t, fs, clock, streams.Options{})
	b.append("s", single("3")...)
	events, _ := drain(t, b.follow(at(edged.AtCursor, cursor.Vector)), 1<<20, 5)
	if !slices.Equal(texts(events), []string{"2", "3"}) {
		t.Fatalf("%v", texts(events))
	}
}
