package collections

import (
	"context"
	"fmt"

	"github.com/edgedhq/edged"
)

// CollectionDigest sums up the values of a collection at the vector that they include: equal
// vectors must give equal digests. While a state of another node is merged it is Unavailable.
func (k *Keeper) CollectionDigest(ctx context.Context, name string) (edged.StreamDigest, error) {
	d := edged.StreamDigest{Vector: map[string]edged.Sequence{}}
	c, err := k.find(name)
	if err != nil {
		return d, err
	}
	h, err := k.pin(c.parts[:]...)
	if err != nil {
		return d, err
	}
	defer k.pins.release(h)
	for _, p := range c.parts {
		if err := ctx.Err(); err != nil {
			return d, err
		}
		vector, sum, err := p.Digest(h.scan)
		if err != nil {
			return d, err
		}
		for o, s := range vector {
			d.Vector[fmt.Sprintf("%s/%d", o, p.Number)] = s
		}
		d.Digest.Add(sum)
	}
	return d, nil
}
