package roster

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/edgedhq/edged"
)

// record is the data of an event of $mesh. One member is set.
type record struct {
	Node    *Node          `json:"node,omitempty"`
	Origin  *originRecord  `json:"origin,omitempty"`
	Seal    *sealRecord    `json:"seal,omitempty"`
	Sealing *sealingRecord `json:"sealing,omitempty"`
	Held    *heldRecord    `json:"held,omitempty"`
	Agreed  *agreedRecord  `json:"agreed,omitempty"`
}

type originRecord struct {
	Text   string `json:"origin"`
	Node   string `json:"node"`
	Region string `json:"region"`
	origin edged.Origin
}

type sealRecord struct {
	Text   string `json:"origin"`
	At     int64  `json:"at"`
	Reason string `json:"reason"`
	origin edged.Origin
}

var (
	errState  = errors.New("roster: node: want state active, left or evicted")
	errNodeID = errors.New("roster: want a node id")
)

// parse reads the kinds that it knows.
func parse(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("roster: record: %w", err)
	}
	var err error
	if n := r.Node; n != nil {
		if n.ID == "" {
			return r, errNodeID
		}
		if n.State != Active && n.State != Left && n.State != Evicted {
			return r, errState
		}
	}
	if o := r.Origin; o != nil {
		if o.Node == "" {
			return r, errNodeID
		}
		if o.origin, err = edged.ParseOrigin(o.Text); err != nil {
			return r, fmt.Errorf("roster: origin: %w", err)
		}
	}
	if s := r.Seal; s != nil {
		if s.origin, err = edged.ParseOrigin(s.Text); err != nil {
			return r, fmt.Errorf("roster: seal: %w", err)
		}
	}
	return r, r.parseSealing()
}

// NodeRecord makes the event that tells of a node.
func NodeRecord(n Node) (key string, data []byte) { return n.ID, record{Node: &n}.encode() }

// OriginRecord makes the event that tells who minted an origin.
func OriginRecord(o Origin) (key string, data []byte) {
	text := o.Origin.String()
	return text, record{Origin: &originRecord{Text: text, Node: o.Node, Region: o.Region}}.encode()
}

// SealRecord makes the event that ends an origin.
func SealRecord(s Seal) (key string, data []byte) {
	text := s.Origin.String()
	return text, record{Seal: &sealRecord{Text: text, At: s.At, Reason: s.Reason}}.encode()
}

func (r record) encode() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("roster: a record of texts and numbers cannot be written: %v", err))
	}
	return data
}
