package block

import "fmt"

// Damage is the check that bytes failed.
type Damage string

// The checks, in the order in which they are made.
const (
	Short     Damage = "short"      // too few bytes, or too many
	Magic     Damage = "magic"      // not a block
	Version   Damage = "version"    // a block that this node cannot read
	HeaderSum Damage = "header_sum" // the header's checksum
	Lengths   Damage = "lengths"    // numbers that no builder writes
	BodySum   Damage = "body_sum"   // the body's checksum
	Codecs    Damage = "codec"      // the body does not inflate to the length named
	Records   Damage = "records"    // the body's records do not add up
)

// DamageError says why bytes are not a block.
type DamageError struct {
	Damage Damage
	Detail string
}

// Error says the check and the detail.
func (e *DamageError) Error() string { return "block: " + string(e.Damage) + ": " + e.Detail }

func damaged(d Damage, format string, args ...any) error {
	return &DamageError{d, fmt.Sprintf(format, args...)}
}
