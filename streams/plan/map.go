package plan

import (
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// Map makes output events of input events, one of each. It may be used with many rows.
type Map struct {
	data    int // the column that holds all data; -1 without *
	members []member
	key     *expr.Program // nil: the event's
	typ     *expr.Program // nil: the event's
	time    *expr.Program // nil: the event's
	values  []*expr.Program
	order   []*expr.Program
}

// member is one of the output's data.
type member struct {
	label []byte // its name as JSON, with the colon
	value *expr.Program
}

// mapping compiles the select list of a query per event.
func (p *Plan) mapping(b *binder, paths *expr.Paths) *Map {
	m := &Map{data: -1}
	for i := range p.fold.columns {
		c := &p.fold.columns[i]
		if c.star {
			m.data = paths.Add(nil)
			m.values = append(m.values, b.value(field(c.at, nil)))
			continue
		}
		program := b.value(c.expr)
		m.values = append(m.values, program)
		switch meta := expr.MetaOf(c.name); {
		case c.as && meta == expr.MetaTime:
			m.time = program
		case c.as && meta == expr.MetaKey:
			m.key = b.value(asText(c, program))
		case c.as && meta == expr.MetaType:
			m.typ = b.value(asText(c, program))
		default:
			m.members = append(m.members, member{append(expr.AppendQuoted(nil, c.name), ':'), program})
		}
	}
	for _, o := range p.fold.order {
		m.order = append(m.order, b.value(o.expr))
	}
	return m
}

// asText gives the expression of a column as a STRING.
func asText(c *column, p *expr.Program) sql.Expr {
	if typeOf(p).Kind == expr.String {
		return c.expr
	}
	return &sql.Cast{At: c.expr.Pos(), X: c.expr, Type: sql.Type{Name: "STRING"}}
}

// Append appends the data of the output event, an object with the columns that are none of the
// envelope, in the order of the text. With * it begins with the members of the event's data, each but
// where a column has its name; data that is no object is passed on as it is where there is nothing
// else (Whole), and else left out. Key, type and time are the event's where the query does not set
// them; hasTime is false if it gives no time, which makes the event a failed one. They are valid
// until the row is reset.
func (m *Map) Append(dst []byte, row *expr.Row) (data []byte, key, typ string, time int64, hasTime bool) {
	e := row.Event
	key, typ, time, hasTime = e.Key, e.Type, e.Time, true
	if m.key != nil {
		key = m.key.Eval(row).Text()
	}
	if m.typ != nil {
		typ = m.typ.Eval(row).Text()
	}
	if m.time != nil {
		v := m.time.Eval(row)
		time, hasTime = v.Integer(), v.Kind() == expr.Timestamp
	}
	if m.Whole() {
		return append(dst, e.Data...), key, typ, time, hasTime
	}
	from := len(dst)
	dst = append(dst, '{')
	if v, ok := m.object(row); ok {
		if dst = m.keep(dst, v); len(dst) > from+1 && len(m.members) > 0 {
			dst = append(dst, ',')
		}
	}
	for i := range m.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, m.members[i].label...)
		dst = expr.AppendJSON(dst, m.members[i].value.Eval(row))
	}
	return append(dst, '}'), key, typ, time, hasTime
}

// Whole says whether Append passes the event's data on as it is, so that the output has the event's
// content type. Else it is JSON.
func (m *Map) Whole() bool { return m.data >= 0 && len(m.members) == 0 }

// Values appends the columns of the output, in the order of Plan.Columns; * is the data itself.
func (m *Map) Values(row *expr.Row, dst []expr.Value) []expr.Value {
	for _, p := range m.values {
		dst = append(dst, p.Eval(row))
	}
	return dst
}

// Order appends what ORDER BY sorts by, for Plan.CompareOrder.
func (m *Map) Order(row *expr.Row, dst []expr.Value) []expr.Value {
	for _, p := range m.order {
		dst = append(dst, p.Eval(row))
	}
	return dst
}

// object is the event's data, if it is one.
func (m *Map) object(row *expr.Row) (string, bool) {
	if m.data < 0 {
		return "", false
	}
	v := row.Columns[m.data]
	return v.Text(), v.Kind() == expr.JSON && v.Text()[0] == '{'
}

// keep appends the members of an object, written without spaces, that no column takes the place of.
func (m *Map) keep(dst []byte, object string) []byte {
	for i, first := 1, true; object[i] != '}'; {
		if object[i] == ',' {
			i++
		}
		colon := textEnd(object, i)
		end := valueEnd(object, colon+1)
		if !m.takes(object[i : colon+1]) {
			if !first {
				dst = append(dst, ',')
			}
			dst = append(dst, object[i:end]...)
			first = false
		}
		i = end
	}
	return dst
}

// takes says whether a column has a name, written with the colon. A name that the data writes with
// escapes is kept beside the column's; of two members with one name readers take the last.
func (m *Map) takes(label string) bool {
	for i := range m.members {
		if string(m.members[i].label) == label {
			return true
		}
	}
	return false
}

// textEnd is the place after the text that begins at i.
func textEnd(s string, i int) int {
	for i++; s[i] != '"'; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// valueEnd is the place after the value that begins at i.
func valueEnd(s string, i int) int {
	for depth := 0; ; i++ {
		switch s[i] {
		case '"':
			i = textEnd(s, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
}
