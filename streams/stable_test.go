package streams_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// TestStableOrder publishes at three nodes and raises their frontiers as far as each holds
// everything: their readers in stable order end with one order, and none is ever taken by surprise.
func TestStableOrder(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { stableOrder(t, rand.New(rand.NewPCG(seed, 4))) })
	}
}

func stableOrder(t *testing.T, r *rand.Rand) {
	peers := mesh(t, 3, streams.Options{Gated: true})
	var feeds []edged.Feed
	had := make([][]seen, len(peers))
	woken := make([]chan struct{}, len(peers))
	for i, p := range peers {
		woken[i] = make(chan struct{}, 1)
		p.Open()
		f, err := p.Follow(edged.Query{Stream: "s", Await: true, Stable: true}, func() {
			select {
			case woken[i] <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		feeds = append(feeds, f)
	}
	read := func(i int) {
		events, _ := drain(t, feeds[i], 1<<20, 1+r.IntN(20))
		had[i] = append(had[i], events...)
	}
	const n = 60
	for step := range n {
		peers[r.IntN(3)].append("s", single(fmt.Sprint(step))...)
		if r.IntN(8) > 0 {
			continue
		}
		frontier := int64(1<<63 - 1)
		for _, p := range peers {
			wall, err := p.Promise(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			frontier = min(frontier, wall)
		}
		i := r.IntN(3)
		for _, p := range peers {
			if p != peers[i] {
				peers[i].deliver(p.lacks(t, peers[i])...)
			}
		}
		peers[i].Stable(frontier)
		read(r.IntN(3))
	}
	settle(t, peers)
	for i, p := range peers {
		p.clock.advance(time.Hour)
		last, err := p.Promise(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p.Stable(last)
		for read(i); len(had[i]) < n; read(i) {
			<-woken[i]
		}
		if !slices.Equal(had[i], had[0]) || p.Stats().EventsLate > 0 {
			t.Errorf("node %d gave another order than node 0, %d events late", i, p.Stats().EventsLate)
		}
	}
}

func TestLateEventsAreCounted(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	peers[0].append("s", single("early")...)
	peers[1].clock.advance(time.Second)
	f := peers[1].follow(edged.Query{Stream: "s", Await: true, Stable: true})
	peers[1].append("s", single("late")...)
	drain(t, f, 1<<20, 10)
	settle(t, peers)
	events, _ := drain(t, f, 1<<20, 10)
	if got := texts(events); !slices.Equal(got, []string{"early"}) || peers[1].Stats().EventsLate != 1 {
		t.Fatalf("%v, %d late", got, peers[1].Stats().EventsLate)
	}
}
