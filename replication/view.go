package replication

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

// Stats are counters of this run.
type Stats struct {
	BytesSent                    int64 // of blocks
	Downs                        int64 // sessions that ended
	Gaps, Forks                  int64
	Conflicts, Lagging, Refusals int64
}

type counters struct {
	bytesSent                    atomic.Int64
	downs, gaps, forks           atomic.Int64
	conflicts, lagging, refusals atomic.Int64
}

// Stats gives the counters as they stand.
func (r *Replicator) Stats() Stats {
	c := &r.stats
	return Stats{
		BytesSent: c.bytesSent.Load(), Downs: c.downs.Load(), Gaps: c.gaps.Load(), Forks: c.forks.Load(),
		Conflicts: c.conflicts.Load(), Lagging: c.lagging.Load(), Refusals: c.refusals.Load(),
	}
}

func (c *counters) sent(bytes int) { c.bytesSent.Add(int64(bytes)) }

func (c *counters) count(r session.Report) {
	switch r.What {
	case "down":
		c.downs.Add(1)
	case "gap":
		c.gaps.Add(1)
	case "fork":
		c.forks.Add(1)
	case "conflict":
		c.conflicts.Add(1)
	case "lagging":
		c.lagging.Add(1)
	case "refused":
		c.refusals.Add(1)
	}
}

// report writes to the log what a person would want to know.
func (r *Replicator) report(w session.Report) {
	level := r.log.Info
	switch w.What {
	case "fork", "conflict", "gap", "damaged":
		level = r.log.Warn
	case "late", "dropped", "joined", "join failed":
		level = r.log.Debug
	}
	level("peer "+w.What, "peer", w.Peer, "detail", w.Detail)
}

// Peers gives the other nodes as replication sees them, by node id.
func (r *Replicator) Peers() []session.PeerState {
	r.mu.Lock()
	defer r.mu.Unlock()
	peers := r.table.Peers(r.now())
	for i := range peers {
		if l := r.links[peers[i].Link]; l != nil {
			in, out := l.way.Stats()
			peers[i].BytesIn, peers[i].BytesOut = int64(in), int64(out)
			peers[i].RTT = l.way.RTT()
		}
	}
	return peers
}

// Filling says whether a node that began empty still lacks what its peers know of the streams.
func (r *Replicator) Filling() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.Filling()
}

// HeldBack gives the origins that have not ended, with their held times.
func (r *Replicator) HeldBack() []edged.HeldBack {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.HeldBack()
}

// Promises gives what is known of every origin's progress, this node's own among them, in the order
// of their ids.
func (r *Replicator) Promises() []edged.Promise {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.Promises(r.now())
}

// Known gives the mesh addresses of the nodes that the mesh's records name.
func (r *Replicator) Known() (addresses []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.roster.Nodes() {
		if n.ID != r.opts.Self.Node {
			addresses = append(addresses, n.Address)
		}
	}
	return addresses
}

// Nodes gives the nodes that the mesh's records name, this one included.
func (r *Replicator) Nodes() []roster.Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.roster.Nodes()
}

// Regions gives the region of each origin that the mesh's records name, which is its node's when it
// was minted.
func (r *Replicator) Regions() map[edged.OriginID]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[edged.OriginID]string{}
	for id, o := range r.roster.Origins() {
		out[id] = o.Region
	}
	return out
}

// Flush waits until every connected peer holds what this node has appended, or ctx ends.
func (r *Replicator) Flush(ctx context.Context) {
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for {
		var lag int64
		for _, p := range r.Peers() {
			if p.Connected && !p.Late {
				lag += p.LagEvents
			}
		}
		if lag == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}
