package expr

import (
	"fmt"
	"strings"

	"github.com/edgedhq/edged/streams/sql"
)

// function is one of the catalogue. Takes has a letter an argument; those after | may be left out, and
// the last may be repeated where + follows it:
//
//	s STRING   y STRING or BYTES   n number   i INTEGER   b BOOLEAN   t TIMESTAMP   d INTERVAL   j JSON   x any
//
// A capital letter is a constant. An argument of NULL gives NULL, one of a wrong type too, and counts;
// with open, the function sees NULL itself.
type function struct {
	name    string
	takes   string
	form    string // how it is called
	result  Type
	open    bool
	cost    int // as of a node; 0 is the usual 50
	call    func(r *Row, args []Value) Value
	build   func(c *Compiler, e *sql.Call, args []*node) *node                         // instead, when not all arguments are evaluated, or they have names
	prepare func(c *Compiler, args []*node) (func(r *Row, args []Value) Value, string) // instead of call, when constants matter
}

// kindsOf are the kinds that a letter takes, as bits.
var kindsOf = [128]uint16{ // read-only
	's': 1 << String, 'y': 1<<String | 1<<Bytes, 'n': 1<<Integer | 1<<Double | 1<<Decimal, 'i': 1 << Integer, 'b': 1 << Boolean,
	't': 1 << Timestamp, 'd': 1 << Interval, 'j': 1 << JSON, 'x': 1<<(JSON+1) - 1,
}

// kindsText says what a letter takes.
var kindsText = map[byte]string{ // read-only
	's': "a STRING", 'y': "a STRING or BYTES", 'n': "a number", 'i': "an INTEGER", 'b': "a condition", 't': "a TIMESTAMP", 'd': "an INTERVAL",
	'j': "an object or an array", 'x': "anything",
}

// The types that functions give.
var (
	isString    = Type{Kind: String}    // read-only
	isBytes     = Type{Kind: Bytes}     // read-only
	isInteger   = Type{Kind: Integer}   // read-only
	isDouble    = Type{Kind: Double}    // read-only
	isBoolean   = Type{Kind: Boolean}   // read-only
	isTimestamp = Type{Kind: Timestamp} // read-only
	isJSON      = Type{Kind: JSON}      // read-only
)

// Functions are the names of the scalar functions, in the order of the catalogue.
func Functions() []string {
	var names []string
	for _, kind := range catalogue() {
		for i := range kind {
			names = append(names, kind[i].name)
		}
	}
	return names
}

func catalogue() [][]function {
	return [][]function{stringFunctions, regexpFunctions, mathFunctions, timeFunctions, jsonFunctions, choiceFunctions, geoFunctions}
}

// lookup finds a function by name.
func lookup(name string) *function {
	for _, kind := range catalogue() {
		for i := range kind {
			if kind[i].name == name {
				return &kind[i]
			}
		}
	}
	return nil
}

// arguments is what takes says: a letter each, the least number, and whether the last is repeated.
func (f *function) arguments() (letters string, least int, more bool) {
	letters, more = strings.CutSuffix(f.takes, "+")
	before, after, _ := strings.Cut(letters, "|")
	return before + after, len(before), more
}

// call compiles a call of a scalar function.
func (c *Compiler) call(e *sql.Call) (*node, bool) {
	f := lookup(e.Name)
	if f == nil {
		return c.unknown(e), false
	}
	if e.Star || e.Distinct || e.Filter != nil || e.By != nil {
		return c.fault(e, "%s is no aggregate: *, DISTINCT, FILTER and BY have no place here. Write %s.", e.Name, f.form), false
	}
	letters, least, more := f.arguments()
	if n := len(e.Args); n < least || n > len(letters) && !more {
		return c.fault(e, "%s takes %s, not %d. Write %s.", e.Name, counted(least, len(letters), more), n, f.form), false
	}
	args, constant := make([]*node, len(e.Args)), true
	for i := range e.Args {
		args[i] = c.compile(e.Args[i].Expr)
		constant = constant && args[i].constant
	}
	kinds, ok := c.argumentKinds(e, f, letters, args)
	if !ok {
		return unsure(), false
	}
	call := f.call
	if f.prepare != nil {
		var fault string
		if call, fault = f.prepare(c, args); fault != "" {
			return c.fault(e, "%s", fault), false
		}
	}
	if f.build != nil {
		return f.build(c, e, args), constant
	}
	return callNode(f, call, args, kinds), constant
}

// counted says how many arguments there may be.
func counted(least, most int, more bool) string {
	switch {
	case more:
		return "at least 1 value"
	case least == most && least == 1:
		return "1 value"
	case least == most:
		return fmt.Sprintf("%d values", least)
	case most == least+1:
		return fmt.Sprintf("%d or %d values", least, most)
	}
	return fmt.Sprintf("%d to %d values", least, most)
}

func (c *Compiler) unknown(e *sql.Call) *node {
	if c.full() {
		return unsure()
	}
	if near := sql.Nearest(e.Name, Functions()); near != "" {
		return c.fault(e, "%s is no function. Did you mean %s?", clip(e.Name), near)
	}
	return c.fault(e, "%s is no function here.", clip(e.Name))
}

// argumentKinds gives the kinds that each argument may have, and refuses those that are certainly
// others.
func (c *Compiler) argumentKinds(e *sql.Call, f *function, letters string, args []*node) ([]uint16, bool) {
	kinds, ok := make([]uint16, len(args)), true
	for i, n := range args {
		letter := letters[min(i, len(letters)-1)]
		x := e.Args[i].Expr
		if letter < 'a' {
			letter += 'a' - 'A'
			if !n.constant {
				c.fault(x, "%s takes a constant here: %s.", e.Name, f.form)
				ok = false
				continue
			}
		}
		kinds[i] = kindsOf[letter]
		if !n.typ.certain() || kinds[i]>>n.typ.Kind&1 != 0 {
			continue
		}
		c.fault(x, "%s takes %s here, and %s is %s: %s.", e.Name, kindsText[letter], clip(sql.Print(x)), n.typ, f.form)
		ok = false
	}
	return kinds, ok
}

// callNode evaluates the arguments, and calls if their kinds are right.
func callNode(f *function, call func(r *Row, args []Value) Value, args []*node, kinds []uint16) *node {
	open := f.open
	n := valueNode(f.result, func(r *Row) Value {
		base, null, wrong := len(r.stack), false, false
		for i, a := range args {
			v := a.eval(r)
			null = null || v.kind == Null
			wrong = wrong || v.kind != Null && kinds[i]>>v.kind&1 == 0
			r.stack = append(r.stack, v)
		}
		given := r.stack[base:]
		r.stack = r.stack[:base]
		switch {
		case wrong, !r.Text.room(0):
			return r.mistype()
		case null && !open:
			return Value{}
		}
		return call(r, given)
	}, args...)
	return n.spend(max(50, f.cost), args)
}
