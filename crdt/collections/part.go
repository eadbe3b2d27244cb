package collections

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/partition"
)

// part is one partition of a collection with its mutex.
type part struct {
	partition.Place
	c *collection

	writing chan struct{} // held by who writes to the partition's keys

	mu     sync.Mutex
	state  *partition.Partition
	frozen bool                              // nothing is folded: a join begins or is under way
	torn   map[edged.OriginID]edged.Sequence // records up to here are gone, and not folded
	since  int64                             // when torn was found
	asking bool                              // for a state that covers it
	askAt  int64                             // when to ask again, or to merge again; see askAgain
	tries  int                               // states taken over that did not cover it

	awaited map[edged.OriginID]edged.Sequence // that this node has appended, for its next turn
	theirs  *partition.Theirs                 // of the state that is being staged
	staged  int64                             // until when a whole one waits for the logs that it includes; 0 for none
}

// prefix begins the keys of a generation and type of a collection.
func (d *definition) prefix() []byte {
	b := append([]byte(d.Name), 0)
	b = binary.BigEndian.AppendUint64(b, uint64(d.Generation))
	return append(append(b, d.Type...), 0)
}

// prefixIn is the prefix that a key begins with, and the name in it.
func prefixIn(key []byte) (prefix []byte, name string) {
	end := bytes.IndexByte(key, 0)
	if end < 0 || len(key) < end+9 {
		return key, ""
	}
	name = string(key[:end])
	last := bytes.IndexByte(key[end+9:], 0)
	if last < 0 {
		return key, ""
	}
	return key[:end+9+last+1], name
}

// after is the first key behind all that begin with a prefix.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func newPart(c *collection, d *definition, number edged.Partition) (*part, error) {
	p := &part{
		Place: partition.Place{
			Prefix: append(d.prefix(), byte(number)), Number: number,
			Type: d.kind, Limits: d.limits(0),
		},
		c: c, writing: make(chan struct{}, 1), torn: map[edged.OriginID]edged.Sequence{}, awaited: map[edged.OriginID]edged.Sequence{},
	}
	var err error
	if p.state, err = partition.Open(p.Place, c.k.store); err != nil {
		return nil, err
	}
	if p.frozen = p.state.Joining(); p.frozen {
		return p, nil
	}
	return p, p.unstage()
}

// unstage drops what is staged for no join.
func (p *part) unstage() error {
	from, to := p.state.Staged()
	left := false
	err := p.c.k.store.Scan(from, to, func([]byte, []byte) bool {
		left = true
		return false
	})
	if err != nil || !left {
		return err
	}
	return p.c.k.store.Drop(from, to)
}

// flush writes what has changed, and forgets what was only read. A join flushes by itself, and has
// nothing to flush once it has begun.
func (p *part) flush() (wrote bool, err error) {
	if p.isFrozen() {
		return false, nil
	}
	p.writing <- struct{}{}
	defer func() { <-p.writing }()
	return p.write()
}

// write is flush by one who writes already.
func (p *part) write() (wrote bool, err error) {
	if p.c.closed() {
		return false, nil
	}
	p.mu.Lock()
	b := p.state.Flush()
	p.mu.Unlock()
	if b == nil {
		return false, nil
	}
	err = p.c.k.store.Write(b.Puts())
	p.mu.Lock()
	p.state.Flushed(err == nil)
	p.mu.Unlock()
	if err == nil {
		p.c.k.stats.flushes.Add(1)
	}
	return err == nil, err
}

func (p *part) isFrozen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frozen
}

// folded is the last record of an origin that is in the values.
func (p *part) folded(o edged.OriginID) edged.Sequence {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Folded(o)
}

// addVector raises a vector to what is folded, or, if stored, to what the store holds of it.
func (p *part) addVector(v edged.Vector, stored bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.state.Vector()
	if stored {
		of = p.state.Stored()
	}
	for o, s := range of {
		v.Raise(edged.LogKey{Origin: o, Partition: p.Number}, s)
	}
}
