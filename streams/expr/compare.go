package expr

import (
	"cmp"
	"math"
	"strings"
)

// Compare is the total order of values, for sorting, MIN and MAX: numbers by what they are, whatever
// their kind; texts by bytes; FALSE before TRUE. Values that cannot be compared go by kind: BOOLEAN,
// numbers, STRING, BYTES, TIMESTAMP, INTERVAL, JSON. NULL is last.
func Compare(a, b Value) int {
	if a.kind == Integer && b.kind == Integer {
		return cmp.Compare(int64(a.bits), int64(b.bits))
	}
	if ra, rb := ranks[a.kind], ranks[b.kind]; ra != rb {
		return cmp.Compare(ra, rb)
	}
	switch a.kind {
	case Null:
		return 0
	case String, Bytes, JSON:
		return strings.Compare(a.Text(), b.Text())
	case Boolean, Timestamp, Interval:
		return cmp.Compare(int64(a.bits), int64(b.bits))
	}
	return compareNumbers(a, b)
}

// Equal says whether two values are of one group: NULLs are, 1 and 1.0 too.
func Equal(a, b Value) bool { return Compare(a, b) == 0 }

// The ranks of kinds in the total order, which are the first bytes of keys too. Numbers share one.
// That of negative numbers and of TRUE lies beside it.
const (
	rankFalse     = 0x10
	rankTrue      = 0x11
	rankNegative  = 0x20
	rankNumber    = 0x21
	rankString    = 0x30
	rankBytes     = 0x40
	rankTimestamp = 0x50
	rankInterval  = 0x60
	rankJSON      = 0x70
	rankNull      = 0xf0
)

var ranks = [...]uint8{ // read-only
	Null: rankNull, Boolean: rankFalse, Integer: rankNumber, Double: rankNumber, Decimal: rankNumber, String: rankString,
	Bytes: rankBytes, Timestamp: rankTimestamp, Interval: rankInterval, JSON: rankJSON,
}

// compareNumbers orders numbers of any two kinds, exactly.
func compareNumbers(a, b Value) int {
	switch {
	case a.kind == Double && b.kind == Double:
		return cmp.Compare(a.Double(), b.Double())
	case b.kind == Double && a.kind == Integer:
		return compareMixed(int64(a.bits), b.Double())
	case a.kind == Double && b.kind == Integer:
		return -compareMixed(int64(b.bits), a.Double())
	case a.kind == Double:
		return -b.decimal().compareDouble(a.Double())
	case b.kind == Double:
		return a.decimal().compareDouble(b.Double())
	}
	return a.decimal().compare(b.decimal())
}

// compareMixed orders an INTEGER and a DOUBLE, exactly.
func compareMixed(i int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(i, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}
