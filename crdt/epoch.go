package crdt

import "github.com/edgedhq/edged"

// epochMax bounds how often a sketch can have been reset: none comes near it, and a false number
// past it must not end all resets.
const epochMax = 1 << 62

// epoch reads which epoch a sketch is in.
func (r *reader) epoch() uint64 {
	epoch := r.uvarint()
	if epoch > epochMax {
		r.fail("epoch %d", epoch)
	}
	return epoch
}

// checkOps refuses what a sketch in an epoch cannot do.
func checkOps(kind string, epoch uint64, ops []Op) error {
	for i := range ops {
		switch op := &ops[i]; op.Verb {
		case Observe:
		case Clear:
			if epoch++; epoch > epochMax {
				return edged.Refuse(edged.LimitReached, "the %s cannot be reset any more", kind)
			}
		default:
			return foreign(kind, op)
		}
	}
	return nil
}
