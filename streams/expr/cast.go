package expr

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edgedhq/edged/streams/sql"
)

// Type is what is known of a value before it is there: its kind, and the digits of a DECIMAL. The
// zero Type says nothing, as of a field; any value may be NULL.
type Type struct {
	Kind             Kind
	Precision, Scale int
}

// certain says whether the kind is known.
func (t Type) certain() bool { return t.Kind != Null }

func (t Type) String() string {
	switch {
	case !t.certain():
		return "JSON"
	case t.Kind == Decimal && t.Precision > 0:
		return "DECIMAL(" + strconv.Itoa(t.Precision) + "," + strconv.Itoa(t.Scale) + ")"
	}
	return t.Kind.String()
}

// typeOf is the type that a cast names.
func typeOf(t sql.Type) Type {
	out := Type{Precision: t.Precision, Scale: t.Scale}
	for k, name := range kindNames {
		if name == t.Name {
			out.Kind = Kind(k)
		}
	}
	return out
}

// castable says whether a cast between two kinds can succeed.
func castable(from, to Kind) bool {
	switch {
	case from == Null || from == to || to == String:
		return true
	case from == String:
		return true
	case from.number():
		return to.number() || to == Timestamp || to == Interval || to == Boolean && from == Integer
	case from == Boolean:
		return to == Integer
	case from == Timestamp || from == Interval:
		return to == Integer
	}
	return false
}

// cast gives v as a type, and whether that can be done.
func (r *Row) cast(v Value, to Type) (Value, bool) {
	switch {
	case v.kind == Null:
		return v, true
	case v.kind == to.Kind && to.Kind != Decimal:
		return v, true
	case !castable(v.kind, to.Kind):
		return Value{}, false
	case to.Kind == String:
		return r.castString(v)
	case v.kind == String:
		return r.castText(v.Text(), to)
	}
	switch to.Kind {
	case Boolean:
		return OfBoolean(v.bits == 1), v.bits <= 1
	case Integer:
		return castInteger(v)
	case Double:
		f, _ := v.Number()
		return OfDouble(f), true
	case Decimal:
		return castDecimal(v, to)
	}
	return castMilliseconds(v, to.Kind)
}

func (r *Row) castString(v Value) (Value, bool) {
	if v.kind == Bytes || v.kind == JSON {
		v.kind = String
		return v, utf8.ValidString(v.Text())
	}
	return r.made(appendText(r.Text.open(), v)), true
}

// castInteger rounds half away from zero; times are milliseconds.
func castInteger(v Value) (Value, bool) {
	switch v.kind {
	case Boolean:
		return OfInteger(int64(v.bits)), true
	case Double:
		i, ok := integerOf(math.Round(v.Double()))
		return OfInteger(i), ok
	case Decimal:
		d, _ := v.decimal().rescale(0)
		i, ok := d.integer()
		return OfInteger(i), ok
	case Timestamp, Interval:
		return OfInteger(floorDiv(int64(v.bits), int64(time.Millisecond))), true
	}
	return Value{}, false
}

// floorDiv divides and rounds down, before 1970 too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// castDecimal rounds half away from zero.
func castDecimal(v Value, to Type) (Value, bool) {
	if v.kind == Double {
		return v.written().toType(to)
	}
	d, ok := v.decimal().rescale(to.Scale)
	if !ok {
		return Value{}, false
	}
	return d.value(to.Precision)
}

// written gives a DOUBLE as its digits say: those it was written with, else the shortest that mean it.
func (v Value) written() decimal {
	if s := v.digits(); s != "" {
		return readDecimalText(s)
	}
	var text [32]byte
	return readDecimalText(view(strconv.AppendFloat(text[:0], v.Double(), 'e', -1, 64)))
}

