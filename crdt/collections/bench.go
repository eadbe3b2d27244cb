package collections

import (
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/partition"
)

// bench is where a turn's updates are applied to working copies, in their order. Nothing outside
// it changes.
type bench struct {
	c    *collection
	def  *definition
	own  edged.OriginID
	now  int64
	base edged.Base // the values include what it covers

	works  map[string]*work
	order  []*work
	next   [edged.CollectionPartitions]int // records made, by partition
	drafts []edged.Draft
	asks   map[string]int64 // rights that were missing, by key
}

// work is the working copy of one key.
type work struct {
	*partition.Work
	key    string
	part   *part
	record int // its number among those of the partition, from 0; below 0 when nothing has changed
}

// apply applies a group. It says false if a request failed whose changes were in part applied: then
// all is to be applied anew, without it.
func (b *bench) apply(group []*request) (whole bool) {
	b.works, b.order = map[string]*work{}, b.order[:0]
	for _, r := range group {
		for i := 0; i < len(r.changes) && r.err == nil; i++ {
			ch := &r.changes[i]
			if r.err = b.change(r, ch); r.err != nil && i > 0 {
				return false
			}
		}
	}
	return true
}

// change applies one change of a request.
func (b *bench) change(r *request, ch *change) error {
	w, err := b.work(ch.key)
	if err != nil {
		return err
	}
	ops := ch.ops
	switch {
	case ch.make != nil:
		ops = ch.make(b, w)
	case ops == nil && w.Value().Absent():
		if !r.many {
			return edged.Refuse(edged.KeyNotFound, "collection %q has no value under this key", b.c.name)
		}
	case ops == nil:
		ops = clearing()
	}
	if len(ops) > 0 {
		if err := w.Do(ops); err != nil {
			if errors.Is(err, edged.LimitReached) && ch.make == nil {
				b.asks[ch.key] = wanted(ops)
			}
			return ch.placed(r, err)
		}
	}
	ch.work = w
	if !r.many {
		e := w.Entry(ch.key)
		r.value, r.conflicts = e.JSON(), e.Conflicts()
	}
	return nil
}

// work gives the working copy of a key. One whose time is over begins without its value.
func (b *bench) work(key string) (*work, error) {
	if w := b.works[key]; w != nil {
		return w, nil
	}
	p := b.c.partOf(key)
	p.mu.Lock()
	at := crdt.Place{
		Dot: crdt.Dot{Origin: b.own, Sequence: p.state.Folded(b.own) + 1},
		HLC: edged.Timestamp{Wall: b.now},
	}
	copied, err := p.state.Begin(at, key, b.def.limits(b.c.k.opts.Frontier()))
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	w := &work{Work: copied, key: key, part: p, record: -1}
	if last, ok := w.Last(); ok && b.def.expired(last.HLC, b.now) && !w.Value().Absent() {
		_ = w.Do(clearing()) // a bounded counter whose rights are out goes on from where it is
	}
	b.works[key] = w
	b.order = append(b.order, w)
	return w, nil
}

// answerRest makes the records, answers the requests that none waits for, and gives the others.
func (b *bench) answerRest(group []*request) (appended []*request) {
	used := map[*work]bool{}
	for _, r := range group {
		for i := range r.changes {
			if r.err == nil {
				used[r.changes[i].work] = true
			}
		}
	}
	for _, w := range b.order {
		if !used[w] {
			continue
		}
		if delta := w.AppendDelta(nil); len(delta) > 0 {
			b.draft(w, b.def.Type, delta)
		}
	}
	for _, r := range group {
		if r.err == nil && r.recorded() {
			appended = append(appended, r)
			continue
		}
		if r.err == nil {
			r.cursor = string(b.base.AppendTo(nil))
		}
		r.finish(r.err)
	}
	for key, amount := range b.asks {
		if b.c.mayAsk(key, b.now) {
			b.draft(&work{key: key, part: b.c.partOf(key)}, typeAsk, appendAsk(nil, amount))
		}
	}
	b.c.k.stats.updates.Add(int64(len(group)))
	return appended
}

func (b *bench) draft(w *work, typeName string, data []byte) {
	w.record = b.next[w.part.Number]
	b.next[w.part.Number]++
	b.drafts = append(b.drafts, edged.Draft{Key: []byte(w.key), Type: []byte(typeName), Data: data})
}

// doubt notes that the records may have been stored.
func (b *bench) doubt() {
	for i := range b.drafts {
		key := string(b.drafts[i].Key)
		b.c.unsure[b.c.partOf(key).Number] = key
	}
}
