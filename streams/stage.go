package streams

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// Stage packs all waiting publications into blocks of one group. The store calls it from the
// committer.
func (s *stream) Stage(g *storage.Group) {
	s.stageMu.Lock()
	s.mu.Lock()
	batch, arrived := s.pending, s.arrived
	s.pending, s.arrived, s.queued = nil, nil, false
	early := len(s.inflight) == 0 && len(arrived) == 0 && s.view.def.Generation == s.staging.def.Generation
	s.mu.Unlock()
	done := s.stage(g, batch, early)
	s.stageMu.Unlock()
	done.arrived = arrived
	for _, a := range arrived {
		s.ingest(g, a, &done)
	}

	done.answers = batch[:0]
	for _, a := range batch {
		if a.err != nil || a.pub.Ack.BeforeDisk() {
			s.early = append(s.early, a)
		} else {
			done.answers = append(done.answers, a)
		}
	}
	if done.early {
		s.shown = done.blocks
	}
	s.fly(done)
}

// fly notes what a group holds of the stream until its fsync has returned.
func (s *stream) fly(done staged) {
	s.mu.Lock()
	s.inflight = append(s.inflight, done)
	s.mu.Unlock()
}

// Applied shows what may be shown ahead of its fsync, and answers those who do not wait for it.
// The store calls it from the committer, when the database shows the group.
func (s *stream) Applied() {
	s.showEarly(s.shown)
	s.shown = nil
	for i, a := range s.early {
		s.early[i] = nil
		a.done <- struct{}{}
	}
	s.early = s.early[:0]
}

// stage does Stage's work. early says that nothing of this stream waits for its fsync, nor its
// definition; what is staged may then be shown ahead of its own fsync, if its publishers asked for
// no more than memory.
func (s *stream) stage(g *storage.Group, batch []*appending, early bool) staged {
	var done staged
	if len(batch) == 0 {
		return done
	}
	if err := s.create(g, &done); err != nil {
		for _, a := range batch {
			a.err = err
		}
		return done
	}
	base := s.staging.base()
	for _, a := range batch {
		early = early && a.pub.Ack.BeforeDisk()
		if a.err = s.dedupe(a); a.err == nil {
			s.place(a, base)
		}
	}
	s.seal(g, &done)
	for _, d := range done.blocks {
		h := d.block.Header()
		early = early && g.ShowableEarly(h.HLC.Plus(h.Count-1))
	}
	done.early = early && len(done.turns) == 0 && len(done.blocks) > 0
	s.finish(batch, done.blocks)
	s.unsee()
	return done
}

// unsee forgets the ids seen in the group: its blocks hold them.
func (s *stream) unsee() {
	if d := s.staging.dedupe; d != nil {
		clear(d.seen)
	}
}

// creatable refuses what is published to a stream that does not exist and is not made by publishing.
func (s *stream) creatable() error {
	if err := s.settleOrigin(); err != nil {
		return err
	}
	if s.staging.def.Generation == 0 && (s.broker.opts.RefuseUnknown || hidden(s.name)) {
		return unknown(s.name)
	}
	return nil
}

// create makes the stream in this group if nobody has: the definition, its record in the
// catalog, and the events that asked for it are durable together.
func (s *stream) create(g *storage.Group, done *staged) error {
	if err := s.creatable(); err != nil || s.staging.def.Generation > 0 {
		return err
	}
	turn, record, err := s.put(g, s.fresh(edged.Stream{Name: s.name}))
	if record != nil {
		done.blocks = append(done.blocks, *record)
	}
	if turn != nil {
		done.turns = append(done.turns, turn)
	}
	return err
}

// place gives each draft of a publication its partition and sequence, unless its id is held.
func (s *stream) place(a *appending, base edged.Base) {
	st := &s.staging
	a.result = edged.Receipt{Stream: s.name, Origin: s.broker.store.Origin(), Before: base}
	turn := edged.Partition(st.turn % st.def.Partitions)
	st.turn++
	var after []byte
	if a.pub.After != nil {
		after = a.pub.After.Base().Bytes()
	}
	for i := range a.pub.Drafts {
		d := &a.pub.Drafts[i]
		if a.skip(i) {
			a.result.Duplicates++
			continue
		}
		d.After = after
		p := turn
		if len(d.Key) > 0 {
			p = edged.PartitionOf(d.Key, st.def.Partitions)
		}
		part := &st.parts[p]
		part.drafts = append(part.drafts, d)
		a.result.Count++
		extend(&a.result.Spans, p, st.own[p].Staged().Head+edged.Sequence(len(part.drafts)))
	}
}

