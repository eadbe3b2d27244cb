package edged_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/edgedhq/edged"
)

// TestDerivedID holds the ULID of an event without an id of its own to a golden text, and to a
// plain encoder: the 16 bytes as one number, in base 32.
func TestDerivedID(t *testing.T) {
	at := time.UnixMilli(1763880000123).UnixNano() + 999
	e := edged.Event{Log: edged.LogID{0xde, 0xad, 0xbe, 0xef, 0x01}, Sequence: 412, HLC: edged.Timestamp{Wall: at, Logical: 7}}
	if got, want := string(e.AppendID([]byte("id="))), "id=01KAQQ1PKVVTPVXVR0000000CW"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	e.ID = "the-producers-own"
	if got := string(e.AppendID(nil)); got != e.ID {
		t.Errorf("got %s, want %s", got, e.ID)
	}
	law := func(milliseconds uint32, log edged.LogID, sequence uint32) bool {
		e := edged.Event{Log: log, Sequence: edged.Sequence(sequence), HLC: edged.Timestamp{Wall: int64(milliseconds) * int64(time.Millisecond)}}
		plain := fmt.Sprintf("%012x%x%012x", milliseconds, log[:4], sequence)
		return string(e.AppendID(nil)) == base32(plain)
	}
	if err := quick.Check(law, nil); err != nil {
		t.Error(err)
	}
	e.ID = ""
	dst := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { dst = e.AppendID(dst[:0]) }); n != 0 {
		t.Errorf("AppendID allocates %v times", n)
	}
}

// base32 writes 32 hexadecimal digits as a ULID.
func base32(digits string) string {
	n, _ := new(big.Int).SetString(digits, 16)
	text := strings.ToUpper(n.Text(32))
	text = strings.Repeat("0", 26-len(text)) + text
	crockford := func(r rune) rune {
		if r >= 'A' {
			return rune("ABCDEFGHJKMNPQRSTVWXYZ"[r-'A'])
		}
		return r
	}
	return strings.Map(crockford, text)
}
