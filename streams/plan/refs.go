package plan

import (
	"reflect"
	"slices"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// The row over which a stage computes its select list, HAVING and QUALIFY:
//
//	window_start, window_end │ keys, aggregates  or  columns of the stage before │ columns of the select list
const boundsCount = 2

// given is the number of keys and aggregates, or of columns before.
func (s *stage) given() int {
	if s.grouped {
		return len(s.keys) + len(s.calls)
	}
	return len(s.before.columns)
}

// ofBefore resolves canonical paths over the rows of the stage before.
func (s *stage) ofBefore(e sql.Expr) (*expr.Ref, *sql.Error) {
	p, ok := e.(*sql.Path)
	if !ok {
		return nil, nil
	}
	if ref := ofBound(p); ref != nil {
		return ref, nil
	}
	parts, _ := fieldOf(p)
	for i := range s.before.columns {
		if c := &s.before.columns[i]; len(parts) > 0 && parts[0].Name == c.name {
			return refTo(boundsCount+i, c.typ, parts[1:]), nil
		}
	}
	return nil, fault(p.At, brief(p), "The inner query gives no column %s.", brief(p))
}

// ofBound resolves a bound of the window.
func ofBound(p *sql.Path) *expr.Ref {
	switch p.Parts[0].Name {
	case windowStart:
		return refTo(0, expr.MetaTime.Type(), nil)
	case windowEnd:
		return refTo(1, expr.MetaTime.Type(), nil)
	}
	return nil
}

// refTo refers to a column, or to what lies within it.
func refTo(column int, typ expr.Type, within []sql.Part) *expr.Ref {
	if len(within) > 0 {
		return &expr.Ref{Column: column, Within: within}
	}
	return &expr.Ref{Column: column, Type: typ}
}

// ofRow resolves canonical expressions over a row of the stage: what was grouped by or aggregated is
// taken from there.
func (s *stage) ofRow(e sql.Expr) (*expr.Ref, *sql.Error) {
	p, path := e.(*sql.Path)
	if path {
		if i, member := s.members[p]; member {
			return refTo(boundsCount+s.given()+i, expr.Type{}, p.Parts[1:]), nil
		}
	}
	if !s.grouped {
		return s.ofBefore(e)
	}
	if path {
		if ref := ofBound(p); ref != nil {
			return ref, nil
		}
		return s.ofKey(p)
	}
	if c, ok := e.(*sql.Call); ok {
		if at, had := slices.BinarySearchFunc(s.calls, sql.Print(c), byText); had {
			return refTo(boundsCount+len(s.keys)+at, s.calls[at].made.Type(), nil), nil
		}
	}
	text := ""
	for i := range s.keys {
		k := &s.keys[i]
		if reflect.TypeOf(k.expr) != reflect.TypeOf(e) {
			continue
		}
		if text == "" {
			text = sql.Print(e)
		}
		if text == k.text {
			return refTo(boundsCount+i, k.typ, nil), nil
		}
	}
	return nil, nil
}

// ofKey finds the group column that a path is, or lies within.
func (s *stage) ofKey(p *sql.Path) (*expr.Ref, *sql.Error) {
	for i := range s.keys {
		k, ok := s.keys[i].expr.(*sql.Path)
		if ok && len(k.Parts) <= len(p.Parts) && slices.Equal(k.Parts, p.Parts[:len(k.Parts)]) {
			return refTo(boundsCount+i, s.keys[i].typ, p.Parts[len(k.Parts):]), nil
		}
	}
	return nil, fault(p.At, brief(p), "%s is not in GROUP BY, and a group may have many of it. Write LAST(%s), or group by it.", brief(p), brief(p))
}
