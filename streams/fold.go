package streams

import (
	"encoding/json"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// fold lays the records in a block of the catalog over what is known of their names, in the group
// that holds the block: after a crash both are there, or neither. The committer calls it.
func (b *Broker) fold(g *storage.Group, learnt stagedBlock) (turns []*turn) {
	for _, e := range learnt.block.Events(learnt.log.Name(), 0, learnt.block.Header().Count) {
		if e.Type != recordType {
			continue
		}
		r, err := parseRecord(e.Data)
		if err != nil || !r.sound() {
			b.opts.Log.Warn("record of the catalog skipped", "origin", e.Origin.String(), "sequence", e.Sequence, "err", err)
			continue
		}
		r.At = newStamp(e.HLC, e.Origin.ID)
		t, err := b.layFor(g, r)
		if err != nil {
			b.opts.Log.Error("definition not taken over", "stream", r.Name, "err", err)
		}
		if t != nil {
			turns = append(turns, t)
		}
	}
	return turns
}

func (b *Broker) layFor(g *storage.Group, r record) (*turn, error) {
	s, err := b.take(r.Name)
	if err != nil {
		return nil, err
	}
	defer b.release(s)
	return s.lay(g, r)
}

// sound says whether another node can mean what the record says.
func (r record) sound() bool {
	first := edged.LogName{Stream: r.Name, Generation: r.Generation}
	return proper(first) && !implicit(r.Name) &&
		(r.Deleted || r.Partitions >= 1 && r.Partitions <= partitionsMax)
}

// sealEnded takes note of the origins that a block of the mesh's stream says have ended. Of its own
// a node decides itself.
func (b *Broker) sealEnded(g *storage.Group, learnt stagedBlock) {
	for _, e := range learnt.block.Events(learnt.log.Name(), 0, learnt.block.Header().Count) {
		var r struct {
			Seal *struct {
				Origin string `json:"origin"`
				At     int64  `json:"at"`
			} `json:"seal"`
		}
		if json.Unmarshal(e.Data, &r) != nil || r.Seal == nil {
			continue // a record of another kind
		}
		if o, err := edged.ParseOrigin(r.Seal.Origin); err == nil && o.ID != b.Origin().ID {
			g.Seal(o.ID, r.Seal.At)
		}
	}
}
