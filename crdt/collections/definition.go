package collections

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// hidden is what the names of the streams of collections begin with.
var hidden = edged.CollectionStream("") // read-only

// spec is what a hidden stream's definition says of its collection.
type spec struct {
	Type string        `json:"type"`
	TTL  time.Duration `json:"ttl_ns,omitempty"`
	Min  *int64        `json:"min,omitempty"`
	Max  *int64        `json:"max,omitempty"`
}

// definition is a collection as it is defined now.
type definition struct {
	edged.Collection
	kind  crdt.Type
	first edged.Mark // of the earliest record that made this generation
}

// streamOf is the definition of a collection's hidden stream.
func streamOf(c edged.Collection) (edged.Stream, error) {
	text, err := json.Marshal(spec{c.Type, c.TTL, c.Min, c.Max})
	return edged.Stream{
		Name: edged.CollectionStream(c.Name), Partitions: edged.CollectionPartitions,
		Regions: c.Regions, Spec: string(text),
	}, err
}

// definitionOf reads the definition of a hidden stream.
func definitionOf(s edged.Stream) (*definition, error) {
	name, ok := strings.CutPrefix(s.Name, hidden)
	var sp spec
	if err := json.Unmarshal([]byte(s.Spec), &sp); err != nil || !ok {
		return nil, fmt.Errorf("collections: the definition of %q does not parse: %w", s.Name, err)
	}
	d := &definition{first: s.First, Collection: edged.Collection{
		Name: name, Generation: s.Generation, Type: sp.Type, Regions: s.Regions, TTL: sp.TTL,
		Min: sp.Min, Max: sp.Max, Created: s.Created,
	}}
	if d.kind, ok = crdt.TypeOf(sp.Type); !ok || s.Partitions != edged.CollectionPartitions {
		return nil, fmt.Errorf("collections: %q is a %q in %d partitions, which this release does not know", name, sp.Type, s.Partitions)
	}
	return d, nil
}

// check refuses a definition that no collection can have.
func check(c *edged.Collection) error {
	if err := edged.CheckName("path.name", c.Name); err != nil {
		return err
	}
	if _, ok := crdt.TypeOf(c.Type); !ok {
		return edged.RefuseField(edged.Invalid, "body.type", c.Type,
			"want counter, register, set, map, flag, hyperloglog, quantiles, topk or bounded_counter")
	}
	if c.TTL < 0 {
		return edged.RefuseField(edged.Invalid, "body.ttl", c.TTL.String(), "want more than 0, or leave it out")
	}
	const bounded = "bounded_counter"
	switch {
	case c.Type != bounded && c.Min != nil:
		return edged.RefuseField(edged.Invalid, "body.min", *c.Min, "only a %s has one", bounded)
	case c.Type != bounded && c.Max != nil:
		return edged.RefuseField(edged.Invalid, "body.max", *c.Max, "only a %s has one", bounded)
	case c.Type == bounded && (c.Min == nil) == (c.Max == nil):
		return edged.RefuseField(edged.Invalid, "body.min", nil, "a %s has exactly one of min and max", bounded)
	case c.Min != nil && *c.Min > 0:
		return edged.RefuseField(edged.Invalid, "body.min", *c.Min, "values begin at 0, so it is at most 0")
	case c.Max != nil && *c.Max < 0:
		return edged.RefuseField(edged.Invalid, "body.max", *c.Max, "values begin at 0, so it is at least 0")
	}
	return nil
}

// same says whether two bounds are.
func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// fits refuses a definition that changes what is fixed.
func (d *definition) fits(c *edged.Collection) error {
	switch {
	case d.Type != c.Type:
		return edged.RefuseField(edged.Conflict, "body.type", c.Type, "collection %q is a %s, fixed when it was made", d.Name, d.Type)
	case !same(d.Min, c.Min):
		return edged.RefuseField(edged.Conflict, "body.min", c.Min, "the bound of %q is fixed since it was made", d.Name)
	case !same(d.Max, c.Max):
		return edged.RefuseField(edged.Conflict, "body.max", c.Max, "the bound of %q is fixed since it was made", d.Name)
	}
	return nil
}

// limits are what values are held to when they are spent from: who holds the first rights is known
// once no earlier definition can come.
func (d *definition) limits(frontier int64) crdt.Limits {
	l := crdt.Limits{Min: d.Min, Max: d.Max}
	if frontier > d.first.HLC.Wall {
		l.First = d.first.Origin
	}
	return l
}

// expired says whether the time of a key is over that was last touched at a stamp.
func (d *definition) expired(last edged.Timestamp, now int64) bool {
	return d.TTL > 0 && last.Wall+int64(d.TTL) < now
}

func unknown(name string) error {
	return edged.Refuse(edged.CollectionNotFound, "there is no collection %q; create it with PUT /v1/collections/%s", name, name)
}
