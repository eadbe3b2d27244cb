package replication

import (
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

// Join has a peer asked for its state of a partition, and others after it, until the last part of
// one was taken. It does not wait.
func (r *Replicator) Join(stream string, generation edged.Generation, partition edged.Partition) {
	of := session.State{Stream: stream, Generation: generation, Partition: partition}
	r.do(func(now session.Now) []session.Work { return r.table.Join(now, of) })
}

// provide reads a part of a state for a peer.
func (r *Replicator) provide(w session.Provide) {
	part, next, err := r.opts.Snapshots.Provide(w.Pin, w.Stream, w.Generation, w.Partition, w.After, w.BytesMax)
	r.do(func(now session.Now) []session.Work { return r.table.Provided(now, w, part, next, reason(err)) })
}

// take takes over a part of a peer's state.
func (r *Replicator) take(w session.Take) {
	err := r.opts.Snapshots.Take(w.Stream, w.Generation, w.Partition, w.Part, w.First, w.Last)
	w.Part = nil
	r.do(func(now session.Now) []session.Work { return r.table.Took(now, w, reason(err)) })
}

// reason is an error's text, of a length that fits a frame; empty for none.
func reason(err error) string {
	const most = 1024
	if err == nil {
		return ""
	}
	text := err.Error()
	return text[:min(len(text), most)]
}

// Everywhere is the time, in Unix nanoseconds, below which every active member of the mesh holds
// what this node did when the two were last found equal; now, where there is no other. It is 0 as
// long as one was not compared with; one that was not heard for Self.AwayAfter does not count, nor one
// that is away and whose origins have all been sealed.
func (r *Replicator) Everywhere() int64 {
	unknown := r.dialer.unknown()
	r.mu.Lock()
	defer r.mu.Unlock()
	var members []string
	for _, n := range r.roster.Nodes() {
		if n.ID != r.opts.Self.Node && n.State == roster.Active && !r.ended(n.ID) {
			members = append(members, n.ID)
		}
	}
	if !r.caught || len(members) == 0 && len(unknown) > 0 {
		return 0
	}
	return r.table.Everywhere(r.now(), members)
}

// Frontier is the time, in Unix nanoseconds, below which this node holds every event of every
// origin; 0 before it is known.
func (r *Replicator) Frontier() int64 { return r.stable.Load() }

// stateless is a node that keeps no states.
type stateless struct{}

var errStateless = errors.New("replication: no states are kept here")

func (stateless) Provide(uint64, string, edged.Generation, edged.Partition, []byte, int) (part, next []byte, err error) {
	return nil, nil, errStateless
}

func (stateless) Take(string, edged.Generation, edged.Partition, []byte, bool, bool) error {
	return errStateless
}
