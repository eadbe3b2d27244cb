package streams

import (
	"context"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// Acks knows how far other nodes hold this node's logs.
type Acks interface {
	// Possible refuses, as LevelUnreachable, a level that cannot be reached with the nodes that are
	// connected now.
	Possible(level edged.Ack) error
	// Reached returns nil when every log is held at the level up to its Head, of which Name and Log
	// are told too; or an error, at the latest when ctx ends. For the log of another origin this
	// node and that origin count.
	Reached(ctx context.Context, level edged.Ack, logs []edged.Head) error
	// Replicated is the last event of an own log that enough nodes hold to let this one retire it.
	Replicated(head edged.Head) edged.Sequence
}

// Possible refuses, as LevelUnreachable, a level that cannot be reached now.
func (b *Broker) Possible(level edged.Ack) error {
	switch {
	case !level.BeyondNode():
		return nil
	case b.opts.Acks != nil:
		return b.opts.Acks.Possible(level)
	}
	return edged.Refuse(edged.LevelUnreachable,
		"ack=%s needs other nodes, and none is connected; ack=disk is the highest level this node can reach alone", level)
}

// Reach waits until other nodes hold what an append to a stream gave out, as Append does: ctx's end
// is AckTimeout. The events stay, whatever comes of it.
func (b *Broker) Reach(ctx context.Context, level edged.Ack, r *edged.Receipt) error {
	if !level.BeyondNode() {
		return nil
	}
	s, err := b.take(r.Stream)
	if err != nil {
		return err
	}
	defer b.release(s)
	s.mu.Lock()
	gen := s.view.def.Generation
	s.mu.Unlock()
	logs := make([]edged.Head, 0, len(r.Spans))
	for _, span := range r.Spans {
		name := edged.LogName{Stream: r.Stream, Generation: gen, Partition: span.Partition, Origin: r.Origin}
		logs = append(logs, edged.Head{Name: name, Log: name.ID(), Head: span.Last})
	}
	return b.reach(ctx, level, logs)
}

// reach waits until other nodes hold what was appended. The events stay, whatever comes of it.
func (b *Broker) reach(ctx context.Context, level edged.Ack, logs []edged.Head) error {
	if len(logs) == 0 {
		return nil
	}
	if err := b.opts.Acks.Reached(ctx, level, logs); err != nil {
		return &edged.Refusal{
			Kind: edged.AckTimeout, Reached: edged.Disk().String(),
			Detail: "the events are stored on this node; it is not known whether ack=" + level.String() +
				" is reached. A retry with the same ids is safe",
		}
	}
	return nil
}

// await completes the events of a publication that other nodes have to hold: those appended, and
// the first copies of those that were held already. Where a first copy is in this group, it is in
// one of its blocks. The committer calls it.
func (s *stream) await(a *appending, blocks []stagedBlock) {
	copies := len(a.awaits)
	a.awaits = slices.DeleteFunc(a.awaits, func(h edged.Head) bool { return h.Head == 0 })
	if len(a.awaits) < copies {
		for _, b := range blocks {
			a.awaits = append(a.awaits, headAt(b.log, b.block.Header().Last()))
		}
	}
	for _, span := range a.result.Spans {
		a.awaits = append(a.awaits, headAt(s.staging.own[span.Partition], span.Last))
	}
}

func headAt(l *storage.Log, at edged.Sequence) edged.Head {
	return edged.Head{Name: l.Name(), Log: l.ID(), Head: at}
}
