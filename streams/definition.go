package streams

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// The hidden streams that exist at each node without a definition: catalogName carries definitions
// and deletions through the mesh, meshName what nodes tell of themselves.
const (
	catalogName = "$catalog"
	meshName    = "$mesh"
)

// implicit says whether a stream exists without a definition.
func implicit(name string) bool { return name == catalogName || name == meshName }

// recordType is the type of the catalog's events that hold a record.
const recordType = "stream"

// record is a definition or a deletion as the catalog's events and the store keep it.
type record struct {
	Name           string           `json:"name"`
	Generation     edged.Generation `json:"generation"`
	Deleted        bool             `json:"deleted,omitempty"`
	Partitions     int              `json:"partitions,omitempty"`
	RetentionAge   time.Duration    `json:"retention_age_ns,omitempty"`
	RetentionBytes int64            `json:"retention_bytes,omitempty"`
	Regions        []string         `json:"regions,omitempty"`
	Replication    string           `json:"replication,omitempty"`
	Description    string           `json:"description,omitempty"`
	Created        time.Time        `json:"created,omitzero"`
	Spec           string           `json:"spec,omitempty"`

	First stamp `json:"first,omitzero"` // of the earliest event of the generation; the earliest itself does not say
	At    stamp `json:"at,omitzero"`    // of the event that it comes from; the event itself does not say
}

// stamp orders the records of one generation. Origin is in hexadecimal digits.
type stamp struct {
	Wall    int64  `json:"wall"`
	Logical uint32 `json:"logical"`
	Origin  string `json:"origin"`
}

func newStamp(at edged.Timestamp, origin edged.OriginID) stamp {
	return stamp{at.Wall, at.Logical, hex.EncodeToString(origin[:])}
}

func stampOf(m edged.Mark) stamp {
	if m == (edged.Mark{}) {
		return stamp{}
	}
	return newStamp(m.HLC, m.Origin)
}

// mark is the stamp as others see it; the zero Mark when it is of no event.
func (s stamp) mark() edged.Mark {
	m := edged.Mark{HLC: edged.Timestamp{Wall: s.Wall, Logical: s.Logical}}
	if n, err := hex.Decode(m.Origin[:], []byte(s.Origin[:min(len(s.Origin), 2*len(m.Origin))])); err != nil || n < len(m.Origin) {
		return edged.Mark{}
	}
	return m
}

func (s stamp) compare(t stamp) int {
	return cmp.Or(cmp.Compare(s.Wall, t.Wall), cmp.Compare(s.Logical, t.Logical), cmp.Compare(s.Origin, t.Origin))
}

func recordOf(d edged.Stream) record {
	return record{
		Name: d.Name, Generation: d.Generation, Partitions: d.Partitions,
		RetentionAge: d.Retention.Age, RetentionBytes: d.Retention.Bytes,
		Regions: d.Regions, Replication: d.Replication, Description: d.Description, Created: d.Created,
		Spec: d.Spec, First: stampOf(d.First),
	}
}

// stream is the definition in the record; Generation 0 when the record is of a deletion.
func (r record) stream() edged.Stream {
	if r.Deleted {
		return edged.Stream{Name: r.Name}
	}
	return edged.Stream{
		Name: r.Name, Generation: r.Generation, Partitions: r.Partitions,
		Retention: edged.Retention{Age: r.RetentionAge, Bytes: r.RetentionBytes},
		Regions:   r.Regions, Replication: r.Replication, Description: r.Description, Created: r.Created,
		Spec: r.Spec, First: r.First.mark(),
	}
}

// ended is the last generation of the name that is no more.
func (r record) ended() edged.Generation {
	if r.Deleted || r.Generation == 0 {
		return r.Generation
	}
	return r.Generation - 1
}

// merge lays another record of the name over r: the higher generation wins, then a deletion, then
// the later event; of partitions there are as many as anybody has said, and the first event is the
// earliest that anybody has known. The order in which records come makes no difference.
func (r record) merge(o record) (merged record, changed bool) {
	switch {
	case o.Generation != r.Generation:
		if o.Generation > r.Generation {
			return o, true
		}
		return r, false
	case r.Deleted:
		return r, false
	case o.Deleted:
		return o, true
	}
	merged = r
	if r.At.compare(o.At) < 0 {
		merged, changed = o, true
	}
	merged.Partitions = max(r.Partitions, o.Partitions)
	merged.First = r.First
	if o.First.compare(r.First) < 0 {
		merged.First = o.First
	}
	return merged, changed || merged.Partitions > r.Partitions || merged.First != r.First
}

// record reads what the store knows of a name; the zero record when it knows nothing.
func (b *Broker) record(name string) (record, error) {
	if implicit(name) {
		return record{Name: name, Generation: 1, Partitions: 1, Replication: "full"}, nil
	}
	raw, err := b.store.Get(storage.Streams, []byte(name))
	if err != nil || raw == nil {
		return record{Name: name}, err
	}
	return parseRecord(raw)
}

func parseRecord(raw []byte) (record, error) {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("streams: a stored definition does not parse: %w", err)
	}
	return r, nil
}

// put stages a record: as an event of the catalog, and for what stands under its name. Only the
// committer calls it.
func (s *stream) put(g *storage.Group, r record) (*turn, *stagedBlock, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, nil, fmt.Errorf("streams: definition of %q: %w", r.Name, err)
	}
	catalog, err := s.broker.take(catalogName)
	if err != nil {
		return nil, nil, err
	}
	defer s.broker.release(catalog)
	if err := catalog.settleOrigin(); err != nil {
		return nil, nil, err
	}
	l := catalog.staging.own[0]
	block := s.broker.pack(g, l, []*edged.Draft{{Key: []byte(r.Name), Type: []byte(recordType), Data: raw}})
	r.At = newStamp(block.Header().HLC, l.Name().Origin.ID)
	t, err := s.lay(g, r)
	return t, &stagedBlock{catalog, l, block}, err
}

// fresh is the record of a new stream: a definition completed by the defaults, of the generation
// after the last.
func (s *stream) fresh(def edged.Stream) record {
	b := s.broker
	def.Generation = s.staging.record.Generation + 1
	def.Created = b.opts.Now().UTC()
	set(&def.Partitions, 1)
	set(&def.Replication, "full")
	if !hidden(s.name) {
		set(&def.Retention, b.opts.Retention)
	}
	return recordOf(def)
}

// adjust lays a new definition over the one that stands.
func adjust(old, def edged.Stream) (edged.Stream, error) {
	if def.Partitions != 0 && def.Partitions != old.Partitions {
		return old, edged.RefuseField(edged.Conflict, "body.partitions", def.Partitions,
			"stream %q has %d, fixed when it was made", old.Name, old.Partitions)
	}
	def.Generation, def.Partitions, def.Created, def.First = old.Generation, old.Partitions, old.Created, old.First
	set(&def.Replication, "full")
	return def, nil
}

// sameDefinition says whether a replacement changes nothing.
func sameDefinition(a, b edged.Stream) bool {
	return a.Partitions == b.Partitions && a.Retention == b.Retention && slices.Equal(a.Regions, b.Regions) &&
		a.Replication == b.Replication && a.Description == b.Description && a.Spec == b.Spec
}
