package expr

import (
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged/streams/sql"
)

// timeFunctions work on TIMESTAMPs. Units and zones are constants.
var timeFunctions = []function{ // read-only
	{name: "DATE_TRUNC", takes: "St|S", form: "DATE_TRUNC('hour', time, '+02:00')", result: isTimestamp, prepare: prepareTrunc},
	{name: "EXTRACT", takes: "St", form: "EXTRACT(HOUR FROM time)", result: isInteger, prepare: func(_ *Compiler, args []*node) (func(*Row, []Value) Value, string) {
		return prepareExtractUnit(args[0].value.Text(), 1)
	}},
	{name: "YEAR", takes: "t", form: "YEAR(time)", result: isInteger, prepare: extracting("year")},
	{name: "MONTH", takes: "t", form: "MONTH(time)", result: isInteger, prepare: extracting("month")},
	{name: "DAY", takes: "t", form: "DAY(time)", result: isInteger, prepare: extracting("day")},
	{name: "HOUR", takes: "t", form: "HOUR(time)", result: isInteger, prepare: extracting("hour")},
	{name: "MINUTE", takes: "t", form: "MINUTE(time)", result: isInteger, prepare: extracting("minute")},
	{name: "SECOND", takes: "t", form: "SECOND(time)", result: isInteger, prepare: extracting("second")},
	{name: "DATE_FORMAT", takes: "tS|S", form: "DATE_FORMAT(time, 'yyyy-MM-dd HH:mm', '+02:00')", result: isString, prepare: prepareFormat},
	{name: "TO_TIMESTAMP", takes: "x", form: "TO_TIMESTAMP(value)", result: isTimestamp, call: func(r *Row, a []Value) Value {
		v, ok := r.cast(a[0], isTimestamp)
		if !ok {
			return r.mistype()
		}
		return v
	}},
	{name: "EPOCH_MS", takes: "t", form: "EPOCH_MS(time)", result: isInteger, call: func(_ *Row, a []Value) Value {
		return OfInteger(floorDiv(a[0].Integer(), int64(time.Millisecond)))
	}},
	{name: "FROM_EPOCH_MS", takes: "i", form: "FROM_EPOCH_MS(milliseconds)", result: isTimestamp, call: func(_ *Row, a []Value) Value {
		v, _ := castMilliseconds(a[0], Timestamp)
		return v
	}},
	{name: "DATE_DIFF", takes: "Stt", form: "DATE_DIFF('day', from, to)", result: isInteger, prepare: prepareDiff},
}

// timeUnit is a part of a date, or of a day.
type timeUnit struct {
	name   string
	length time.Duration                            // 0: not fixed
	of     func(t time.Time) int                    // what EXTRACT gives
	trunc  func(year int, month, day int) time.Time // where a unit without a fixed length begins
	number func(t time.Time) int64                  // how many of them lie between it and others
}

var timeUnits = []timeUnit{ // read-only
	{name: "year", of: time.Time.Year, trunc: func(y, _, _ int) time.Time { return date(y, 1, 1) },
		number: func(t time.Time) int64 { return int64(t.Year()) }},
	{name: "quarter", of: func(t time.Time) int { return (int(t.Month()) + 2) / 3 }, trunc: func(y, m, _ int) time.Time { return date(y, (m-1)/3*3+1, 1) },
		number: func(t time.Time) int64 { return int64(t.Year()*4 + (int(t.Month())-1)/3) }},
	{name: "month", of: func(t time.Time) int { return int(t.Month()) }, trunc: func(y, m, _ int) time.Time { return date(y, m, 1) },
		number: func(t time.Time) int64 { return int64(t.Year()*12 + int(t.Month())) }},
	{name: "week", length: 7 * 24 * time.Hour, of: func(t time.Time) int { _, w := t.ISOWeek(); return w }},
	{name: "day", length: 24 * time.Hour, of: time.Time.Day},
	{name: "hour", length: time.Hour, of: time.Time.Hour},
	{name: "minute", length: time.Minute, of: time.Time.Minute},
	{name: "second", length: time.Second, of: time.Time.Second},
	{name: "millisecond", length: time.Millisecond, of: func(t time.Time) int { return t.Nanosecond() / 1e6 }},
}

// weekShift is from the Monday before 1970 to 1970.
const weekShift = int64(3 * 24 * time.Hour)

