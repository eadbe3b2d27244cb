package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/witness"
)

// batchEvents is how many events one publish has.
const batchEvents = 5

// writer publishes at one node, one batch at a time.
type writer struct {
	world  *world
	node   *node
	name   string
	stream string
	ack    string
	wait   time.Duration // how long the node may wait for ack; 0 is its default
	doomed bool          // its node's disk goes away: an acknowledgement promises nothing
	made   int
}

func (w *world) writer(n *node, name, ack string) *writer {
	return &writer{world: w, node: n, name: name + "-" + n.name, stream: orders, ack: ack}
}

// publish sends a batch once, records what its writer can know of it, and returns the answer.
func (wr *writer) publish(ctx context.Context) (history.Outcome, error) {
	drafts := make([]client.Draft, batchEvents)
	for i := range drafts {
		id := fmt.Sprintf("%s-%d:%d", wr.name, wr.made, i)
		drafts[i] = client.Draft{ID: id, Key: fmt.Sprintf("key-%d", wr.made%7), Data: witness.DataOf(id)}
	}
	wr.made++
	// What became of it has to be known, even if the load is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	start := wr.world.now()
	receipt, err := wr.node.client.Publish(ctx, wr.stream, drafts, client.PublishOptions{Ack: wr.ack, Timeout: wr.wait})
	end := wr.world.now()
	outcome := witness.OutcomeOf(err)
	noted := outcome
	if wr.doomed && noted == history.OK {
		noted = history.Unknown
	}
	ops := make([]history.Op, len(drafts))
	for i := range drafts {
		ops[i] = history.Op{
			Process: wr.name, Kind: history.Publish, ID: drafts[i].ID, Node: wr.node.name, Level: wr.ack,
			Start: start, End: end, Outcome: noted, Dot: witness.DotOf(&receipt, i),
		}
	}
	wr.world.record(ops...)
	return outcome, err
}

// publishAll sends a number of batches, each of which has to be acknowledged.
func (wr *writer) publishAll(ctx context.Context, batches int) error {
	for range batches {
		if _, err := wr.publish(ctx); err != nil {
			return fmt.Errorf("%s publishes at %s: %w", wr.name, wr.node.name, err)
		}
	}
	return nil
}

// traffic is writers at work.
type traffic struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

// load lets a writer publish at each node, about every 5 ms. With strict, anything but an
// acknowledgement is a fault.
func (w *world) load(ctx context.Context, name string, strict bool, nodes ...*node) *traffic {
	t := &traffic{}
	ctx, t.stop = context.WithCancel(ctx)
	for _, n := range nodes {
		wr := w.writer(n, name, "disk")
		t.running.Go(func() {
			for rest(ctx, 5*time.Millisecond) {
				if _, err := wr.publish(ctx); err != nil && strict {
					w.complain("%s publishes at %s: %v", wr.name, n.name, err)
				}
			}
		})
	}
	return t
}

// settle ends the load and waits until every writer knows what became of its last publish.
func (t *traffic) settle() {
	t.stop()
	t.running.Wait()
}
