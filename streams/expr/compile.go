package expr

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/edgedhq/edged/streams/sql"
)

// Compiler makes the programs of one query: what they take of memory is bounded together. The zero
// Compiler is ready.
type Compiler struct {
	resolve      Resolve
	errs         sql.Errors
	row          Row // that constants are computed over
	patterns     map[string]*regexp.Regexp
	patternParts int
}

// Resolve says where a row holds the value of an expression: nil if it must be computed. It is asked
// for every path, where it may not give nil without an error, and for every other expression that is
// no literal, so that what was computed before, as group columns and aggregates, is taken from there.
type Resolve func(e sql.Expr) (*Ref, *sql.Error)

// Compile makes a program of an expression, or says what is wrong with it, up to 10 faults: after one
// it goes on with NULL in its place.
func (c *Compiler) Compile(e sql.Expr, resolve Resolve) (*Program, sql.Errors) {
	c.resolve, c.errs, c.row.Text.most = resolve, nil, foldedBytesMax
	n := c.compile(e)
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return &Program{n}, nil
}

// foldedBytesMax bounds the texts that are made when constants are computed; more is left to the
// events.
const foldedBytesMax = 1 << 18

// errorsMax is how many faults are noted.
const errorsMax = 10

// full says whether no more faults are noted.
func (c *Compiler) full() bool { return len(c.errs) >= errorsMax }

// fault notes what is wrong with an expression.
func (c *Compiler) fault(e sql.Expr, message string, args ...any) *node {
	if c.full() {
		return unsure()
	}
	at := e.Pos()
	c.errs = append(c.errs, &sql.Error{
		Line: int(at.Line), Column: int(at.Column), Value: clip(sql.Print(e)), Message: fmt.Sprintf(message, args...),
	})
	return unsure()
}

// unsure is a node of which nothing is known, so that one fault does not lead to more.
func unsure() *node {
	n := constantNode(Value{})
	n.constant = false
	return n
}

// clip shortens what an error quotes.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// compile makes a node, of a constant if it can be computed now.
func (c *Compiler) compile(e sql.Expr) *node {
	if l, ok := e.(*sql.Literal); ok {
		return c.literal(l)
	}
	ref, err := c.resolve(e)
	if err != nil {
		if !c.full() {
			c.errs = append(c.errs, err)
		}
		return unsure()
	}
	if ref != nil {
		return refNode(ref)
	}
	faults := len(c.errs)
	n, constant := c.compound(e)
	if !constant || len(c.errs) > faults {
		return n
	}
	return c.fold(e, n)
}

// fold computes a node whose parts are constants.
func (c *Compiler) fold(e sql.Expr, n *node) *node {
	c.row.failed, c.row.Mistyped = false, 0
	v := n.eval(&c.row)
	if f := c.row.Failure(); f != nil {
		return c.fault(e, "%s", f.Error())
	}
	if c.row.Mistyped > 0 {
		return n
	}
	k := constantNode(v.Clone())
	if v.kind == Null {
		k.typ = n.typ
	}
	return k
}

// compound makes a node of what has parts, and says whether they are constants.
func (c *Compiler) compound(e sql.Expr) (n *node, constant bool) {
	switch e := e.(type) {
	case *sql.Interval:
		return constantNode(OfInterval(int64(e.Length))), false
	case *sql.Unary:
		return c.unary(e)
	case *sql.Binary:
		return c.binary(e)
	case *sql.Is:
		return c.is(e)
	case *sql.Between:
		return c.between(e)
	case *sql.In:
		return c.in(e)
	case *sql.Like:
		return c.like(e)
	case *sql.Cast:
		return c.cast(e)
	case *sql.Case:
		return c.choice(e)
	case *sql.Call:
		return c.call(e)
	}
	return c.fault(e, "%s stands for nothing here.", sql.Print(e)), false
}

func (c *Compiler) literal(l *sql.Literal) *node {
	switch l.Kind {
	case sql.Boolean:
		return constantNode(OfBoolean(l.Text == "TRUE"))
	case sql.String:
		return constantNode(OfString(l.Text))
	case sql.Number:
		v, ok := castNumber(l.Text, Type{Kind: Double})
		if i, whole := castNumber(l.Text, Type{Kind: Integer}); whole {
			v, ok = i, true
		}
		if !ok {
			return c.fault(l, "%s is too large for a number. Numbers go to 1.8e308.", clip(l.Text))
		}
		return constantNode(v)
	}
	return constantNode(Value{})
}

// refNode reads what a row holds.
func refNode(ref *Ref) *node {
	var n *node
	switch column := ref.Column; {
	case ref.Meta != NoMeta:
		meta, header := ref.Meta, ref.Header
		n = valueNode(ref.Type, func(r *Row) Value { return r.meta(meta, header) })
	case len(ref.Within) > 0:
		within := ref.Within
		n = valueNode(ref.Type, func(r *Row) Value { return r.within(r.Columns[column], within) })
		n.cost = 50
	default:
		n = valueNode(ref.Type, func(r *Row) Value { return r.Columns[column] })
		n.cost = 2
	}
	return n
}

