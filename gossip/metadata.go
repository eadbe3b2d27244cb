package gossip

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/hashicorp/memberlist"
)

// metadataForm is the first byte of metadata. A later form may add fields at the end only.
const metadataForm = 1

// metadata is what a node says of itself in gossip:
//
//	form 1 | flags 1 | boot nonce 8 | origin id 10 | label | name | region | http | address | version
//
// each text as a length byte and its bytes. Flag 1: about to leave.
type metadata struct {
	member  Member // without Node, State and RTT
	leaving bool
}

var errMetadata = errors.New("gossip: metadata cannot be read")

func (m *metadata) texts() []*string {
	return []*string{
		&m.member.Origin.Label, &m.member.Name, &m.member.Region, &m.member.HTTP,
		&m.member.Address, &m.member.Version,
	}
}

// encode refuses what would not fit into memberlist's limit.
func (m *metadata) encode() ([]byte, error) {
	b := []byte{metadataForm, 0}
	if m.leaving {
		b[1] = 1
	}
	b = append(b, m.member.Nonce[:]...)
	b = append(b, m.member.Origin.ID[:]...)
	for _, s := range m.texts() {
		if len(*s) > 255 || !utf8.ValidString(*s) {
			return nil, fmt.Errorf("gossip: metadata: %.300q: want at most 255 bytes of UTF-8", *s)
		}
		b = append(b, byte(len(*s)))
		b = append(b, *s...)
	}
	if len(b) > memberlist.MetaMaxSize {
		return nil, fmt.Errorf("gossip: metadata of %d bytes: want at most %d; shorten name, region or addresses",
			len(b), memberlist.MetaMaxSize)
	}
	return b, nil
}

// decode skips what stands behind the fields it knows.
func (m *metadata) decode(b []byte) error {
	const fixed = 2 + 8 + 10
	if len(b) < fixed || len(b) > memberlist.MetaMaxSize || b[0] != metadataForm {
		return errMetadata
	}
	m.leaving = b[1]&1 != 0
	copy(m.member.Nonce[:], b[2:])
	copy(m.member.Origin.ID[:], b[10:])
	b = b[fixed:]
	for _, s := range m.texts() {
		if len(b) == 0 || len(b) < 1+int(b[0]) || !utf8.Valid(b[1:1+int(b[0])]) {
			return errMetadata
		}
		*s = string(b[1 : 1+int(b[0])])
		b = b[1+int(b[0]):]
	}
	if m.member.Address == "" {
		return errMetadata
	}
	return nil
}
