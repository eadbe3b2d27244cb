package streams

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Digest sums up a stream's content at its vector: the sum of its logs' terms modulo 2^128.
func (b *Broker) Digest(name string) (edged.StreamDigest, error) {
	s, err := b.take(name)
	if err != nil {
		return edged.StreamDigest{}, err
	}
	defer b.release(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.def.Generation == 0 {
		return edged.StreamDigest{}, unknown(name)
	}
	d := edged.StreamDigest{Vector: make(map[string]edged.Sequence)}
	for _, l := range s.view.logs {
		state := l.Durable()
		if state.Head == 0 {
			continue
		}
		d.Vector[fmt.Sprintf("%s/%d", l.Name().Origin, l.Name().Partition)] = state.Head
		addTerm(&d.Digest, term(l.ID(), state.Head, state.Chain))
	}
	return d, nil
}

// term stands for one log's content: the first 16 bytes of SHA-256 over log id, head (a uvarint)
// and chain value.
func term(id edged.LogID, head edged.Sequence, chain block.Chain) [16]byte {
	b := append(make([]byte, 0, 48), id[:]...)
	b = binary.AppendUvarint(b, uint64(head))
	b = append(b, chain[:]...)
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// addTerm adds a term, both as big-endian numbers.
func addTerm(sum *[16]byte, t [16]byte) {
	lo, carry := bits.Add64(binary.BigEndian.Uint64(sum[8:]), binary.BigEndian.Uint64(t[8:]), 0)
	hi, _ := bits.Add64(binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(t[:8]), carry)
	binary.BigEndian.PutUint64(sum[:8], hi)
	binary.BigEndian.PutUint64(sum[8:], lo)
}
