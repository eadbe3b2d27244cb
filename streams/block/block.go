package block

import (
	"crypto/sha256"
	"hash/crc32"
	"iter"

	"github.com/edgedhq/edged"
)

// Block is a verified block. The zero Block is none. A Block is small and is passed by value; its
// copies, and the events that it gives, share its bytes.
type Block struct {
	header *Header
	raw    []byte
	body   []byte // before compression
	chain  Chain
	hashed bool // chain is known
}

// Parse verifies raw and takes it over: it must not change any more. Everything in it is checked:
// sums, lengths, that the body inflates to exactly the length named, each record, the range of
// event times. Whether the block is the right log's and follows the one held is the caller's to
// ask. The error wraps a *DamageError.
func Parse(raw []byte) (Block, error) {
	h, err := Check(raw)
	if err != nil {
		return Block{}, err
	}
	body, err := inflate(&h, raw[HeaderBytes:])
	if err != nil {
		return Block{}, err
	}
	if err := walk(&h, body); err != nil {
		return Block{}, err
	}
	return Block{header: &h, raw: raw, body: body}, nil
}

// Check reads a block's header and checks the sums and lengths of the whole, not what is in the
// body.
func Check(raw []byte) (Header, error) {
	h, err := ParseHeader(raw)
	if err != nil {
		return h, err
	}
	stored := raw[HeaderBytes:]
	if len(stored) != h.BodyBytes {
		return h, damaged(Short, "%d bytes of body, the header names %d", len(stored), h.BodyBytes)
	}
	if crc32.Checksum(stored, castagnoli) != h.bodySum {
		return h, damaged(BodySum, "the body's checksum does not match")
	}
	return h, nil
}

// walk checks that the body is exactly the records and times that the header names.
func walk(h *Header, body []byte) error {
	var e edged.Event
	low, high := int64(1<<63-1), int64(-1<<63)
	at := 0
	for i := range h.Count {
		rec, next := record(body, at)
		if next < 0 {
			return damaged(Records, "record %d of %d is cut off", i, h.Count)
		}
		if _, _, ok := decode(rec, h.HLC.Wall, &e); !ok {
			return damaged(Records, "record %d of %d has a field that cannot be read", i, h.Count)
		}
		low, high = min(low, e.Time), max(high, e.Time)
		at = next
	}
	if at != len(body) {
		return damaged(Records, "%d bytes after the last record", len(body)-at)
	}
	if low != h.TimeMin || high != h.TimeMax {
		return damaged(Records, "event times %d to %d, the header names %d to %d", low, high, h.TimeMin, h.TimeMax)
	}
	return nil
}

// Header is what the block says of itself. It must not be changed.
func (b Block) Header() *Header { return b.header }

// Bytes are the block as stored and sent; they must not be changed.
func (b Block) Bytes() []byte { return b.raw }

// Chain is the chain value after the block. A block that was sealed here knows it. For one that
// was parsed each call computes it, about 60 µs for 100 KiB, which is several times the work of
// the rest: most who read a block from disk never ask.
func (b Block) Chain() Chain {
	if b.hashed {
		return b.chain
	}
	return chainOf(b.raw)
}

func chainOf(raw []byte) Chain {
	sum := sha256.Sum256(raw)
	return Chain(sum[:len(Chain{})])
}

// Size is the memory that the block holds, in bytes.
func (b Block) Size() int {
	if b.header.Codec == None {
		return len(b.raw)
	}
	return len(b.raw) + len(b.body)
}

// Events gives the events from index from up to, not including, to; bounds outside the block are
// cut to it. name is the log's, which the block itself knows by its id only. Strings and data
// point into the block: they may be kept, which keeps all of it, and not written to. An event
// with headers costs one allocation, any other none.
func (b Block) Events(name edged.LogName, from, to int) iter.Seq2[int, edged.Event] {
	h, body := b.header, b.body
	return func(yield func(int, edged.Event) bool) {
		e := edged.Event{
			Stream: name.Stream, Log: h.Log, Partition: name.Partition, Origin: name.Origin,
		}
		at := 0
		for i := range min(to, h.Count) {
			rec, next := record(body, at)
			at = next
			if i < from {
				continue
			}
			headers, n, ok := decode(rec, h.HLC.Wall, &e)
			if !ok {
				panic("block: a verified block was written to")
			}
			e.Sequence, e.HLC, e.Headers = h.First+edged.Sequence(i), h.HLC.Plus(i), nil
			if n > 0 {
				e.Headers = readHeaders(headers, n)
			}
			if !yield(i, e) {
				return
			}
		}
	}
}
