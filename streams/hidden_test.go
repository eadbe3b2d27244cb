package streams_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// TestHiddenDefinitions keeps a definition with its owner's words, lists it to its owner only, and
// makes none by publishing.
func TestHiddenDefinitions(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{Retention: edged.Retention{Bytes: 1}})
	ctx := context.Background()
	long := "$c." + strings.Repeat("n", 128)
	partials := edged.PartialsStream(strings.Repeat("7f", 16))
	for _, name := range []string{"$c.b", "$c.a", long, "$d.x", "user", edged.FunctionStream("cities"), partials} {
		if _, _, err := b.PutStream(ctx, edged.Stream{Name: name, Partitions: 16, Spec: "of " + name}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := b.Stream("$c.a")
	if err != nil || first.Spec != "of $c.a" || first.Retention != (edged.Retention{}) || first.First.Origin != b.Origin().ID {
		t.Errorf("got %+v, %v", first.Stream, err)
	}
	if _, _, err := b.PutStream(ctx, edged.Stream{Name: "$c.a", Spec: "changed"}); err != nil {
		t.Fatal(err)
	}
	b.stop()
	b = open(t, fs, clock, streams.Options{})
	second, err := b.Stream("$c.a")
	if err != nil || second.Spec != "changed" || second.First != first.First {
		t.Errorf("got %+v, %v; it began with %+v", second.Stream, err, first.First)
	}
	var names []string
	for after := ""; ; {
		page, err := b.Hidden("$c.", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, def := range page {
			names, after = append(names, def.Name), def.Name
		}
		if len(page) < 2 {
			break
		}
	}
	if got := strings.Join(names, " "); got != "$c.a $c.b "+long {
		t.Errorf("hidden: %s", got)
	}
	for prefix, name := range map[string]string{edged.FunctionStream(""): "$f.cities", edged.PartialsStream(""): partials} {
		if page, err := b.Hidden(prefix, "", 2); err != nil || len(page) != 1 || page[0].Name != name || page[0].Spec != "of "+name || page[0].First == (edged.Mark{}) {
			t.Errorf("hidden %s: %+v, %v", prefix, page, err)
		}
	}
	if infos, err := b.List("", 10); err != nil || len(infos) != 1 || infos[0].Name != "user" {
		t.Errorf("listed: %+v, %v", infos, err)
	}
	for _, name := range []string{"$c.none", edged.FunctionStream("none"), edged.PartialsStream("none")} {
		_, err = b.Append(ctx, &edged.Publication{Stream: name, Drafts: single("x")})
		if !errors.Is(err, edged.StreamNotFound) {
			t.Errorf("a publish to %s, which nobody made: %v", name, err)
		}
	}
}

// TestHiddenOfFunctions carries the streams of functions to another node, and holds their publications
// back as those of users.
func TestHiddenOfFunctions(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	p, q, ctx := peers[0], peers[1], context.Background()
	partials := edged.PartialsStream("7f3a90c2")
	for _, def := range []edged.Stream{{Name: edged.FunctionStream("cities"), Spec: "SELECT"}, {Name: partials, Partitions: 1}} {
		if _, _, err := p.PutStream(ctx, def); err != nil {
			t.Fatal(err)
		}
	}
	p.append(partials, single("record")...)
	settle(t, peers)
	if info, err := q.Stream(edged.FunctionStream("cities")); err != nil || info.Spec != "SELECT" {
		t.Errorf("the definition came as %+v, %v", info, err)
	}
	if got := texts(q.read(partials)); len(got) != 1 || got[0] != "record" {
		t.Errorf("the partials came as %v", got)
	}
	closed := edged.Refuse(edged.Draining, "closed")
	q.Refuse(closed)
	if _, err := q.Append(ctx, publication(partials, single("x")...)); !errors.Is(err, edged.Draining) {
		t.Errorf("through a closed gate: %v", err)
	}
	if err := q.Lend(storage.Functions).Commit(ctx, pairs("position", "1"), publication(partials, single("x")...)); !errors.Is(err, edged.Draining) {
		t.Errorf("a commit through a closed gate: %v", err)
	}
}

// TestTruncateByVector lets go of whole blocks below a sequence of each log, whatever their stamps.
func TestTruncateByVector(t *testing.T) {
	a := &acks{replicated: 100}
	peers := mesh(t, 2, streams.Options{Acks: a})
	p, q, ctx := peers[0], peers[1], context.Background()
	partials := edged.PartialsStream("7f3a90c2")
	if _, _, err := p.PutStream(ctx, edged.Stream{Name: partials, Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	settle(t, peers)
	for _, n := range []*peer{p, q} {
		for range 3 {
			n.append(partials, append(single("1"), single("2")...)...)
		}
	}
	settle(t, peers)
	own, other := edged.LogKey{Origin: p.Origin().ID}, edged.LogKey{Origin: q.Origin().ID}
	for _, step := range []struct {
		folded     edged.Vector
		replicated edged.Sequence
		own, other edged.Sequence // where the logs begin then
	}{
		{edged.Vector{own: 1}, 6, 1, 1}, // no whole block
		{edged.Vector{own: 3}, 6, 3, 1},
		{edged.Vector{other: 2}, 6, 3, 3}, // as its writer has said
		{edged.Vector{own: 6}, 4, 5, 3},   // not what others lack
		{edged.Vector{own: 6}, 6, 7, 3},
	} {
		a.replicated = step.replicated
		if err := p.Truncate(ctx, partials, math.MaxInt64, step.folded); err != nil {
			t.Fatal(err)
		}
		info, err := p.Stream(partials)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range info.Logs {
			want := step.own
			if l.Name.Key() == other {
				want = step.other
			}
			if l.First != want || l.Last != 6 {
				t.Fatalf("%+v: log %v is %d to %d", step, l.Name, l.First, l.Last)
			}
		}
	}
}

// TestTruncate lets go of whole blocks that are both old and folded.
func TestTruncate(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{})
	ctx := context.Background()
	if _, _, err := b.PutStream(ctx, edged.Stream{Name: "$c.a", Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	var stamps []edged.Timestamp
	for i := range 6 {
		rec, err := b.Append(ctx, &edged.Publication{Stream: "$c.a", Drafts: single(fmt.Sprint(i))})
		if err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, rec.HLC)
	}
	key := edged.LogKey{Origin: b.Origin().ID}
	for _, step := range []struct {
		before int64
		folded edged.Sequence
		start  edged.Sequence
	}{
		{stamps[3].Wall, 0, 1},     // nothing is folded
		{stamps[3].Wall, 2, 3},     // folded so far
		{stamps[3].Wall, 6, 4},     // old so far
		{stamps[0].Wall, 6, 4},     // never back
		{stamps[5].Wall + 1, 6, 7}, // all
	} {
		if err := b.Truncate(ctx, "$c.a", step.before, edged.Vector{key: step.folded}); err != nil {
			t.Fatal(err)
		}
		info, err := b.Stream("$c.a")
		if err != nil || info.Logs[0].First != step.start || info.Logs[0].Last != 6 {
			t.Fatalf("%+v: %+v, %v", step, info.Logs, err)
		}
	}
}
