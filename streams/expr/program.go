package expr

import "github.com/edgedhq/edged/streams/sql"

// Program is a compiled expression. It never changes, and may be used with many rows.
type Program struct{ node *node }

// Eval computes the value. Its text is valid until the row is reset.
func (p *Program) Eval(r *Row) Value { return p.node.eval(r) }

// Test says whether the expression is TRUE, as WHERE and FILTER ask.
func (p *Program) Test(r *Row) bool { return p.node.test(r) == yes }

// Type is what is certain of the value.
func (p *Program) Type() Type { return p.node.typ }

// Constant gives the value of an expression that needs no row.
func (p *Program) Constant() (Value, bool) { return p.node.value, p.node.constant }

// Ref says where a row holds a value: in a meta column, or in a column, and then perhaps within the
// object or array that stands there.
type Ref struct {
	Meta   Meta
	Header string
	Column int
	Within []sql.Part
	Type   Type
}

// truth is what a condition gives.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

// value is a truth as a BOOLEAN or NULL.
func (t truth) value() Value {
	if t == unknown {
		return Value{}
	}
	return OfBoolean(t == yes)
}

func (t truth) not() truth {
	if t == unknown {
		return t
	}
	return t ^ 1
}

// truthOf is a bool as a truth.
func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// node is a compiled part of an expression.
type node struct {
	typ      Type
	eval     func(*Row) Value
	test     func(*Row) truth
	constant bool
	value    Value
	cost     int  // in nanoseconds or so
	fails    bool // a cast within may fail
	exact    bool // a DECIMAL, or beyond 38 digits a DOUBLE
}

// decimal says whether the node computes with DECIMALs.
func (n *node) decimal() bool { return n.typ.Kind == Decimal || n.exact }

// valueNode gives a node that computes values.
func valueNode(t Type, eval func(*Row) Value, from ...*node) *node {
	n := &node{typ: t, eval: eval, test: func(r *Row) truth { return r.truth(eval(r)) }}
	return n.spend(10, from)
}

// testNode gives a node that computes conditions.
func testNode(test func(*Row) truth, from ...*node) *node {
	n := &node{typ: Type{Kind: Boolean}, test: test, eval: func(r *Row) Value { return test(r).value() }}
	return n.spend(5, from)
}

// spend adds up what a node costs with those below it.
func (n *node) spend(own int, from []*node) *node {
	n.cost = own
	for _, f := range from {
		n.cost += f.cost
		n.fails = n.fails || f.fails
	}
	return n
}

// truth takes a value as a condition.
func (r *Row) truth(v Value) truth {
	switch v.kind {
	case Boolean:
		return truth(v.bits)
	case Null:
		return unknown
	}
	r.Mistyped++
	return unknown
}

// constantNode gives a value that is known.
func constantNode(v Value) *node {
	n := &node{typ: Type{Kind: v.kind}, constant: true, value: v}
	if v.kind == Decimal {
		n.typ.Precision, n.typ.Scale = int(v.precision), int(v.scale)
	}
	n.eval = func(*Row) Value { return v }
	n.test = func(r *Row) truth { return r.truth(v) }
	return n
}
