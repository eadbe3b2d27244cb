package expr

import (
	"cmp"
	"slices"

	"github.com/edgedhq/edged/streams/sql"
)

// condition wants a BOOLEAN.
func (c *Compiler) condition(e sql.Expr, n *node) {
	if n.typ.certain() && n.typ.Kind != Boolean {
		c.fault(e, "A condition is TRUE or FALSE, and %s is %s. Compare it with something.", clip(sql.Print(e)), n.typ)
	}
}

// connect is AND and OR. Cheap conditions are tested first; those with a cast that can fail come
// last, in their order, so that no event fails that would not have failed in the order of the text.
func (c *Compiler) connect(e *sql.Binary) (*node, bool) {
	var all []*node
	constant := true
	var gather func(x sql.Expr)
	gather = func(x sql.Expr) {
		if b, ok := x.(*sql.Binary); ok && b.Op == e.Op {
			gather(b.Left)
			gather(b.Right)
			return
		}
		n := c.compile(x)
		c.condition(x, n)
		all = append(all, n)
		constant = constant && n.constant
	}
	gather(e)
	slices.SortStableFunc(all, func(a, b *node) int {
		switch {
		case a.fails && b.fails:
			return 0
		case a.fails:
			return 1
		case b.fails:
			return -1
		}
		return cmp.Compare(a.cost, b.cost)
	})
	ends := truthOf(e.Op == "OR")
	if len(all) == 2 {
		return connectTwo(ends, all[0], all[1]), constant
	}
	return testNode(func(r *Row) truth {
		sum := ends ^ 1
		for _, n := range all {
			switch n.test(r) {
			case ends:
				return ends
			case unknown:
				sum = unknown
			}
		}
		return sum
	}, all...), constant
}

// connectTwo is the connection of two, the usual one.
func connectTwo(ends truth, a, b *node) *node {
	return testNode(func(r *Row) truth {
		x := a.test(r)
		if x == ends {
			return x
		}
		y := b.test(r)
		if y == ends || x != unknown {
			return y
		}
		return unknown
	}, a, b)
}

// The outcomes of Compare that an operator takes for TRUE, as bits: less, equal, more.
var outcomes = map[string]uint8{ // read-only
	"<": 1, "<=": 3, "=": 2, ">=": 6, ">": 4, "<>": 5,
}

// side is one side of a comparison.
type side struct {
	e sql.Expr
	*node
}

// comparison compiles a comparison.
func (c *Compiler) comparison(op string, left, right side) *node {
	a, b := exactly(left.node, right.node), exactly(right.node, left.node)
	if !comparable(op, a.typ.Kind, b.typ.Kind) {
		return c.incomparable(op, left, right)
	}
	mask := outcomes[op]
	if a.constant && !b.constant {
		a, b = b, a
		mask = mask&2 | mask>>2 | mask<<2&4
	}
	if b.constant {
		return constantComparison(mask, a, b.value)
	}
	return testNode(func(r *Row) truth { return r.compare(mask, a.eval(r), b.eval(r)) }, a, b)
}

// incomparable refuses a comparison, and says which cast would allow it.
func (c *Compiler) incomparable(op string, left, right side) *node {
	text, other := left, right
	if right.typ.Kind == String {
		text, other = right, left
	}
	if text.typ.Kind != String || !castable(String, other.typ.Kind) {
		return c.fault(right.e, "%s is %s and %s is %s: %s does not compare them.", clip(sql.Print(left.e)), left.typ, clip(sql.Print(right.e)), right.typ, op)
	}
	return c.fault(text.e, "%s is STRING, and is compared with %s. Write CAST(%s AS %s).", clip(sql.Print(text.e)), other.typ, clip(sql.Print(text.e)), other.typ)
}

// comparable says whether an operator may compare two kinds.
func comparable(op string, a, b Kind) bool {
	if a == Null || b == Null {
		return true
	}
	return ranks[a] == ranks[b] && (a != JSON || op == "=" || op == "<>")
}

// compare is the comparison of any two values. A DECIMAL meets a DOUBLE as the nearest DOUBLE, so
// that 0.13 is 0.13; in the order of groups they differ.
func (r *Row) compare(mask uint8, a, b Value) truth {
	switch {
	case a.kind == Decimal && b.kind == Double, a.kind == Double && b.kind == Decimal:
		x, _ := a.Number()
		y, _ := b.Number()
		return truth(mask >> (cmp.Compare(x, y) + 1) & 1)
	case a.kind == Null || b.kind == Null:
		return unknown
	case ranks[a.kind] != ranks[b.kind], a.kind == JSON && mask != 2 && mask != 5:
		r.Mistyped++
		return unknown
	}
	return truth(mask >> (Compare(a, b) + 1) & 1)
}

