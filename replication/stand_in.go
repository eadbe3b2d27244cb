package replication

import (
	"bytes"
	"crypto/sha256"

	"github.com/edgedhq/edged"
)

// StandsIn says whether this node does what an origin would that has ended: of the nodes that are
// connected the one whose origin ranks first for it, by rendezvous hashing (Thaler and Ravishankar,
// 1998). While the nodes do not see the same, it may be more than one, or none.
func (r *Replicator) StandsIn(origin edged.OriginID) bool {
	own := r.opts.Writer.Origin().ID
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.table.Ended(origin) {
		return false
	}
	mine := rank(origin, own)
	for _, p := range r.table.Peers(r.now()) {
		if theirs := rank(origin, p.Origin.ID); p.Connected && !p.Late && bytes.Compare(theirs[:], mine[:]) > 0 {
			return false
		}
	}
	return true
}

func rank(of, origin edged.OriginID) [sha256.Size]byte {
	return sha256.Sum256(append(of[:], origin[:]...))
}