func date(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// unitOf finds a unit, or says which there are.
func unitOf(name string) (timeUnit, string) {
	var names []string
	for _, u := range timeUnits {
		if strings.EqualFold(u.name, strings.TrimSuffix(strings.ToLower(name), "s")) {
			return u, ""
		}
		names = append(names, u.name)
	}
	if near := sql.Nearest(name, names); near != "" {
		return timeUnit{}, clip(name) + " is no unit of time. Did you mean " + near + "?"
	}
	return timeUnit{}, clip(name) + " is no unit of time. Write one of " + strings.Join(names, ", ") + "."
}

// zoneOf reads UTC, Z or +02:00, in nanoseconds ahead of UTC.
func zoneOf(args []*node, at int) (int64, string) {
	if len(args) <= at {
		return 0, ""
	}
	s := args[at].value.Text()
	if strings.EqualFold(s, "UTC") || s == "Z" {
		return 0, ""
	}
	if len(s) == 6 && (s[0] == '+' || s[0] == '-') && s[3] == ':' {
		h, errH := strconv.ParseUint(s[1:3], 10, 8)
		m, errM := strconv.ParseUint(s[4:], 10, 8)
		if errH == nil && errM == nil && h <= 18 && m < 60 {
			ahead := int64(h)*int64(time.Hour) + int64(m)*int64(time.Minute)
			if s[0] == '-' {
				ahead = -ahead
			}
			return ahead, ""
		}
	}
	return 0, clip(s) + " is no time zone here; named zones are planned. Write 'UTC' or '+02:00'."
}

func prepareTrunc(_ *Compiler, args []*node) (func(*Row, []Value) Value, string) {
	unit, fault := unitOf(args[0].value.Text())
	ahead, zoneFault := zoneOf(args, 2)
	if fault == "" {
		fault = zoneFault
	}
	return func(_ *Row, a []Value) Value {
		local := integers('+', a[1].Integer(), ahead)
		if local.kind != Integer {
			return Value{}
		}
		ns := local.Integer()
		if unit.length == 0 {
			y, m, d := time.Unix(0, ns).UTC().Date()
			begin := unit.trunc(y, int(m), d)
			if begin.Before(time.Unix(0, -1<<63)) {
				return Value{}
			}
			return inRange(Timestamp, integers('-', begin.UnixNano(), ahead))
		}
		shift := ahead
		if unit.name == "week" {
			if local = integers('+', ns, weekShift); local.kind != Integer {
				return Value{}
			}
			ns, shift = local.Integer(), ahead+weekShift
		}
		begin, ok := multiply(floorDiv(ns, int64(unit.length)), int64(unit.length))
		if !ok {
			return Value{}
		}
		return inRange(Timestamp, integers('-', begin, shift))
	}, fault
}

func extracting(unit string) func(*Compiler, []*node) (func(*Row, []Value) Value, string) {
	return func(*Compiler, []*node) (func(*Row, []Value) Value, string) { return prepareExtractUnit(unit, 0) }
}

func prepareExtractUnit(name string, at int) (func(*Row, []Value) Value, string) {
	unit, fault := unitOf(name)
	return func(_ *Row, a []Value) Value {
		return OfInteger(int64(unit.of(time.Unix(0, a[at].Integer()).UTC())))
	}, fault
}

// prepareDiff counts the beginnings of a unit that lie between two times.
func prepareDiff(_ *Compiler, args []*node) (func(*Row, []Value) Value, string) {
	unit, fault := unitOf(args[0].value.Text())
	number := func(ns int64) int64 {
		if unit.length == 0 {
			return unit.number(time.Unix(0, ns).UTC())
		}
		if unit.name == "week" {
			return floorDiv(floorDiv(ns, int64(24*time.Hour))+3, 7)
		}
		return floorDiv(ns, int64(unit.length))
	}
	return func(_ *Row, a []Value) Value {
		return OfInteger(number(a[2].Integer()) - number(a[1].Integer()))
	}, fault
}

// formatPart is a run of one letter, or text that stands for itself.
type formatPart struct {
	letter byte // 0: text
	width  int
	text   string
}

// formatParts takes a format apart, or says what is wrong with it.
func formatParts(format string) (parts []formatPart, fault string) {
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '\'':
			text, rest, ok := strings.Cut(format[i+1:], "'")
			if !ok {
				return nil, "A quote in the format does not end. Write yyyy-MM-dd''T''HH:mm."
			}
			if text == "" {
				text = "'"
			}
			parts = append(parts, formatPart{text: text})
			i = len(format) - len(rest)
			continue
		case c|0x20 < 'a' || c|0x20 > 'z':
			parts = append(parts, formatPart{text: format[i : i+1]})
			i++
			continue
		}
		n := 1
		for i+n < len(format) && format[i+n] == c {
			n++
		}
		if !strings.ContainsRune("yMdHmsS", rune(c)) || n > 4 && c != 'S' || n > 9 || n > 2 && c != 'y' && c != 'S' {
			return nil, clip(format[i:i+n]) + " has no meaning in a format. Those that have are yyyy, MM, dd, HH, mm, ss and SSS; other letters stand in quotes."
		}
		parts = append(parts, formatPart{letter: c, width: n})
		i += n
	}
	return parts, ""
}

func prepareFormat(_ *Compiler, args []*node) (func(*Row, []Value) Value, string) {
	parts, fault := formatParts(args[1].value.Text())
	ahead, zoneFault := zoneOf(args, 2)
	if fault == "" {
		fault = zoneFault
	}
	return func(r *Row, a []Value) Value {
		t, b := time.Unix(0, a[0].Integer()).UTC().Add(time.Duration(ahead)), r.Text.open()
		y, m, d := t.Date()
		for _, p := range parts {
			switch p.letter {
			case 0:
				b = append(b, p.text...)
			case 'y':
				if p.width == 2 {
					b = appendPadded(b, y%100, 2)
				} else {
					b = appendPadded(b, y, p.width)
				}
			case 'M':
				b = appendPadded(b, int(m), p.width)
			case 'd':
				b = appendPadded(b, d, p.width)
			case 'H':
				b = appendPadded(b, t.Hour(), p.width)
			case 'm':
				b = appendPadded(b, t.Minute(), p.width)
			case 's':
				b = appendPadded(b, t.Second(), p.width)
			case 'S':
				b = appendPadded(b, t.Nanosecond()/int(powers[9-p.width]), p.width)
			}
		}
		return r.made(b)
	}, fault
}

// appendPadded writes n, not below zero, with zeros before it.
func appendPadded(dst []byte, n, width int) []byte {
	for k := width - 1; k > 0 && uint64(n) < powers[k]; k-- {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}