// extend adds one sequence to the span of its partition.
func extend(spans *[]edged.Span, p edged.Partition, seq edged.Sequence) {
	for i := len(*spans) - 1; i >= 0; i-- {
		if span := &(*spans)[i]; span.Partition == p {
			span.Last = seq
			return
		}
	}
	*spans = append(*spans, edged.Span{Partition: p, First: seq, Last: seq})
}

// base encodes the vector staged so far: every publication of the group completes its cursor
// from it.
func (g *staging) base() edged.Base {
	at := edged.Cursor{Stream: g.def.Name, Generation: g.def.Generation, Vector: edged.Vector{}}
	for _, l := range g.own {
		if head := l.Staged().Head; head > 0 {
			at.Vector[l.Name().Key()] = head
		}
	}
	for key, l := range g.others {
		if head := l.Staged().Head; head > 0 {
			at.Vector[key] = head
		}
	}
	return at.Base()
}

// seal packs what each partition was given into blocks. They are stamped here, so that stamps
// rise in the order in which blocks become visible.
func (s *stream) seal(g *storage.Group, done *staged) {
	for p := range s.staging.parts {
		part := &s.staging.parts[p]
		if len(part.drafts) == 0 {
			continue
		}
		l := s.staging.own[p]
		for rest := part.drafts; len(rest) > 0; {
			n := fill(rest)
			sealed := stagedBlock{s, l, s.broker.pack(g, l, rest[:n])}
			done.blocks = append(done.blocks, sealed)
			if s.staging.dedupe != nil {
				s.remember(g, sealed, idsOf(rest[:n]))
			}
			rest = rest[n:]
		}
		clear(part.drafts) // they are their publishers' again
		part.drafts = part.drafts[:0]
		if cap(part.drafts) > 4*block.CountMax {
			part.drafts = nil
		}
	}
}

// fill says how many drafts the next block takes: up to its target of bytes, at least one.
func fill(drafts []*edged.Draft) int {
	bytes := 0
	for i, d := range drafts {
		bytes += len(d.Data) + len(d.Key) + len(d.ID) + len(d.Type) + len(d.ContentType) + 16
		for _, h := range d.Headers {
			bytes += len(h.Name) + len(h.Value) + 4
		}
		if i > 0 && (bytes > block.BodyTarget || i == block.CountMax) {
			return i
		}
	}
	return len(drafts)
}

// pack stamps, builds and stages one block.
func (b *Broker) pack(g *storage.Group, l *storage.Log, drafts []*edged.Draft) block.Block {
	state := l.Staged()
	b.builder.Start(block.Place{
		Log: l.ID(), First: state.Head + 1, HLC: g.Stamp(len(drafts)), Prev: state.Chain,
	})
	for _, d := range drafts {
		b.builder.Add(d)
	}
	sealed := b.builder.Seal(*b.opts.Codec)
	g.PutBlock(l, sealed)
	b.stats.events.Add(int64(len(drafts)))
	return sealed
}

// finish completes the receipts once the group's blocks are known.
func (s *stream) finish(batch []*appending, blocks []stagedBlock) {
	for _, a := range batch {
		if a.err != nil {
			continue
		}
		for _, span := range a.result.Spans {
			if at := s.stampOf(span, blocks); a.result.HLC.Compare(at) < 0 {
				a.result.HLC = at
			}
		}
		if a.result.Duplicates > 0 {
			a.result.Before = s.staging.base()
			s.broker.stats.duplicates.Add(int64(a.result.Duplicates))
		}
		if a.result.Count == 0 {
			a.result.HLC = s.staging.newest()
		}
		if a.pub.Ack.BeyondNode() {
			s.await(a, blocks)
		}
	}
}

// stampOf is the stamp of a span's last event.
func (s *stream) stampOf(span edged.Span, blocks []stagedBlock) edged.Timestamp {
	for _, b := range blocks {
		if b.stream != s { // the catalog's
			continue
		}
		h := b.block.Header()
		if b.log.Name().Partition == span.Partition && h.First <= span.Last && span.Last <= h.Last() {
			return h.HLC.Plus(int(span.Last - h.First))
		}
	}
	return edged.Timestamp{}
}

// newest is the stamp of the last event staged by this node's origin.
func (g *staging) newest() (at edged.Timestamp) {
	for _, l := range g.own {
		if n := l.Staged().Newest; at.Compare(n) < 0 {
			at = n
		}
	}
	return at
}
