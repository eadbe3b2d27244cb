package replication

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

// chore does work that waits for the store.
func (r *Replicator) chore(ctx context.Context, w session.Work) {
	switch w := w.(type) {
	case session.List:
		heads, err := r.opts.Heads.ListHeads(w.Tick, w.Prefix, w.After, w.Limit)
		if err != nil {
			r.log.Error("logs could not be listed for a peer", "err", err)
		}
		r.do(func(now session.Now) []session.Work { return r.table.Listed(now, w, heads) })
	case session.Skip:
		if err := r.opts.Blocks.Skip(ctx, w.Name, w.To, w.Chain, w.Reason); err != nil && ctx.Err() == nil {
			r.log.Error("a gap could not be stored", "stream", w.Name.Stream, "err", err)
		}
	case session.Mint:
		r.mint(ctx, w)
	case session.Halt:
		r.log.Error("this node's identity lives twice; publishes are refused", "advice", w.Detail)
		r.opts.Writer.Refuse(edged.Refuse(edged.IdentityConflict, "%s", w.Detail))
	case session.Introduce:
		r.background.Go(func() { r.introduce(ctx) })
	}
}

func (r *Replicator) mint(ctx context.Context, w session.Mint) {
	origin, err := r.opts.Writer.Mint(ctx, w.Reason, w.Seal)
	if err != nil {
		r.log.Error("no new origin", "err", err)
		return
	}
	r.log.Warn("this node has a new origin", "origin", origin, "reason", w.Reason)
	r.do(func(now session.Now) []session.Work { return r.table.Renamed(now, origin) })
}

// introduceWithin is how long a new origin waits until the connected peers know it.
const introduceWithin = 2 * time.Second

// introduceAgain is the pause before records are tried again that could not be written.
const introduceAgain = 5 * time.Second

// introduce writes what the mesh does not know of this node yet, gives the connected peers time to
// take it in, and lets publishes through.
func (r *Replicator) introduce(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, introduceWithin)
	last, err := r.appendRecords(within)
	if err == nil && last.Head > 0 {
		err = r.await(within, func(now session.Now, id session.WaitID) bool {
			return r.table.WaitAll(now, id, []edged.Head{last})
		})
	}
	cancel()
	r.opts.Writer.Open()
	// Without its records others wait for an origin that has ended, so they are written sooner or later.
	for err != nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(introduceAgain):
			_, err = r.appendRecords(ctx)
		}
	}
}

// appendRecords writes the records that the mesh lacks, and tells where their log then stands.
func (r *Replicator) appendRecords(ctx context.Context) (last edged.Head, err error) {
	for _, rec := range r.unknownRecords() {
		if last, err = r.opts.Records.Append(ctx, rec.key, rec.data); err != nil {
			r.log.Error("the mesh's record of this node could not be written; it is tried again", "err", err)
			return last, err
		}
	}
	return last, nil
}

type record struct {
	key  string
	data []byte
}

// unknownRecords are those that the roster lacks: of this node, its origin, and the origins of its
// that ended.
func (r *Replicator) unknownRecords() (missing []record) {
	self := r.opts.Self
	me := roster.Node{
		ID: self.Node, Name: self.Name, Region: self.Region,
		Address: self.Address, HTTP: self.HTTP, State: roster.Active,
	}
	origin := r.opts.Writer.Origin()
	r.mu.Lock()
	known, ok := r.roster.Node(self.Node)
	_, named := r.roster.Origins()[origin.ID]
	seals := r.roster.Seals()
	r.mu.Unlock()
	add := func(key string, data []byte) { missing = append(missing, record{key, data}) }
	if !ok || known != me {
		add(roster.NodeRecord(me))
	}
	if !named {
		add(roster.OriginRecord(roster.Origin{Origin: origin, Node: self.Node, Region: self.Region}))
	}
	for _, s := range r.opts.Sealed {
		if _, sealed := seals[s.Origin.ID]; !sealed {
			add(roster.SealRecord(s))
		}
	}
	return missing
}

// follow folds the mesh's records: whom to dial, and which origins there are.
func (r *Replicator) follow(ctx context.Context) error {
	caught := false
	tell := func() {
		r.do(func(now session.Now) []session.Work {
			r.caught = true
			return r.table.Known(now, r.known())
		})
	}
	each := func(e edged.Event) {
		r.mu.Lock()
		changed := r.roster.Fold(e)
		r.mu.Unlock()
		if changed {
			r.apply()
			signal(r.sealer.wake)
			if caught {
				tell()
			}
		}
	}
	err := r.opts.Records.Follow(ctx, each, func() {
		caught = true
		tell()
		signal(r.sealer.wake)
	})
	if err != nil {
		return fmt.Errorf("the mesh's records: %w", err)
	}
	return nil
}

// known are the other nodes of the mesh; with the roster's lock held. An address given by hand
// counts as one until it is known who answers there.
func (r *Replicator) known() []string {
	nodes := r.dialer.unknown()
	for _, n := range r.roster.Nodes() {
		if n.ID != r.opts.Self.Node && n.State == roster.Active {
			nodes = append(nodes, n.ID)
		}
	}
	return nodes
}

// apply brings what the roster says to the dialer and the Table.
func (r *Replicator) apply() {
	r.mu.Lock()
	nodes, origins, seals := r.roster.Nodes(), r.roster.Origins(), r.roster.Seals()
	r.mu.Unlock()
	for _, n := range nodes {
		switch {
		case n.ID == r.opts.Self.Node:
		case n.State == roster.Active:
			r.dialer.add(n.ID, n.ID, n.Region, n.Address)
		default:
			r.dialer.drop(n.ID)
		}
	}
	r.do(func(session.Now) (works []session.Work) {
		for _, o := range slices.SortedFunc(maps.Keys(origins), edged.OriginID.Compare) {
			works = append(works, r.table.Met(origins[o].Origin)...)
		}
		for _, o := range slices.SortedFunc(maps.Keys(seals), edged.OriginID.Compare) {
			whole := origins[o].Node == r.opts.Self.Node
			works = append(works, r.table.Sealed(seals[o].Origin, seals[o].At, whole)...)
		}
		return works
	})
}
