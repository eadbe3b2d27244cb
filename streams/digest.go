package streams

import (
	"fmt"

	"github.com/edgedhq/edged"
)

// Digest sums up a stream's content at its vector: the sum of its logs' terms modulo 2^128.
// A log of which two histories exist is left out.
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
		head := l.Position()
		if head.Head == 0 || l.Durable().Forked {
			continue
		}
		d.Vector[fmt.Sprintf("%s/%d", l.Name().Origin, l.Name().Partition)] = head.Head
		d.Digest.Add(head.Term())
	}
	return d, nil
}
