// Package sketch holds summaries of many values in little space, with a stated error: how many
// distinct items (HyperLogLog), which values at which quantile (Quantiles), which items most often
// (Top). Each is a plain state; equal states have equal bytes on every machine.
//
//	item ──Digest──▶ HyperLogLog.Put   16,384 registers, each the highest rank seen     merge: maximum
//	                 Top.Observe       4 x 1,024 counters and the leading items          read: added up
//	value ─────────▶ Quantiles.Observe bins of 1 % relative width                        merge: added up
//
// # Invariants
//
// The bytes of a HyperLogLog and of Quantiles are a function of what was put in, not of its order
// or of what was merged first. Top is a function of its items in their order. An encoding that
// does not parse costs memory in proportion to its bytes.
//
// # Not here
//
// Whose sketch it is, resets and merging between nodes: crdt.
package sketch

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Digest stands for an item: SHA-256 of its bytes. It is the same everywhere, and nobody can make
// items that fall together.
type Digest [sha256.Size]byte

// DigestOf makes it.
func DigestOf(item []byte) Digest { return sha256.Sum256(item) }

// word gives eight of its bytes.
func (d *Digest) word(i int) uint64 { return binary.BigEndian.Uint64(d[8*i:]) }

// countEnd bounds how often anything can have been observed: none comes near it, and a false number
// cannot make a count begin again at 0.
const countEnd = 1 << 62

var errEncoding = errors.New("sketch: not an encoding of a sketch")

// reader reads an encoding from its front; after the first fault it gives zeros.
type reader struct {
	rest   []byte
	failed bool
}

// uvarint reads a number in its shortest form.
func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// below reads a number that must be less than end.
func (r *reader) below(end uint64) uint64 {
	v := r.uvarint()
	if v >= end {
		r.failed, r.rest = true, nil
		return 0
	}
	return v
}

// entries reads how many entries follow, each of sizeMin bytes at least.
func (r *reader) entries(sizeMin int) int {
	return int(r.below(uint64(len(r.rest)/sizeMin) + 1))
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// done gives what follows the sketch.
func (r *reader) done() ([]byte, error) {
	if r.failed {
		return nil, errEncoding
	}
	return r.rest, nil
}
