package streams_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

func TestGate(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{Gated: true})
	ended, end := context.WithCancel(context.Background())
	end()
	pub := &edged.Publication{Stream: "s", Drafts: single("1")}
	if _, err := b.Append(ended, pub); !errors.Is(err, edged.Starting) {
		t.Fatalf("before it opens: %v", err)
	}
	b.append("$mesh", single(`{"node":{}}`)...)
	waits := make(chan error, 1)
	go func() {
		_, err := b.Append(context.Background(), pub)
		waits <- err
	}()
	b.Open()
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	b.Refuse(edged.IdentityConflict)
	if _, err := b.Append(context.Background(), pub); !errors.Is(err, edged.IdentityConflict) {
		t.Fatalf("refused: %v", err)
	}
	b.Refuse(nil)
	b.append("s", single("2")...)
}

func TestHiddenStreams(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{RefuseUnknown: true})
	b.append("$mesh", single(`{"node":{}}`)...)
	if got := b.read("$mesh"); len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	if list, err := b.List("", 10); err != nil || len(list) != 0 {
		t.Fatalf("listed: %+v, %v", list, err)
	}
}

// TestMint changes the origin under load: everything stays readable, dense in each log.
func TestMint(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{})
	f := b.follow(edged.Query{Stream: "s", Await: true})
	before := b.Origin()
	const n = 200
	half := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for i := range n {
			b.append("s", edged.Draft{ID: fmt.Append(nil, i), Data: fmt.Append(nil, i)})
			if i == n/2 {
				close(half)
			}
		}
	})
	<-half
	origin, err := b.Mint(context.Background(), "test", true)
	if err != nil || origin == before || b.Origin() != origin {
		t.Fatalf("%v after %v, %v", origin, before, err)
	}
	group.Wait()
	if rec := b.append("s", edged.Draft{ID: []byte("0"), Data: []byte("0")}); rec.Duplicates != 1 || rec.Origin != origin {
		t.Fatalf("a retry: %+v", rec)
	}
	if _, _, err := b.PutStream(context.Background(), edged.Stream{Name: "s", Description: "new"}); err != nil {
		t.Fatal(err)
	}
	events, _ := drain(t, f, 1<<20, 100)
	checkOnce(t, events, n)
	b.stop()
	b = open(t, fs, clock, streams.Options{})
	checkOnce(t, b.read("s"), n)
	if b.Origin() != origin {
		t.Fatal("another origin after the restart")
	}
}
