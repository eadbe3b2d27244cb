package crdttest

import (
	"bytes"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// Spec says what the values of one key are. It keeps all that was ever written, with what each
// writer had seen, and shares no code with the type.
type Spec interface {
	// Write notes the operations of one record. They are not kept: their bytes may change.
	Write(w Written)
	// Check holds what a replica shows to what it should show, having folded the records that the
	// vector covers.
	Check(at crdt.Vector, got Shown) error
}

// Refuser is a Spec of a type that may refuse what its Ops has let pass.
type Refuser interface {
	// Refused says what is wrong when the last operations of a record are refused.
	Refused(w Written) error
}

// Holder is a Spec of a crdt.Escrow.
type Holder interface {
	Spare(at crdt.Vector, o edged.OriginID) int64
}

// Written is one record of a key.
type Written struct {
	At   crdt.Place
	Row  edged.OriginID // for whom it was begun: At's origin, but for an origin that ended between
	Seen crdt.Vector    // what the writer had folded; not changed any more
	Ops  []crdt.Op      // in order; those refused are left out
}

// Shown is what users see of a value.
type Shown struct {
	Absent    bool
	JSON      []byte
	Conflicts []byte
}

func show(v crdt.Value) Shown {
	s := Shown{Absent: v.Absent(), Conflicts: v.AppendConflicts(nil)}
	if !s.Absent {
		s.JSON = v.AppendJSON(nil)
	}
	return s
}

// is says whether two are the same, and if not, how.
func (s Shown) is(want Shown) error {
	switch {
	case s.Absent != want.Absent:
		return fmt.Errorf("absent: %v, want %v (%s)", s.Absent, want.Absent, s.JSON)
	case !bytes.Equal(s.JSON, want.JSON):
		return fmt.Errorf("shows %s, want %s", s.JSON, want.JSON)
	case !bytes.Equal(s.Conflicts, want.Conflicts):
		return fmt.Errorf("conflicts %s, want %s", s.Conflicts, want.Conflicts)
	}
	return nil
}
