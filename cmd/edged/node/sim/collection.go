package sim

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/crdttest"
	"github.com/edgedhq/edged/replication/session"
)

// collection is keyed state of one type, which all nodes fold and some clients update.
type collection struct {
	subject *crdttest.Subject
	stream  string
	limits  crdt.Limits
	dice    *crdttest.Dice
	keys    []string
	specs   map[string]crdttest.Spec
	history map[string][]*update
	tainted map[edged.Partition]bool // a log of it has forked, or was cut short
}

// update is one request that a client has made, and what its writer had folded then.
type update struct {
	of      *collection
	key     string
	written crdttest.Written
	known   bool // to the specification: it stands on a disk
	acked   bool
}

// collect makes the collections that a plan asks for. Some keys share a partition.
func (w *world) collect() {
	for _, subject := range crdttest.Subjects() {
		name := subject.Type.Name()
		if !slices.Contains(w.plan.types, name) {
			continue
		}
		c := &collection{
			subject: subject, stream: edged.CollectionStream(name), dice: crdttest.NewDice(w.rand.Uint64()),
			specs: make(map[string]crdttest.Spec), history: make(map[string][]*update), tainted: make(map[edged.Partition]bool),
		}
		if subject.Limits != nil {
			c.limits = subject.Limits(c.dice)
		}
		c.limits.First = w.first
		c.keys = []string{"a"}
		for n := 0; len(c.keys) < 3; n++ {
			key := fmt.Sprintf("k%d", n)
			if len(c.keys) == 2 || c.partition(key) == c.partition("a") {
				c.keys = append(c.keys, key)
			}
		}
		for _, key := range c.keys {
			c.specs[key] = subject.Spec(c.limits)
		}
		w.collections = append(w.collections, c)
	}
}

func (c *collection) partition(key string) edged.Partition {
	return edged.PartitionOf(key, edged.CollectionPartitions)
}

// states are the partitions that its keys lie in.
func (c *collection) states() (all []session.State) {
	for _, key := range c.keys {
		of := session.State{Stream: c.stream, Generation: 1, Partition: c.partition(key)}
		if !slices.Contains(all, of) {
			all = append(all, of)
		}
	}
	return all
}

// collectionOf gives the one that a stream belongs to; nil for none.
func (w *world) collectionOf(stream string) *collection {
	at := slices.IndexFunc(w.collections, func(c *collection) bool { return c.stream == stream })
	if at < 0 {
		return nil
	}
	return w.collections[at]
}

// record is the data of a block of a collection's stream: the type that its writer took the
// collection for, the key and the delta.
type record struct {
	kind, key string
	delta     []byte
}

func (r record) append(b []byte) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(r.kind))), r.kind...)
	b = append(binary.AppendUvarint(b, uint64(len(r.key))), r.key...)
	return append(b, r.delta...)
}

func parseRecord(b []byte) (r record) {
	for _, s := range []*string{&r.kind, &r.key} {
		n, head := binary.Uvarint(b)
		*s, b = string(b[head:head+int(n)]), b[head+int(n):]
	}
	r.delta = b
	return r
}

// learn tells the specification of a record that stands on a disk.
func (w *world) learn(b *block) {
	if u := w.updates[b]; u != nil && !u.known {
		u.known = true
		u.of.specs[u.key].Write(u.written)
		u.of.history[u.key] = append(u.of.history[u.key], u)
	}
}

// taint takes a partition out of what is held to the specification: of its records, not all replicas
// can have the same.
func (w *world) taint(name edged.LogName) {
	if c := w.collectionOf(name.Stream); c != nil {
		c.tainted[name.Partition] = true
	}
}

// checkKey holds what a node shows of a key to what it should show, at the vector that it has folded.
func (w *world) checkKey(f *fold, key string, shown crdttest.Shown) {
	if f.c.tainted[f.of.Partition] {
		return
	}
	if err := f.c.specs[key].Check(f.vector(), shown); err != nil {
		w.fail("I6: h%d: key %s of %s: %v", f.p.h.index, key, f.of.Stream, err)
	}
	w.checkBound(f, key, shown)
	w.count("key held to its specification")
}

// checkBound wants a bounded counter within its bound, whatever a node has folded.
func (w *world) checkBound(f *fold, key string, shown crdttest.Shown) {
	least, most := f.c.limits.Min, f.c.limits.Max
	if least == nil && most == nil || shown.Absent {
		return
	}
	n, err := strconv.ParseInt(string(shown.JSON), 10, 64)
	f.must(err)
	if least != nil && n < *least || most != nil && n > *most {
		w.fail("I6: h%d: key %s of %s is %d, past its bound", f.p.h.index, key, f.of.Stream, n)
	}
}

// overtakes says whether a record removes what some update has added that is not folded.
func (w *world) overtakes(f *fold, b *block) bool {
	u := w.updates[b]
	if u == nil || !slices.ContainsFunc(u.written.Ops, removes) {
		return false
	}
	return slices.ContainsFunc(f.c.history[u.key], func(o *update) bool {
		d := o.written.At.Dot
		return u.written.Seen.Covers(d) && !f.vector().Covers(d) && !slices.ContainsFunc(o.written.Ops, removes)
	})
}

func removes(op crdt.Op) bool {
	return op.Verb == crdt.Clear || op.Verb == crdt.Remove || op.Verb == crdt.Disable
}

// unequal says in which state two nodes differ, or which one is behind its logs; empty for none.
func (w *world) unequal() string {
	for _, c := range w.collections {
		for _, of := range c.states() {
			if c.tainted[of.Partition] {
				continue
			}
			for _, h := range w.hosts {
				if what := w.unequalTo(w.hosts[0].process.folds[of], h.process.folds[of]); what != "" {
					return fmt.Sprintf("h%d: %s/%d %s", h.index, of.Stream, of.Partition, what)
				}
			}
		}
	}
	return ""
}

func (w *world) unequalTo(first, f *fold) string {
	a, b := first.vector(), f.vector()
	switch {
	case first.core.Joining() || f.core.Joining():
		return "is in the middle of a join"
	case w.someCutShort(a) || w.someCutShort(b):
		return ""
	case f.behind() != "":
		return f.behind()
	case !maps.Equal(a, b):
		return fmt.Sprintf("is folded up to %v, at h0 up to %v", b, a)
	}
	if a, b := first.digest(), f.digest(); a != b {
		w.fail("I5: h%d has folded the same of %s/%d as h0, and shows digest %x, not %x", f.p.h.index, f.of.Stream, f.of.Partition, b, a)
	}
	return ""
}

// someCutShort says whether others hold more of an origin than a disk that was set back has sealed.
func (w *world) someCutShort(v crdt.Vector) bool {
	for o := range v {
		if w.cutShort(o) {
			return true
		}
	}
	return false
}

// checkUpdates wants what was acknowledged to be folded everywhere, unless a disk was lost.
func (w *world) checkUpdates() {
	if w.diskLost() || w.harmed() {
		return
	}
	for b, u := range w.updates {
		for _, h := range w.hosts {
			f := h.process.folds[session.State{Stream: u.of.stream, Generation: 1, Partition: b.name.Partition}]
			if u.acked && !f.vector().Covers(u.written.At.Dot) {
				w.fail("I2: h%d lacks an update of %s that %s was told of", h.index, u.of.stream, b.name.Origin)
			}
		}
	}
}
