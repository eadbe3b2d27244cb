package nodetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/witness"
)

// orders is the stream that most scenarios use; the first publish at each node makes it.
const orders = "orders"

// writer publishes at one node, one batch at a time.
type writer struct {
	p      *place
	name   string
	stream string
	ack    string
	wait   time.Duration // how long the node may wait for ack; 0 is its default
	made   int
}

func (w *world) writer(p *place, name string) *writer {
	return &writer{p: p, name: name + "-" + p.name, stream: orders, ack: "disk"}
}

// publish sends a batch once, and records what its writer can know of it.
func (wr *writer) publish() error {
	l := wr.p.now()
	if l == nil {
		return errors.New("down")
	}
	drafts := make([]client.Draft, 1+wr.p.w.draw(4))
	for i := range drafts {
		id := fmt.Sprintf("%s-%d:%d", wr.name, wr.made, i)
		drafts[i] = client.Draft{ID: id, Key: fmt.Sprintf("key-%d", wr.made%7), Data: witness.DataOf(id)}
	}
	wr.made++
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	start := wr.p.w.clock()
	receipt, err := l.client.Publish(ctx, wr.stream, drafts, client.PublishOptions{Ack: wr.ack, Timeout: wr.wait})
	wr.p.mu.Lock()
	defer wr.p.mu.Unlock()
	outcome := witness.OutcomeOf(err)
	if outcome == history.OK && (wr.p.life != l || wr.p.doomed) {
		outcome = history.Unknown
	}
	for i := range drafts {
		wr.p.w.happened(history.Op{
			Process: wr.name, Kind: history.Publish, ID: drafts[i].ID, Node: wr.p.name, Level: wr.ack,
			Start: start, End: wr.p.w.clock() + 1, Outcome: outcome, Dot: witness.DotOf(&receipt, i),
		})
	}
	return err
}

// must sends a number of batches, each of which has to be acknowledged.
func (wr *writer) must(batches int) {
	wr.p.w.t.Helper()
	for range batches {
		if err := wr.publish(); err != nil {
			wr.p.w.t.Fatalf("%s publishes at %s: %v", wr.name, wr.p.name, err)
		}
	}
}

// traffic is writers at work.
type traffic struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

// load lets a writer publish at each place, about every so often, whether its node is up or not.
func (w *world) load(name string, every time.Duration, places ...*place) *traffic {
	t := &traffic{}
	ctx, cancel := context.WithCancel(context.Background())
	t.stop = cancel
	w.loads = append(w.loads, t)
	for _, p := range places {
		wr, random := w.writer(p, name), w.source()
		t.running.Go(func() {
			for rest(ctx, time.Duration(random.Int64N(int64(2*every)))) {
				_ = wr.publish() // what became of it stands in the history
			}
		})
	}
	return t
}

// rest waits, and says whether ctx still goes on.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// end ends the load and waits until every writer knows what became of its last publish.
func (t *traffic) end() {
	t.stop()
	t.running.Wait()
}