func (c *Compiler) unary(e *sql.Unary) (*node, bool) {
	x := c.compile(e.X)
	if e.Op == "NOT" {
		c.condition(e.X, x)
		return testNode(func(r *Row) truth { return x.test(r).not() }, x), x.constant
	}
	if k := x.typ.Kind; x.typ.certain() && !k.number() && k != Interval {
		return c.fault(e, "- takes a number or an interval, and %s is %s.", sql.Print(e.X), x.typ), false
	}
	n := valueNode(x.typ.negated(), func(r *Row) Value {
		v, ok := negate(x.eval(r))
		if !ok {
			return r.mistype()
		}
		return v
	}, x)
	n.exact = x.exact
	return n, x.constant
}

// negated is the type of -v: an INTEGER may become a DOUBLE.
func (t Type) negated() Type {
	if t.Kind == Integer {
		return Type{}
	}
	return t
}

func (c *Compiler) binary(e *sql.Binary) (*node, bool) {
	switch e.Op {
	case "AND", "OR":
		return c.connect(e)
	case "=", "<>", "<", "<=", ">", ">=":
		a, b := c.compile(e.Left), c.compile(e.Right)
		return c.comparison(e.Op, side{e.Left, a}, side{e.Right, b}), a.constant && b.constant
	}
	a, b := c.pair(e.Left, e.Right)
	if e.Op == "||" {
		return concatenation(a, b), a.constant && b.constant
	}
	if !fits(e.Op, a.typ, b.typ) {
		return c.fault(e, "%s does not go with %s and %s. Cast one of them, as in CAST(%s AS DOUBLE).", e.Op, a.typ, b.typ, misfit(e, a)), false
	}
	op := e.Op[0]
	n := valueNode(arithmeticType(e.Op, a.typ, b.typ), func(r *Row) Value {
		v, ok := arithmetic(op, a.eval(r), b.eval(r))
		if !ok {
			return r.mistype()
		}
		return v
	}, a, b)
	n.exact = a.decimal() && (b.decimal() || b.typ.Kind == Integer) || b.decimal() && a.typ.Kind == Integer
	return n, a.constant && b.constant
}

// misfit is the operand that is no number.
func misfit(e *sql.Binary, a *node) string {
	if !a.typ.certain() || a.typ.Kind.number() {
		return sql.Print(e.Right)
	}
	return sql.Print(e.Left)
}

// pair compiles two operands; a number beside a DECIMAL is read as one, digit for digit.
func (c *Compiler) pair(left, right sql.Expr) (a, b *node) {
	a, b = c.compile(left), c.compile(right)
	return exactly(a, b), exactly(b, a)
}

// exactly makes a DOUBLE constant a DECIMAL where the other side is one.
func exactly(n, other *node) *node {
	if !n.constant || n.typ.Kind != Double || !other.decimal() {
		return n
	}
	if d := n.value.written(); d.scale <= digitsMax {
		if d, ok := d.rescale(max(0, d.scale)); ok {
			if v, ok := d.value(digitsMax); ok {
				return constantNode(v)
			}
		}
	}
	return n
}

// fits says whether an operator may go with two types.
func fits(op string, a, b Type) bool {
	some := func(t Type) []Value {
		if t.certain() {
			return []Value{{kind: t.Kind, bits: 1}}
		}
		return []Value{{kind: Integer, bits: 1}, {kind: Interval, bits: 1}, {kind: Timestamp, bits: 1}}
	}
	for _, x := range some(a) {
		for _, y := range some(b) {
			if _, ok := arithmetic(op[0], x, y); ok {
				return true
			}
		}
	}
	return false
}

// arithmeticType is what is certain of a result.
func arithmeticType(op string, a, b Type) Type {
	switch {
	case !a.certain() || !b.certain():
		return Type{}
	case a.Kind.number() && b.Kind.number():
		if a.Kind == Double || b.Kind == Double || op == "/" && a.Kind == Integer && b.Kind == Integer {
			return Type{Kind: Double}
		}
		return Type{} // INTEGER and DECIMAL may become DOUBLE
	}
	v, _ := arithmetic(op[0], Value{kind: a.Kind, bits: 1}, Value{kind: b.Kind, bits: 1})
	return Type{Kind: v.kind}
}

// concatenation is ||: texts end to end, other values as a cast to STRING writes them.
func concatenation(a, b *node) *node {
	return valueNode(Type{Kind: String}, func(r *Row) Value {
		x, y := a.eval(r), b.eval(r)
		if x.kind == Null || y.kind == Null {
			return Value{}
		}
		return r.concat(x, y)
	}, a, b)
}

func (c *Compiler) cast(e *sql.Cast) (*node, bool) {
	x, to, at := c.compile(e.X), typeOf(e.Type), e.At
	if !castable(x.typ.Kind, to.Kind) {
		return c.fault(e, "No %s can be cast to %s.", x.typ, to), false
	}
	n := valueNode(to, func(r *Row) Value {
		v := x.eval(r)
		if v.kind == to.Kind && to.Kind != Decimal {
			return v
		}
		w, ok := r.cast(v, to)
		if !ok {
			return r.fail(at, to, v)
		}
		return w
	}, x)
	if n.fails = x.fails || !e.Try; e.Try {
		n.eval = func(r *Row) Value {
			w, ok := r.cast(x.eval(r), to)
			if !ok {
				return Value{}
			}
			return w
		}
		eval := n.eval
		n.test = func(r *Row) truth { return r.truth(eval(r)) }
	}
	return n, x.constant
}