// constantComparison compares with what is known, by the way of the usual kind.
func constantComparison(mask uint8, a *node, k Value) *node {
	eval := a.eval
	switch {
	case k.kind == Integer:
		i := int64(k.bits)
		return testNode(func(r *Row) truth {
			if v := eval(r); v.kind == Integer {
				return truth(mask >> (cmp.Compare(int64(v.bits), i) + 1) & 1)
			} else {
				return r.compare(mask, v, k)
			}
		}, a)
	case k.kind == String && (mask == 2 || mask == 5):
		text, equal := k.Text(), truthOf(mask == 2)
		return testNode(func(r *Row) truth {
			v := eval(r)
			if v.kind != String {
				return r.compare(mask, v, k)
			}
			if v.Text() == text {
				return equal
			}
			return equal ^ 1
		}, a)
	}
	return testNode(func(r *Row) truth { return r.compare(mask, eval(r), k) }, a)
}

func (c *Compiler) is(e *sql.Is) (*node, bool) {
	x, not := c.compile(e.X), truthOf(e.Not)
	switch e.What {
	case "NULL":
		return testNode(func(r *Row) truth { return truthOf(x.eval(r).kind == Null) ^ not }, x), x.constant
	case "DISTINCT":
		y := c.compile(e.From)
		x, y = exactly(x, y), exactly(y, x)
		return testNode(func(r *Row) truth { return truthOf(!Equal(x.eval(r), y.eval(r))) ^ not }, x, y), x.constant && y.constant
	}
	c.condition(e.X, x)
	want := truthOf(e.What == "TRUE")
	return testNode(func(r *Row) truth { return truthOf(x.test(r) == want) ^ not }, x), x.constant
}

func (c *Compiler) between(e *sql.Between) (*node, bool) {
	x, low, high := c.compile(e.X), c.compile(e.Low), c.compile(e.High)
	constant := x.constant && low.constant && high.constant
	faults := len(c.errs)
	c.comparison(">=", side{e.X, x}, side{e.Low, low})
	c.comparison("<=", side{e.X, x}, side{e.High, high})
	if len(c.errs) > faults {
		return unsure(), false
	}
	low, high = exactly(low, x), exactly(high, x)
	return testNode(func(r *Row) truth {
		v := x.eval(r)
		t := r.compare(6, v, low.eval(r))
		if t != no {
			if u := r.compare(3, v, high.eval(r)); u != yes {
				t = u
			}
		}
		return negateIf(e.Not, t)
	}, x, low, high), constant
}

// negateIf is NOT t where NOT was written.
func negateIf(not bool, t truth) truth {
	if not {
		return t.not()
	}
	return t
}

func (c *Compiler) in(e *sql.In) (*node, bool) {
	x := c.compile(e.X)
	constant := x.constant
	all := []*node{x}
	for _, item := range e.List {
		n := c.compile(item)
		faults := len(c.errs)
		if c.comparison("=", side{e.X, x}, side{item, n}); len(c.errs) > faults {
			return unsure(), false
		}
		all = append(all, exactly(n, x))
		constant = constant && n.constant
	}
	list, not := all[1:], e.Not
	return testNode(func(r *Row) truth {
		v, sum := x.eval(r), no
		for _, n := range list {
			switch r.compare(2, v, n.eval(r)) {
			case yes:
				return negateIf(not, yes)
			case unknown:
				sum = unknown
			}
		}
		return negateIf(not, sum)
	}, all...), constant
}

// choice is CASE: of the arms only that which is taken is evaluated.
func (c *Compiler) choice(e *sql.Case) (*node, bool) {
	var tests, values, all []*node
	var subject *node
	if e.Subject != nil {
		subject = c.compile(e.Subject)
		all = append(all, subject)
	}
	for _, w := range e.Whens {
		n := c.compile(w.If)
		if subject == nil {
			c.condition(w.If, n)
		} else {
			c.comparison("=", side{e.Subject, subject}, side{w.If, n})
			n = exactly(n, subject)
		}
		tests = append(tests, n)
		values = append(values, c.compile(w.Then))
	}
	other := constantNode(Value{})
	if e.Else != nil {
		other = c.compile(e.Else)
	}
	values = append(values, other)
	all = append(append(all, tests...), values...)
	n := valueNode(unite(values), func(r *Row) Value {
		return values[r.arm(subject, tests)].eval(r)
	}, all...)
	n.test = func(r *Row) truth { return values[r.arm(subject, tests)].test(r) }
	return n, !slices.ContainsFunc(all, func(n *node) bool { return !n.constant })
}

// arm is the first that is TRUE, or equal to the subject.
func (r *Row) arm(subject *node, tests []*node) int {
	if subject == nil {
		for i, t := range tests {
			if t.test(r) == yes {
				return i
			}
		}
		return len(tests)
	}
	v := subject.eval(r)
	for i, t := range tests {
		if r.compare(2, v, t.eval(r)) == yes {
			return i
		}
	}
	return len(tests)
}

// unite is the type that all of some nodes have, constants of NULL aside.
func unite(all []*node) Type {
	var t Type
	first := true
	for _, n := range all {
		switch {
		case n.constant && n.value.kind == Null:
		case first:
			t, first = n.typ, false
		case n.typ != t:
			return Type{}
		}
	}
	return t
}
