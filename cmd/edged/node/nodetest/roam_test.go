package nodetest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

// roamer reads orders from its first event on, a few events at one node and the next at another,
// by its cursor alone.
type roamer struct {
	w      *world
	random *rand.Rand
	cursor string
	count  int
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// roam starts a roamer; settle takes it to the end.
func (w *world) roam() {
	r := &roamer{w: w, random: w.source()}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	w.roamers = append(w.roamers, r)
	r.done.Go(func() {
		for rest(ctx, 300*time.Millisecond) {
			running := w.running()
			if len(running) > 0 {
				r.step(running[r.random.IntN(len(running))])
			}
		}
	})
}

// step takes a page at a node. One that is down or has not heard of the stream gives nothing.
func (r *roamer) step(p *place) (events int, caughtUp bool) {
	l := p.now()
	if l == nil {
		return 0, false
	}
	q := client.Query{From: "earliest", Cursor: r.cursor, Limit: 1 + r.random.IntN(100)}
	page, err := l.client.Read(context.Background(), orders, q)
	if err != nil {
		return 0, false
	}
	for i := range page.Events {
		o := r.w.opOf(p, &page.Events[i])
		o.Process, o.Kind = "roamer", history.Deliver
		r.w.happened(o)
	}
	r.count += len(page.Events)
	r.cursor = page.Cursor
	return len(page.Events), page.CaughtUp
}

// finish goes on until every node has nothing more, and wants all events met.
func (r *roamer) finish(held int) {
	r.stop()
	r.done.Wait()
	for _, p := range r.w.places {
		for {
			if n, caughtUp := r.step(p); n == 0 && caughtUp {
				break
			} else if n == 0 {
				r.w.complain("a roaming cursor gets no further at %s", p.name)
				break
			}
		}
	}
	if r.count != held {
		r.w.complain("a roaming cursor met %d events, %d are held", r.count, held)
	}
}