// readDecimalText reads a JSON number, up to 70 digits of it, which decide any rounding to 38. The
// scale may be anything.
func readDecimalText(s string) decimal {
	d := decimal{negative: s[0] == '-'}
	exponent, dropped := 0, 0
	for i, point := 0, false; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.':
			point = true
		case c|0x20 == 'e':
			exponent = exponentOf(s[i+1:])
			i = len(s)
		case c-'0' <= 9:
			if d.magnitude[3]>>56 == 0 {
				d.magnitude, _ = d.magnitude.times(10)
				d.magnitude = d.magnitude.plus(wide{uint64(c - '0')})
			} else {
				dropped++
			}
			if point {
				d.scale++
			}
		}
	}
	d.scale -= exponent + dropped
	return d
}

// toType gives a DECIMAL of what was read, if it has that many digits.
func (d decimal) toType(to Type) (Value, bool) {
	switch {
	case d.magnitude.zero() || d.scale-to.Scale > 78: // all digits lie behind the scale
		d = decimal{scale: to.Scale}
	case to.Scale-d.scale > digitsMax:
		return Value{}, false
	}
	d, ok := d.rescale(to.Scale)
	if !ok {
		return Value{}, false
	}
	return d.value(to.Precision)
}

// exponentOf reads an exponent; one far away stays far away.
func exponentOf(s string) int {
	const far = 1 << 30
	n, negative := 0, s[0] == '-'
	for i := range len(s) {
		if c := s[i] - '0'; c <= 9 && n < far {
			n = n*10 + int(c)
		}
	}
	if negative {
		return -n
	}
	return n
}

// castMilliseconds takes a number as milliseconds, of 1970 or of an interval.
func castMilliseconds(v Value, kind Kind) (Value, bool) {
	ms, ok := arithmetic('*', v, OfInteger(int64(time.Millisecond)))
	if ms.kind != Integer {
		ms, ok = castInteger(ms)
	}
	ms.kind = kind
	return ms, ok
}

// castText reads a STRING as a type.
func (r *Row) castText(s string, to Type) (Value, bool) {
	switch to.Kind {
	case Bytes:
		return ofText(Bytes, s), true
	case Boolean:
		switch {
		case strings.EqualFold(s, "true"):
			return OfBoolean(true), true
		case strings.EqualFold(s, "false"):
			return OfBoolean(false), true
		}
	case Timestamp:
		return parseTimestamp(s)
	case Interval:
		d, err := time.ParseDuration(s)
		return OfInterval(int64(d)), err == nil
	case JSON:
		v, ok := r.parseJSON(s)
		return v, ok && v.kind == JSON
	default:
		return castNumber(s, to)
	}
	return Value{}, false
}

// castNumber reads a number as JSON writes them; spaces around it, a + and zeros before it may be.
func castNumber(s string, to Type) (Value, bool) {
	s = strings.TrimSpace(s)
	sign, body := "", s
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, body = s[:1], s[1:]
	}
	short := body
	for len(short) > 1 && short[0] == '0' && short[1]-'0' <= 9 {
		short = short[1:]
	}
	if body == "" || body[0] == '-' || numberLen(bytesOf(short)) != len(short) {
		return Value{}, false
	}
	if sign == "-" && len(short) == len(body) {
		return castDigits(s, to)
	}
	v, ok := castDigits(short, to)
	if ok && sign == "-" {
		return negate(v)
	}
	return v, ok
}

// castDigits reads a JSON number.
func castDigits(s string, to Type) (Value, bool) {
	if to.Kind == Decimal {
		return readDecimalText(s).toType(to)
	}
	v := numberOf(s)
	switch {
	case to.Kind == Integer:
		return v, v.kind == Integer
	case v.kind == Integer:
		return OfDouble(float64(int64(v.bits))), true
	}
	return v, v.kind == Double
}

// parseTimestamp reads RFC 3339 between the years 1678 and 2261.
func parseTimestamp(s string) (Value, bool) {
	t, err := time.ParseInLocation(time.RFC3339Nano, s, time.UTC)
	if err != nil || t.Year() < 1678 || t.Year() > 2261 {
		return Value{}, false
	}
	return OfTimestamp(t.UnixNano()), true
}
