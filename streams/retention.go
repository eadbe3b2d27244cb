package streams

import (
	"context"
	"errors"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// sweeper walks the definitions, a stretch at a step, and retires what their retention lets go.
type sweeper struct {
	broker *Broker
	after  []byte // the name at which the next step begins
	minute uint32 // up to which forgotten ids are dropped from disk
}

// sweepStreams is how many definitions one step looks at.
const sweepStreams = 5_000

// step looks at the next stretch of streams.
func (w *sweeper) step(ctx context.Context) {
	b := w.broker
	w.forgetIDs()
	seen, last := 0, []byte(nil)
	var due []edged.Stream
	rows := b.store.Scan(storage.Streams, w.after, nil)
	for key, raw := range rows.All() {
		last = append(last[:0], key...)
		if r, err := parseRecord(raw); err == nil && !r.Deleted && r.stream().Retention != (edged.Retention{}) {
			due = append(due, r.stream())
		}
		if seen++; seen == sweepStreams {
			break
		}
	}
	if err := rows.Err(); err != nil {
		b.opts.Log.Warn("definitions could not be read for retention", "err", err)
	}
	w.after = append(last, 0)
	if seen < sweepStreams {
		w.after = nil
	}
	for _, def := range due {
		if err := b.retire(ctx, def.Name); err != nil && ctx.Err() == nil {
			b.opts.Log.Warn("retention could not be applied", "stream", def.Name, "err", err)
		}
	}
}

// forgetIDs drops ids from disk whose window has passed.
func (w *sweeper) forgetIDs() {
	past := minuteOf(w.broker.opts.Now().Add(-w.broker.opts.DedupeWindow - time.Minute).UnixNano())
	if past <= w.minute {
		return
	}
	w.minute = past
	w.broker.store.Submit(dropMinutes(past))
}

// dropMinutes drops the ids of the minutes before it.
type dropMinutes uint32

func (d dropMinutes) Stage(g *storage.Group) {
	g.DeleteRange(storage.Dedupe, nil, dedupeKey(uint32(d), edged.LogID{}, 0))
}

func (d dropMinutes) Durable() {}

// retirement is blocks of one stream on their way out through a group.
type retirement struct {
	stream *stream
	gen    edged.Generation
	starts map[*storage.Log]edged.Sequence
	done   chan struct{}
}

func (r *retirement) Stage(g *storage.Group) {
	if r.stream.staging.def.Generation != r.gen {
		return
	}
	for l, start := range r.starts {
		g.Retire(l, start)
	}
}

func (r *retirement) Durable() { close(r.done) }

// retire applies the retention of one stream now. The sweep calls it in turn for all.
func (b *Broker) retire(ctx context.Context, name string) error {
	return b.retireBy(ctx, name, func(def edged.Stream, logs []*storage.Log, starts map[*storage.Log]edged.Sequence) error {
		if keep := def.Retention.Age; keep > 0 {
			if err := b.pastTime(b.opts.Now().Add(-keep).UnixNano(), logs, starts); err != nil {
				return err
			}
		}
		if len(starts) > 0 { // the next sweep sees what is left
			return nil
		}
		return b.pastBytes(def.Retention, logs, starts)
	})
}

// Truncate retires the blocks of a stream that were stamped before a time, in Unix nanoseconds, and
// of which the vector includes all; not what other nodes are still to take. With math.MaxInt64 the
// vector alone says what goes.
func (b *Broker) Truncate(ctx context.Context, name string, before int64, folded edged.Vector) error {
	return b.retireBy(ctx, name, func(_ edged.Stream, logs []*storage.Log, starts map[*storage.Log]edged.Sequence) error {
		if err := b.pastTime(before, logs, starts); err != nil {
			return err
		}
		return b.keep(starts, func(l *storage.Log) edged.Sequence { return folded[l.Name().Key()] })
	})
}

// retireBy retires of one stream what choose raises the starts past.
func (b *Broker) retireBy(ctx context.Context, name string, choose func(edged.Stream, []*storage.Log, map[*storage.Log]edged.Sequence) error) error {
	s, err := b.take(name)
	if err != nil {
		return err
	}
	defer b.release(s)
	r := &retirement{stream: s, starts: make(map[*storage.Log]edged.Sequence), done: make(chan struct{})}
	s.mu.Lock()
	def := s.view.def
	r.gen = def.Generation
	logs := make([]*storage.Log, 0, len(s.view.logs))
	for _, l := range s.view.logs {
		if l.Durable().Head > 0 {
			logs = append(logs, l)
		}
	}
	s.mu.Unlock()
	if err := choose(def, logs, r.starts); err != nil {
		return err
	}
	if err := b.keepUnreplicated(r.starts); err != nil {
		return err
	}
	if len(r.starts) == 0 {
		return nil
	}
	b.store.Submit(r)
	select {
	case <-r.done:
		b.stats.retired.Add(int64(len(r.starts)))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pastTime raises the starts past the blocks stamped before a wall time.
func (b *Broker) pastTime(cut int64, logs []*storage.Log, starts map[*storage.Log]edged.Sequence) error {
	for _, l := range logs {
		first, err := b.store.SeekTime(l, cut)
		if err != nil {
			return err
		}
		if first > l.Durable().Start {
			starts[l] = first
		}
	}
	return nil
}

// keepUnreplicated lowers the starts of this origin's logs, and of those that it had before, to what
// other nodes hold too.
func (b *Broker) keepUnreplicated(starts map[*storage.Log]edged.Sequence) error {
	if b.opts.Acks == nil {
		return nil
	}
	return b.keep(starts, func(l *storage.Log) edged.Sequence {
		if l.Name().Origin.ID != b.store.Origin().ID {
			if end, ended := l.Ended(); ended { // what is beyond is held here alone
				return min(end, starts[l])
			}
			return starts[l]
		}
		return b.opts.Acks.Replicated(l.Position())
	})
}

// keep lowers the starts of logs to what is let go of them, in whole blocks.
func (b *Broker) keep(starts map[*storage.Log]edged.Sequence, letGo func(*storage.Log) edged.Sequence) error {
	for l, start := range starts {
		from := letGo(l) + 1
		if from >= start {
			continue
		}
		blocks, err := b.store.Read(l, from, 1, nil) // retired are whole blocks
		if err != nil {
			return err
		}
		if len(blocks) > 0 {
			from = blocks[0].Header().First
		}
		if starts[l] = from; from <= l.Durable().Start {
			delete(starts, l)
		}
	}
	return nil
}

// pastBytes raises the starts past the oldest blocks, over all logs, until the rest fits. The
// newest block of a log stays.
func (b *Broker) pastBytes(keep edged.Retention, logs []*storage.Log, starts map[*storage.Log]edged.Sequence) error {
	if keep.Bytes == 0 {
		return nil
	}
	over := -keep.Bytes
	m := &merge{}
	for _, l := range logs {
		state := l.Durable()
		over += state.Bytes
		m.lanes = append(m.lanes, &lane{log: l, key: l.Name().Key(), next: max(state.Start, starts[l]), stop: state.Head})
	}
	for over > 0 {
		for i := 0; i < len(m.lanes); i++ {
			l := m.lanes[i]
			if len(l.blocks) > 0 {
				continue
			}
			var err error
			var corrupt *storage.CorruptError
			l.blocks, err = b.store.Read(l.log, l.next, 1, nil)
			if err != nil && !errors.As(err, &corrupt) {
				return err
			}
			if len(l.blocks) == 0 || l.blocks[0].Header().Last() >= l.stop {
				m.lanes = append(m.lanes[:i], m.lanes[i+1:]...)
				i--
			}
		}
		l, _ := m.oldest()
		if l == nil {
			return nil
		}
		h := l.blocks[0].Header()
		over -= int64(len(l.blocks[0].Bytes()))
		l.next, l.blocks = h.Last()+1, nil
		starts[l.log] = l.next
	}
	return nil
}
