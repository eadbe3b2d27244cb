package streams

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/edgedhq/edged"
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
		d.Digest.Add(term(l.ID(), state.Head, state.Chain))
	}
	return d, nil
}

// term stands for one log's content: the first 16 bytes of SHA-256 over log id, head (a uvarint)
// and chain value.
func term(id edged.LogID, head edged.Sequence, chain edged.Chain) edged.Sum {
	b := append(make([]byte, 0, 48), id[:]...)
	b = binary.AppendUvarint(b, uint64(head))
	b = append(b, chain[:]...)
	sum := sha256.Sum256(b)
	return edged.Sum(sum[:16])
}
