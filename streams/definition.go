package streams

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// catalogName is the hidden stream that carries definitions and deletions through the mesh.
const catalogName = "$catalog"

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
}

func recordOf(d edged.Stream) record {
	return record{
		Name: d.Name, Generation: d.Generation, Partitions: d.Partitions,
		RetentionAge: d.Retention.Age, RetentionBytes: d.Retention.Bytes,
		Regions: d.Regions, Replication: d.Replication, Description: d.Description, Created: d.Created,
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
	}
}

// record reads what the store knows of a name; Generation 0 when it knows nothing.
func (b *Broker) record(name string) (stamped, error) {
	if hidden(name) { // it is there from the first start on, at every node
		return stamped{record: record{Name: name, Generation: 1, Partitions: 1, Replication: "full"}}, nil
	}
	raw, err := b.store.Get(storage.Streams, []byte(name))
	if err != nil || raw == nil {
		return stamped{record: record{Name: name}}, err
	}
	return parseRecord(raw)
}

func parseRecord(raw []byte) (stamped, error) {
	var r stamped
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("streams: a stored definition does not parse: %w", err)
	}
	return r, nil
}

// define stages a definition: under the name, and as an event of the catalog. A definition
// without a generation gets the next of its name.
func (b *Broker) define(g *storage.Group, last *stamped, def edged.Stream) (stamped, *stagedBlock, error) {
	if def.Generation == 0 {
		def.Generation = last.Generation + 1
		def.Created = b.opts.Now().UTC()
		set(&def.Partitions, 1)
		set(&def.Replication, "full")
		set(&def.Retention, b.opts.Retention)
	}
	return b.put(g, recordOf(def))
}

// put stages a record, as an event of the catalog and under its name. Only the committer calls it.
func (b *Broker) put(g *storage.Group, r record) (stamped, *stagedBlock, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return stamped{}, nil, fmt.Errorf("streams: definition of %q: %w", r.Name, err)
	}
	catalog, err := b.take(catalogName)
	if err != nil {
		return stamped{}, nil, err
	}
	defer b.release(catalog)
	if err := catalog.follow(); err != nil {
		return stamped{}, nil, err
	}
	l := catalog.staging.own[0]
	block := b.pack(g, l, []*edged.Draft{{Key: []byte(r.Name), Type: []byte("stream"), Data: raw}})
	s := stamped{record: r, HLC: block.Header().HLC, Origin: l.Name().Origin.ID}
	return s, &stagedBlock{catalog, l, block}, b.save(g, s)
}

// save stages a record under its name.
func (b *Broker) save(g *storage.Group, r stamped) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("streams: definition of %q: %w", r.Name, err)
	}
	g.Set(storage.Streams, []byte(r.Name), raw)
	return nil
}

// adjust lays a new definition over the one that stands.
func adjust(old, def edged.Stream) (edged.Stream, error) {
	if def.Partitions != 0 && def.Partitions != old.Partitions {
		return old, edged.RefuseField(edged.Conflict, "body.partitions", def.Partitions,
			"stream %q has %d, fixed when it was made", old.Name, old.Partitions)
	}
	def.Generation, def.Partitions, def.Created = old.Generation, old.Partitions, old.Created
	set(&def.Replication, "full")
	return def, nil
}

// sameDefinition says whether a replacement changes nothing.
func sameDefinition(a, b edged.Stream) bool {
	return a.Partitions == b.Partitions && a.Retention == b.Retention && slices.Equal(a.Regions, b.Regions) &&
		a.Replication == b.Replication && a.Description == b.Description
}
