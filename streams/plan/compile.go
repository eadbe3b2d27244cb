package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// binder compiles expressions of one query, and gathers what is wrong.
type binder struct {
	compiler *expr.Compiler
	resolve  expr.Resolve
	errs     sql.Errors
}

// value compiles an expression; it gives nil of nil, and where it is refused.
func (b *binder) value(e sql.Expr) *expr.Program {
	if e == nil {
		return nil
	}
	p, errs := b.compiler.Compile(e, b.resolve)
	b.errs = append(b.errs, errs...)
	return p
}

func (b *binder) values(list []sql.Expr) []*expr.Program {
	out := make([]*expr.Program, len(list))
	for i, e := range list {
		out[i] = b.value(e)
	}
	return out
}

// condition compiles what must be TRUE.
func (b *binder) condition(e sql.Expr) *expr.Program {
	p := b.value(e)
	if t := typeOf(p); t.Kind != expr.Null && t.Kind != expr.Boolean {
		b.errs = append(b.errs, fault(e.Pos(), brief(e), "A condition is TRUE or FALSE, and %s is %s. Compare it with something.", brief(e), t))
	}
	return p
}

func typeOf(p *expr.Program) expr.Type {
	if p == nil {
		return expr.Type{}
	}
	return p.Type()
}

// ofEvents gives the resolver of canonical paths over events, which adds to paths.
func ofEvents(paths *expr.Paths) expr.Resolve {
	return func(e sql.Expr) (*expr.Ref, *sql.Error) {
		p, ok := e.(*sql.Path)
		if !ok {
			return nil, nil
		}
		if parts, ok := fieldOf(p); ok {
			return &expr.Ref{Column: paths.Add(parts)}, nil
		}
		meta := expr.MetaOf(p.Parts[0].Name)
		ref := &expr.Ref{Meta: meta, Type: meta.Type()}
		if meta == expr.MetaHeader {
			ref.Header = p.Parts[1].Name
		}
		return ref, nil
	}
}

// compile checks every expression, finds the types, and makes the programs of the stages.
func (m *maker) compile(p *Plan) {
	b := &binder{compiler: &m.compiler, resolve: ofEvents(expr.NewPaths())}
	b.condition(p.fold.where)
	m.checkTime(p.fold.time, b.value(p.fold.time))
	for i := range p.fold.columns {
		c := &p.fold.columns[i]
		if c.star {
			continue
		}
		program := b.value(c.expr)
		c.typ = typeOf(program)
		switch {
		case c.as && c.name == "_time":
			m.checkTime(c.expr, program)
			c.typ = expr.MetaTime.Type()
		case c.as && expr.MetaOf(c.name) != expr.NoMeta:
			c.typ = expr.MetaKey.Type()
		}
	}
	for _, o := range p.fold.order {
		b.value(o.expr)
	}
	for _, s := range p.stages {
		if s.rows {
			b.resolve = s.ofBefore
		}
		if m.compileGroups(s, b); len(b.errs) > 0 {
			break
		}
		m.compilePresent(s)
	}
	m.add(b.errs...)
}

// checkTime refuses what is certainly no time.
func (m *maker) checkTime(e sql.Expr, p *expr.Program) {
	t := typeOf(p)
	if _, path := e.(*sql.Path); p != nil && (path && t.Kind == expr.Null || t.Kind != expr.Null && t.Kind != expr.Timestamp) {
		m.note(e.Pos(), brief(e), "%s is no TIMESTAMP. Write CAST(%s AS TIMESTAMP), which reads RFC 3339 and Unix milliseconds.", brief(e), brief(e))
	}
}

// compileGroups finds the types of keys, checks the aggregates, and gathers their inputs.
func (m *maker) compileGroups(s *stage, b *binder) {
	for i := range s.keys {
		s.keys[i].typ = typeOf(b.value(s.keys[i].expr))
	}
	for i := range s.calls {
		c, faults := &s.calls[i], len(b.errs)
		types := make([]expr.Type, len(c.call.Args))
		for j, a := range c.call.Args {
			types[j] = typeOf(b.value(a.Expr))
		}
		b.condition(c.call.Filter)
		if len(b.errs) > faults {
			continue
		}
		var err *sql.Error
		if c.made, err = aggregate.NewCall(c.call, types); err != nil {
			b.errs = append(b.errs, err)
		}
	}
	if len(b.errs) == 0 {
		s.share()
	}
	if s.rows {
		s.again = &again{where: b.condition(s.where)}
		for _, k := range s.keys {
			s.again.keys = append(s.again.keys, b.value(k.expr))
		}
		s.again.inputs, s.again.layout = s.bind(b)
	}
}

// share finds the inputs of the calls, in the order of their texts.
func (s *stage) share() {
	for i := range s.calls {
		in := s.calls[i].given()
		if at, had := slices.BinarySearchFunc(s.inputs, in.text, func(in input, text string) int { return cmp.Compare(in.text, text) }); !had {
			s.inputs = slices.Insert(s.inputs, at, in)
		}
	}
	for i := range s.calls {
		text := s.calls[i].given().text
		s.calls[i].input = slices.IndexFunc(s.inputs, func(in input) bool { return in.text == text })
	}
}

// given is what a call is given.
func (c *call) given() input {
	in := input{filter: c.call.Filter}
	var texts []string
	for _, i := range c.made.Args() {
		in.args = append(in.args, c.call.Args[i].Expr)
		texts = append(texts, sql.Print(c.call.Args[i].Expr))
	}
	in.text = strings.Join(texts, ", ")
	if in.filter != nil {
		in.text = strings.TrimLeft(in.text+" FILTER (WHERE "+sql.Print(in.filter)+")", " ")
	}
	return in
}

// bind compiles what the aggregates are given.
func (s *stage) bind(b *binder) ([]Input, *aggregate.Layout) {
	inputs := make([]Input, len(s.inputs))
	for i, in := range s.inputs {
		inputs[i] = Input{Filter: b.condition(in.filter), Args: b.values(in.args)}
	}
	calls, of := make([]aggregate.Call, len(s.calls)), make([]int, len(s.calls))
	for i := range s.calls {
		calls[i], of[i] = s.calls[i].made, s.calls[i].input
	}
	return inputs, aggregate.NewLayout(calls, of)
}

// describe gives the columns of the plan.
func (p *Plan) describe() {
	list := p.fold.columns
	if n := len(p.stages); n > 0 {
		list = p.stages[n-1].columns
	}
	if p.Window.Kind != window.None {
		p.Columns = []Column{{windowStart, "timestamp"}, {windowEnd, "timestamp"}}
	}
	for i := range list {
		p.Columns = append(p.Columns, Column{list[i].name, typeName(list[i].typ)})
	}
}

// typeName is a type as answers say it.
func typeName(t expr.Type) string {
	if t.Kind == expr.Null {
		return "json"
	}
	return strings.ToLower(t.String())
}
