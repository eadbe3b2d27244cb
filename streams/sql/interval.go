package sql

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unit is a length of time with a name.
type unit struct {
	name   string
	length time.Duration
}

// units are those of intervals, the longest first.
var units = []unit{ // read-only
	{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}, {"millisecond", time.Millisecond},
}

// unfixed are lengths that are refused, with what to write.
var unfixed = map[string]string{ // read-only
	"month":   "A month has no fixed length. Write days: INTERVAL '30 days'.",
	"quarter": "A quarter has no fixed length. Write days: INTERVAL '91 days'.",
	"year":    "A year has no fixed length. Write days: INTERVAL '365 days'.",
	"week":    "A week is no unit. Write days: INTERVAL '7 days'.",
}

const intervalForm = "An interval is a whole number and a unit from milliseconds to days. Write INTERVAL '10 seconds'."

// interval reads INTERVAL '10 seconds' or INTERVAL '10' SECOND, and says whether it is one.
func (p *parser) interval() (time.Duration, bool) {
	at := p.tok.at
	if !p.want("INTERVAL") {
		return 0, false
	}
	t := p.tok
	if t.kind != text {
		p.fault("The length of an interval stands in single quotes. Write INTERVAL '10 seconds'.")
		return 0, false
	}
	p.advance()
	count, of, both := strings.Cut(strings.TrimSpace(t.content()), " ")
	value := "INTERVAL " + clip(t.raw)
	if !both {
		if p.tok.kind != name {
			p.note(at, value, "%s", intervalForm)
			return 0, false
		}
		of = p.tok.raw
		value += " " + clip(of)
		p.advance()
	}
	length, fault := measure(count, strings.TrimSpace(of))
	if fault != "" {
		p.note(at, value, "%s", fault)
	}
	return length, fault == ""
}

// length reads an interval that may not be empty.
func (p *parser) length() time.Duration {
	t := p.tok
	length, ok := p.interval()
	if ok && length == 0 {
		p.note(t.at, "INTERVAL '0 seconds'", "An interval of no length does not fit here. Write INTERVAL '10 seconds'.")
	}
	return length
}

// measure gives the length of so many units, or what is wrong with them.
func measure(count, name string) (time.Duration, string) {
	if len(name) > nearestBytesMax {
		return 0, intervalForm
	}
	name = strings.TrimSuffix(strings.ToLower(name), "s")
	if fault := unfixed[name]; fault != "" {
		return 0, fault
	}
	for _, u := range units {
		if u.name != name {
			continue
		}
		n, err := strconv.ParseUint(count, 10, 63)
		most := uint64(math.MaxInt64 / u.length)
		switch {
		case digits(count) == len(count) && count != "" && (err != nil || n > most):
			return 0, "An interval is at most 106751 days. Write fewer " + name + "s."
		case err != nil || digits(count) != len(count):
			return 0, intervalForm
		}
		return time.Duration(n) * u.length, ""
	}
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.name
	}
	if near := Nearest(name, names); near != "" {
		return 0, "An interval has no such unit. Did you mean " + near + "s?"
	}
	return 0, intervalForm
}

// spell writes a length in the longest unit that fits it.
func spell(length time.Duration) string {
	u := unit{"second", time.Second}
	if length != 0 {
		u = units[slices.IndexFunc(units, func(u unit) bool { return length%u.length == 0 || u.length == time.Millisecond })]
	}
	s := strconv.FormatInt(int64(length/u.length), 10) + " " + u.name
	if length != u.length {
		s += "s"
	}
	return s
}

// interval writes a length as an expression.
func interval(length time.Duration) string { return "INTERVAL '" + spell(length) + "'" }
