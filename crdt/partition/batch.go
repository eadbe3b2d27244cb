package partition

import (
	"bytes"
	"iter"
	"maps"
)

// Batch is what is to be written as one.
type Batch struct {
	buffer []byte
	puts   []put
}

// put is one pair of a batch, as places in its buffer. No value deletes.
type put struct {
	key, value, end int // where each begins, and the end
	drop            bool
}

// Puts gives the pairs; a nil value deletes.
func (b *Batch) Puts() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for _, p := range b.puts {
			value := b.buffer[p.value:p.end:p.end]
			if p.drop {
				value = nil
			}
			if !yield(b.buffer[p.key:p.value:p.value], value) {
				return
			}
		}
	}
}

// begin starts a pair; what is appended to the buffer until close is its value.
func (b *Batch) begin(prefix []byte, kind byte, key string) {
	at := len(b.buffer)
	b.buffer = append(append(append(b.buffer, prefix...), kind), key...)
	b.puts = append(b.puts, put{key: at, value: len(b.buffer)})
}

func (b *Batch) close() { b.puts[len(b.puts)-1].end = len(b.buffer) }

// remove makes the last pair one that deletes.
func (b *Batch) remove() {
	last := &b.puts[len(b.puts)-1]
	b.buffer = b.buffer[:last.value]
	last.end, last.drop = last.value, true
}

// put adds an entry, and says how many bytes it takes in the store: none if nothing of it is worth
// keeping, which is when a key that nobody has touched would encode to the same.
func (p *Partition) put(b *Batch, key string, e *entry) int {
	b.begin(p.Prefix, 'e', key)
	b.buffer = e.appendPlace(b.buffer)
	value := len(b.buffer)
	b.buffer = e.value.AppendTo(b.buffer)
	if e.value.Absent() && bytes.Equal(b.buffer[value:], p.empty) {
		b.remove()
		return 0
	}
	b.close()
	last := b.puts[len(b.puts)-1]
	return last.end - last.value + len(key)
}

func (p *Partition) putMeta(b *Batch) {
	b.begin(p.Prefix, 'm', "")
	b.buffer = p.meta.append(b.buffer)
	b.close()
}

// cleanMax bounds what is kept of what the store has, from one Flush to the next.
const cleanMax = 256 << 10

// remember keeps an entry as the store has it: whoever begins an update sees it folded soon, and
// keys that change often need not be read again.
func (p *Partition) remember(key string, e *entry) {
	size := p.size(key, e)
	if p.clean == nil {
		p.clean = map[string]*entry{}
	}
	if p.clean[key] == e || p.join != nil || p.cleanBytes+size > cleanMax {
		return
	}
	p.clean[key] = e
	p.cleanBytes += size
}

// Flush gives what has changed since the last one as a batch; nil when nothing has, or one is on
// its way. Flushed tells how the batch went. Entries that were only read are forgotten.
func (p *Partition) Flush() *Batch {
	p.clean, p.cleanBytes = nil, 0
	if !p.moved && len(p.dirty) == 0 || p.sent != nil || p.join != nil {
		return nil
	}
	b := &Batch{buffer: make([]byte, 0, p.bytes), puts: make([]put, 0, len(p.dirty)+1)}
	for key, e := range p.dirty {
		e.value.Trim(p.meta.vector)
		stored := p.put(b, key, e)
		p.meta.bytes += int64(stored - e.stored)
		e.stored = stored
	}
	p.putMeta(b)
	p.sent, p.moved = maps.Clone(p.meta.vector), false
	p.out, p.dirty, p.bytes = p.dirty, map[string]*entry{}, 0
	return b
}

// Flushed says how the batch of the last Flush went: stored, or not at all.
func (p *Partition) Flushed(stored bool) {
	if stored {
		p.stored = p.sent
		for key, e := range p.out {
			if p.dirty[key] == nil && e.stored > 0 {
				p.remember(key, e)
			}
		}
	} else {
		p.moved = true
		for key, e := range p.out {
			if p.dirty[key] == nil {
				e.held = 0
				p.keep(key, e)
			}
		}
	}
	p.sent, p.out = nil, nil
}
