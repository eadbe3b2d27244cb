package replication

import (
	"context"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
)

// Possible refuses a level that the nodes connected now cannot give.
func (r *Replicator) Possible(level edged.Ack) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why := r.table.Possible(r.now(), level); why != "" {
		return edged.Refuse(edged.LevelUnreachable, "level %q cannot be reached: %s", level, why)
	}
	return nil
}

// Reached waits until the logs are held at a level up to their heads, or ctx ends.
func (r *Replicator) Reached(ctx context.Context, level edged.Ack, logs []edged.Head) error {
	return r.await(ctx, func(now session.Now, id session.WaitID) bool { return r.table.Wait(now, id, level, logs) })
}

// await waits for what ask says is not there yet.
func (r *Replicator) await(ctx context.Context, ask func(session.Now, session.WaitID) bool) error {
	r.mu.Lock()
	r.waited++
	id := r.waited
	if ask(r.now(), id) {
		r.mu.Unlock()
		return nil
	}
	met := make(chan struct{})
	r.waits[id] = met
	r.mu.Unlock()
	select {
	case <-met:
		return nil
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.waits, id)
		r.table.GiveUp(id)
		return ctx.Err()
	}
}

// Replicated is the highest sequence of a log of ours that two nodes hold.
func (r *Replicator) Replicated(head edged.Head) edged.Sequence {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.Replicated(head)
}
