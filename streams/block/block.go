package block

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"iter"

	"github.com/edgedhq/edged"
)

// Block is a verified block. The zero Block is none. A Block is small and is passed by value.
type Block struct {
	header *Header
	raw    []byte
	body   []byte // before compression
	chain  Chain
}

// Parse verifies raw and takes it over: it must not change any more.
func Parse(raw []byte) (Block, error) {
	h, err := ParseHeader(raw)
	if err != nil {
		return Block{}, err
	}
	stored := raw[HeaderBytes:]
	if len(stored) != h.BodyBytes {
		return Block{}, damaged(Short, "%d bytes of body, the header names %d", len(stored), h.BodyBytes)
	}
	if crc32.Checksum(stored, castagnoli) != h.bodySum {
		return Block{}, damaged(BodySum, "the body's checksum does not match")
	}
	body, err := inflate(&h, stored)
	if err != nil {
		return Block{}, err
	}
	if err := walk(&h, body); err != nil {
		return Block{}, err
	}
	return Block{header: &h, raw: raw, body: body, chain: chainOf(raw)}, nil
}

// walk checks that the body is exactly the records and times that the header names.
func walk(h *Header, body []byte) error {
	e := edged.Event{HLC: h.HLC}
	low, high := int64(1<<63-1), int64(-1<<63)
	all := reader{rest: body}
	for i := range h.Count {
		one := reader{rest: all.bytes()}
		one.record(&e)
		if all.bad || one.bad {
			return damaged(Records, "record %d of %d is cut off", i, h.Count)
		}
		low, high = min(low, e.Time), max(high, e.Time)
	}
	if len(all.rest) > 0 {
		return damaged(Records, "%d bytes after the last record", len(all.rest))
	}
	if low != h.TimeMin || high != h.TimeMax {
		return damaged(Records, "event times %d to %d, the header names %d to %d", low, high, h.TimeMin, h.TimeMax)
	}
	return nil
}

func chainOf(raw []byte) Chain {
	sum := sha256.Sum256(raw)
	return Chain(sum[:len(Chain{})])
}

// Header is what the block says of itself.
func (b Block) Header() *Header { return b.header }

// Bytes are the block as stored and sent; they must not be changed.
func (b Block) Bytes() []byte { return b.raw }

// Chain is the chain value after the block.
func (b Block) Chain() Chain { return b.chain }

// Size is the memory that the block holds, in bytes.
func (b Block) Size() int {
	if b.header.Codec == None {
		return len(b.raw)
	}
	return len(b.raw) + len(b.body)
}

// Events gives the events from index from up to, not including, to. name is the log's, which
// the block itself knows by its id only. Strings and data point into the block.
func (b Block) Events(name edged.LogName, from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		h := b.header
		e := edged.Event{
			Stream: name.Stream, Log: h.Log, Partition: name.Partition, Origin: name.Origin,
		}
		rest := b.body
		for i := range min(to, h.Count) {
			n, wide := binary.Uvarint(rest) // verified by Parse
			one := rest[wide : wide+int(n)]
			rest = rest[wide+int(n):]
			if i < from {
				continue
			}
			e.Sequence, e.HLC = h.First+edged.Sequence(i), h.HLC.Plus(i)
			r := reader{rest: one}
			r.record(&e)
			if !yield(i, e) {
				return
			}
		}
	}
}
