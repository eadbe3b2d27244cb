package streams

import (
	"context"
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// change is a definition or a deletion on its way through a group.
type change struct {
	stream *stream
	def    *edged.Stream // nil deletes
	result edged.Stream  // the definition as it is now
	made   bool
	turn   *turn
	record *stagedBlock
	err    error
	done   chan struct{}
}

var _ storage.Stager = (*change)(nil)

// PutStream creates or replaces a definition. It is durable on return.
func (b *Broker) PutStream(ctx context.Context, def edged.Stream) (edged.StreamInfo, bool, error) {
	c, err := b.change(ctx, def.Name, &def)
	if err != nil {
		return edged.StreamInfo{}, false, err
	}
	info, err := b.Stream(def.Name)
	if errors.Is(err, edged.StreamNotFound) { // deleted since
		info, err = edged.StreamInfo{Stream: c.result}, nil
	}
	return info, c.made, err
}

// DeleteStream ends the stream's generation here, durably; a later publish starts the next one.
func (b *Broker) DeleteStream(ctx context.Context, name string) error {
	_, err := b.change(ctx, name, nil)
	return err
}

func (b *Broker) change(ctx context.Context, name string, def *edged.Stream) (*change, error) {
	if def != nil || !errors.Is(b.store.Writable(), edged.DiskFull) { // a deletion makes room
		if err := b.store.Writable(); err != nil {
			return nil, err
		}
	}
	if err := b.gate.pass(ctx); err != nil {
		return nil, err
	}
	s, err := b.take(name)
	if err != nil {
		return nil, err
	}
	c := &change{stream: s, def: def, done: make(chan struct{})}
	b.store.Submit(c) // Durable releases s
	select {
	case <-c.done:
		return c, c.err
	case <-ctx.Done():
		return nil, edged.AckTimeout
	}
}

// Stage decides against the definition that is staged, and stages what follows from it.
func (c *change) Stage(g *storage.Group) {
	s := c.stream
	old := s.staging.def
	switch {
	case c.def == nil && old.Generation == 0:
		c.err = unknown(s.name)
	case c.def == nil:
		c.turn, c.record, c.err = s.put(g, record{Name: s.name, Generation: old.Generation, Deleted: true})
	case old.Generation == 0:
		c.made = true
		c.turn, c.record, c.err = s.put(g, s.fresh(*c.def))
	default:
		var def edged.Stream
		if def, c.err = adjust(old, *c.def); c.err == nil && !sameDefinition(old, def) {
			c.turn, c.record, c.err = s.put(g, recordOf(def))
		}
	}
	c.result = s.staging.def
}

// Durable makes the change visible.
func (c *change) Durable() {
	c.turn.show()
	if c.record != nil {
		show([]stagedBlock{*c.record})
	}
	close(c.done)
	c.stream.broker.release(c.stream)
}

// Stream tells what is held of a stream.
func (b *Broker) Stream(name string) (edged.StreamInfo, error) {
	s, err := b.take(name)
	if err != nil {
		return edged.StreamInfo{}, err
	}
	defer b.release(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.def.Generation == 0 {
		return edged.StreamInfo{}, unknown(name)
	}
	info := edged.StreamInfo{Stream: s.view.def}
	for _, key := range s.view.ring.vector.Keys() {
		addLog(&info, s.view.logs[key], s.view.ring.vector[key])
	}
	return info, nil
}

// addLog adds what is held of a log up to its visible head.
func addLog(info *edged.StreamInfo, l *storage.Log, head edged.Sequence) {
	state := l.Durable()
	log := edged.LogInfo{
		Name: l.Name(), First: state.Start, Last: max(head, state.Start-1),
		Bytes: state.Bytes, Newest: state.Newest,
	}
	info.Logs = append(info.Logs, log)
	info.Events += int64(log.Last - log.First + 1)
	info.Bytes += log.Bytes
}

// List gives up to limit streams of users whose names come after the given one, in order.
func (b *Broker) List(after string, limit int) ([]edged.StreamInfo, error) {
	const lastHidden = "$\xff"
	defs, err := b.definitions(max(after, lastHidden), nil, limit)
	if err != nil {
		return nil, err
	}
	infos := make([]edged.StreamInfo, 0, len(defs))
	for _, def := range defs {
		info, err := b.info(def)
		if errors.Is(err, edged.StreamNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// Hidden gives up to limit definitions of hidden streams whose names begin with prefix and come
// after the given one, in order.
func (b *Broker) Hidden(prefix, after string, limit int) ([]edged.Stream, error) {
	return b.definitions(max(prefix, after), []byte(prefix+"\xff"), limit)
}

// definitions gives up to limit of those whose names come after one and before another.
func (b *Broker) definitions(after string, to []byte, limit int) (defs []edged.Stream, err error) {
	rows := b.store.Scan(storage.Streams, append([]byte(after), 0), to)
	for _, raw := range rows.All() {
		r, err := parseRecord(raw)
		if err != nil {
			return nil, err
		}
		if r.Deleted {
			continue
		}
		if defs = append(defs, r.stream()); len(defs) == limit {
			break
		}
	}
	return defs, rows.Err()
}

// info tells what is held of a stream; one that has no object is looked up, and gets none.
func (b *Broker) info(def edged.Stream) (edged.StreamInfo, error) {
	b.mu.RLock()
	active := b.streams[def.Name] != nil
	b.mu.RUnlock()
	if active {
		return b.Stream(def.Name)
	}
	info := edged.StreamInfo{Stream: def}
	logs, err := b.store.Logs(def.Name, def.Generation)
	for _, l := range logs {
		addLog(&info, l, l.Durable().Head)
	}
	return info, err
}
