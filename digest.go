package edged

import (
	"encoding/binary"
	"math/bits"
)

// Chain stands for a log's whole content up to a block: the first 16 bytes of SHA-256 over the
// block, whose header holds the value before it. It is zero before sequence 1.
type Chain [16]byte

// Sum is a term of a digest, or terms added modulo 2^128, as a big-endian number.
type Sum [16]byte

// Add adds a term.
func (s *Sum) Add(t Sum) {
	be := binary.BigEndian
	lo, carry := bits.Add64(be.Uint64(s[8:]), be.Uint64(t[8:]), 0)
	hi, _ := bits.Add64(be.Uint64(s[:8]), be.Uint64(t[:8]), carry)
	be.PutUint64(s[:8], hi)
	be.PutUint64(s[8:], lo)
}

// Subtract takes a term out again.
func (s *Sum) Subtract(t Sum) {
	be := binary.BigEndian
	lo, borrow := bits.Sub64(be.Uint64(s[8:]), be.Uint64(t[8:]), 0)
	hi, _ := bits.Sub64(be.Uint64(s[:8]), be.Uint64(t[:8]), borrow)
	be.PutUint64(s[:8], hi)
	be.PutUint64(s[8:], lo)
}
