package node

import (
	"context"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/gossip"
)

// meshStream holds the mesh's records.
const meshStream = "$mesh"

// records is the hidden stream of the mesh's records.
type records struct{ n *Node }

// Append adds a record.
func (r records) Append(ctx context.Context, key string, data []byte) (edged.Head, error) {
	receipt, err := r.n.broker.Append(ctx, &edged.Publication{
		Stream: meshStream, Drafts: []edged.Draft{{Key: []byte(key), Data: data}},
	})
	if err != nil {
		return edged.Head{}, err
	}
	span := receipt.Spans[0]
	h := edged.Head{
		Name: edged.LogName{Stream: meshStream, Generation: 1, Partition: span.Partition, Origin: receipt.Origin},
		Head: span.Last, Newest: receipt.HLC,
	}
	h.Log = h.Name.ID()
	return h, nil
}

// Follow reads the records from the first on.
func (r records) Follow(ctx context.Context, each func(edged.Event), caught func()) error {
	wake := make(chan struct{}, 1)
	feed, err := r.n.broker.Follow(edged.Query{Stream: meshStream, Await: true}, func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer feed.Close()
	const bytesMax, eventsMax = 1 << 20, 1000
	var got []edged.Delivery
	for first := true; ; {
		if got, err = feed.Next(got[:0], bytesMax, eventsMax); err != nil {
			return err
		}
		for _, d := range got {
			if d.Run == nil {
				continue
			}
			for _, e := range d.Run.Events(d.From, d.To) {
				each(e)
			}
		}
		if len(got) > 0 {
			continue
		}
		if first {
			caught()
			first = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		}
	}
}

// members plugs gossip into replication.
type members struct{ *gossip.Gossip }

// Watch passes on who is seen, and where.
func (m members) Watch(seen func(node, region, address string, alive bool)) {
	m.Gossip.Watch(func(g gossip.Member) { seen(g.Node, g.Region, g.Address, g.State == "alive") })
}

// writer is the broker as replication sees it; gossip learns of a new origin, too.
type writer struct{ n *Node }

func (w writer) Origin() edged.Origin { return w.n.store.Origin() }

func (w writer) Promise(ctx context.Context) (int64, error) { return w.n.broker.Promise(ctx) }

func (w writer) Mint(ctx context.Context, reason string, seal bool) (edged.Origin, error) {
	origin, err := w.n.broker.Mint(ctx, reason, seal)
	if err != nil {
		return origin, err
	}
	return origin, w.n.mesh.Load().gossip.Update(origin)
}

func (w writer) Open() { w.n.broker.Open() }

func (w writer) Refuse(err error) { w.n.broker.Refuse(err) }

func (w writer) Stable(frontier int64) { w.n.broker.Stable(frontier) }
