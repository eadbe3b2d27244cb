package sim

import (
	"bytes"
	"fmt"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/crdttest"
	"github.com/edgedhq/edged/crdt/partition"
	"github.com/edgedhq/edged/replication/session"
)

// fold is one partition of a collection at a running node.
type fold struct {
	p        *process
	c        *collection
	of       session.State
	space    *keyspace
	core     *partition.Partition
	busy     *block            // the record of the update that is under way
	theirs   *partition.Theirs // of the state that is staged
	flushing bool
}

// open opens all partitions of the collections, at what the disk holds.
func (p *process) openFolds() {
	p.folds, p.pins = make(map[session.State]*fold), make(map[uint64]*pinned)
	for _, c := range p.w.collections {
		for _, of := range c.states() {
			f := &fold{p: p, c: c, of: of}
			f.space = &keyspace{store: p.store, prefix: fmt.Sprintf("%s/%d/", of.Stream, of.Partition)}
			var err error
			f.core, err = partition.Open(partition.Place{Number: of.Partition, Type: c.subject.Type, Limits: c.limits}, f.space)
			f.must(err)
			p.folds[of] = f
			f.checkAll()
			f.drop()
			f.step()
			f.advance()
		}
	}
}

func (f *fold) must(err error) {
	if err != nil {
		f.p.w.fail("h%d: %s/%d: %v", f.p.h.index, f.of.Stream, f.of.Partition, err)
	}
}

// vector says what is folded.
func (f *fold) vector() crdt.Vector { return f.core.Vector() }

// followStates folds what has become durable of collections.
func (p *process) followStates(heads []edged.Head) {
	for i := range heads {
		name := heads[i].Name
		if f := p.folds[session.State{Stream: name.Stream, Generation: name.Generation, Partition: name.Partition}]; f != nil {
			f.advance()
		}
	}
}

// logs are those of the partition that the disk holds.
func (f *fold) logs() (all []*logState) {
	m := f.p.store.durable
	for _, id := range m.ids {
		if l := m.logs[id]; l.name.Stream == f.of.Stream && l.name.Partition == f.of.Partition {
			all = append(all, l)
		}
	}
	return all
}

// advance folds each log as far as it goes on from what is folded, and asks for a peer's state
// where one does not.
func (f *fold) advance() {
	lacks := false
	for _, l := range f.logs() {
		if f.core.Joining() {
			break
		}
		f.core.Meet(l.name.Origin)
		had := f.core.Folded(l.name.Origin.ID)
		if lacks = lacks || l.start > had+1; l.start > had+1 {
			continue
		}
		for _, b := range after(l.blocks, had) {
			f.fold(b)
		}
	}
	if f.busy != nil && f.vector().Covers(dotOf(f.busy)) {
		f.answered()
	}
	if lacks {
		f.p.do(func(now session.Now) []session.Work { return f.p.table.Join(now, f.of) })
	}
	if f.core.Dirty() > 0 && !f.flushing {
		f.flushing = true
		f.p.later(f.p.w.upTo(time.Second), func() {
			f.flushing = false
			f.flush()
		})
	}
}

// behind says which log is not folded to its end; empty for none.
func (f *fold) behind() string {
	for _, l := range f.logs() {
		if head, _ := l.head(); f.core.Folded(l.name.Origin.ID) < head {
			return fmt.Sprintf("is folded up to %d of %s, and held from %d to %d", f.core.Folded(l.name.Origin.ID), l.name.Origin, l.start, head)
		}
	}
	return ""
}

func dotOf(b *block) crdt.Dot {
	return crdt.Dot{Origin: b.name.Origin.ID, Sequence: b.first}
}

// fold takes in one record.
func (f *fold) fold(b *block) {
	w := f.p.w
	r := parseRecord(b.data())
	early := w.overtakes(f, b)
	fate, err := f.core.Fold(crdt.Place{Dot: dotOf(b), HLC: b.at}, r.key, r.kind, r.delta)
	f.must(err)
	switch {
	case fate == partition.Skipped && r.kind == f.c.subject.Type.Name():
		w.fail("h%d: a record of %s is not folded", f.p.h.index, f.of.Stream)
	case fate == partition.Skipped:
		w.count("record of another type")
	case fate != partition.Folded:
		w.fail("h%d: record %d of %s comes in its turn, and is not folded: %d", f.p.h.index, b.first, f.of.Stream, fate)
	case early:
		w.count("removal before what it removes")
	}
	const once = 4
	if w.rand.IntN(once) == 0 {
		f.check(r.key)
	}
}

// write hands a batch to the disk.
func (f *fold) write(b *partition.Batch) {
	var puts []put
	for key, value := range b.Puts() {
		puts = append(puts, put{f.space.prefix + string(key), bytes.Clone(value)})
	}
	f.p.store.submit(&op{kind: opWrite, puts: puts})
}

// flush has values and the vector that they include written together.
func (f *fold) flush() {
	if b := f.core.Flush(); b != nil {
		f.write(b)
		f.core.Flushed(true)
	}
}

// check holds one key to its specification.
func (f *fold) check(key string) {
	e, known, err := f.core.Entry(key)
	f.must(err)
	shown := crdttest.Shown{Absent: true}
	if known && !e.Absent() {
		shown = crdttest.Shown{JSON: e.JSON(), Conflicts: e.Conflicts()}
	}
	f.p.w.checkKey(f, key, shown)
}

// checkAll does so with all keys.
func (f *fold) checkAll() {
	for _, key := range f.c.keys {
		if f.c.partition(key) == f.of.Partition {
			f.check(key)
		}
	}
}

// digest sums up what is folded.
func (f *fold) digest() edged.Sum {
	f.flush()
	_, sum, err := f.core.Digest(f.space.Scan)
	f.must(err)
	return sum
}
