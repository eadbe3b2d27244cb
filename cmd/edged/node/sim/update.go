package sim

import (
	"maps"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/crdttest"
	"github.com/edgedhq/edged/replication/session"
)

// updating lets clients update keys at random until the quiet time.
func (w *world) updating() {
	if len(w.collections) == 0 {
		return
	}
	var next func()
	next = func() {
		if w.phase == quiet {
			return
		}
		w.queue.put(w.queue.now+w.upTo(2*w.plan.every), next)
		h := w.anyHost()
		c := w.collections[w.rand.IntN(len(w.collections))]
		key := c.keys[w.rand.IntN(len(c.keys))]
		if h.process != nil && h.paused <= w.queue.now {
			h.process.update(c, key)
		}
	}
	w.queue.put(w.plan.every, next)
}

// update is one request of a client to change a key. A partition takes one at a time; it is answered
// when its record has been folded.
func (p *process) update(c *collection, key string) {
	w := p.w
	f := p.folds[session.State{Stream: c.stream, Generation: 1, Partition: c.partition(key)}]
	origin := p.store.staged.origin
	name := edged.LogName{Stream: c.stream, Generation: 1, Partition: f.of.Partition, Origin: origin}
	head, _ := p.store.staged.logOf(name, name.ID()).head()
	if !p.open || p.halted || f.busy != nil || f.vector()[origin.ID] != head {
		w.count("update: not now")
		return
	}
	u := &update{of: c, key: key}
	at := crdt.Place{Dot: crdt.Dot{Origin: origin.ID, Sequence: head + 1}, HLC: p.nextStamp()}
	r := record{kind: c.subject.Type.Name(), key: key}
	if w.rand.IntN(50) == 0 { // its writer took the collection for another
		r.kind, r.delta = "other", w.bytes(10)
	} else {
		work, err := f.core.Begin(at, key, c.limits)
		f.must(err)
		ops := w.request(c, work.Value(), origin.ID)
		if work.Do(ops) == nil {
			r.delta = work.AppendDelta(nil)
		}
		if len(r.delta) == 0 {
			w.count("update: changes nothing, or is refused")
			return
		}
		u.written = crdttest.Written{At: at, Row: origin.ID, Seen: maps.Clone(f.vector()), Ops: ops}
	}
	b := p.append(name, r.append(nil), 1, func(*block, edged.Landing) {})
	if b == nil {
		return
	}
	f.busy = b
	if u.written.Ops != nil {
		w.updates[b] = u
	}
}

// request gives what a client asks for, of a value as it stands at a node.
func (w *world) request(c *collection, v crdt.Value, origin edged.OriginID) []crdt.Op {
	at := crdttest.Scene{Origins: w.origins}
	if v, ok := v.(crdt.Escrow); ok {
		at.Spare = v.Spare(origin)
	}
	body, ops := c.subject.Request(c.dice, at)
	if body == "" {
		return ops
	}
	ops, err := c.subject.Type.Ops([]byte(body))
	if err != nil {
		w.fail("%s is not taken by a %s: %v", body, c.subject.Type.Name(), err)
	}
	return ops
}

// answered tells the client that its update is folded.
func (f *fold) answered() {
	w := f.p.w
	if u := w.updates[f.busy]; u != nil {
		u.acked = true
		w.count("update: answered")
		for _, op := range u.written.Ops {
			if op.Verb == crdt.Transfer {
				w.count("rights transferred")
			}
		}
	}
	f.busy = nil
}
