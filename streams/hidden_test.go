package streams_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// TestHiddenDefinitions keeps a definition with its owner's words, lists it to its owner only, and
// makes none by publishing.
func TestHiddenDefinitions(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{Retention: edged.Retention{Bytes: 1}})
	ctx := context.Background()
	long := "$c." + strings.Repeat("n", 128)
	for _, name := range []string{"$c.b", "$c.a", long, "$d.x", "user"} {
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
	if infos, err := b.List("", 10); err != nil || len(infos) != 1 || infos[0].Name != "user" {
		t.Errorf("listed: %+v, %v", infos, err)
	}
	_, err = b.Append(ctx, &edged.Publication{Stream: "$c.none", Drafts: single("x")})
	if !errors.Is(err, edged.StreamNotFound) {
		t.Errorf("a publish to a hidden stream that nobody made: %v", err)
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
