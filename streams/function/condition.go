package function

import (
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// condition is an expression over the columns of rows, as they stand in JSON. It is used by one at
// a time.
type condition struct {
	program   *expr.Program
	extractor *expr.Extractor
	row       expr.Row
	text      expr.Arena
}

// condition compiles a text over the view's columns; location says where it came from.
func (v *view) condition(text, location string) (*condition, error) {
	e, err := sql.ParseExpr(text)
	if err != nil {
		return nil, badFilter(err, location)
	}
	if _, errs := v.plan.Filter(e); len(errs) > 0 {
		return nil, badFilter(errs, location)
	}
	return compileCondition(e, location)
}

func compileCondition(e sql.Expr, location string) (*condition, error) {
	paths := expr.NewPaths()
	var c expr.Compiler
	program, errs := c.Compile(e, func(e sql.Expr) (*expr.Ref, *sql.Error) {
		if p, ok := e.(*sql.Path); ok {
			return &expr.Ref{Column: paths.Add(p.Parts)}, nil
		}
		return nil, nil
	})
	if len(errs) > 0 {
		return nil, badFilter(errs, location)
	}
	return &condition{
		program: program, extractor: expr.NewExtractor(paths), row: expr.Row{Columns: make([]expr.Value, paths.Columns())},
	}, nil
}

// columnOf is the expression that names one column.
func columnOf(name string) *condition {
	c, _ := compileCondition(&sql.Path{Parts: []sql.Part{{Name: name}}}, "") // a path alone is never refused
	return c
}

// badFilter is the refusal of a condition.
func badFilter(err error, location string) error {
	var errs sql.Errors
	if !errors.As(err, &errs) {
		return edged.RefuseField(edged.FilterInvalid, location, nil, "%s", err.Error())
	}
	r := edged.Refuse(edged.FilterInvalid, "%s", errs[0].Message)
	r.Fields = fieldsOf(errs, location)
	return r
}

// value computes the expression over a row.
func (c *condition) value(l *line) expr.Value {
	c.fill(l)
	return c.program.Eval(&c.row).Clone()
}

// test says whether the expression is TRUE of a row.
func (c *condition) test(l *line) bool {
	c.fill(l)
	return c.program.Test(&c.row)
}

// testData says whether the expression is TRUE of a row in JSON.
func (c *condition) testData(data []byte) bool {
	c.extract(data)
	return c.program.Test(&c.row)
}

func (c *condition) fill(l *line) { c.extract(append(append([]byte{'{'}, l.columns...), '}')) }

func (c *condition) extract(doc []byte) {
	c.row.Reset()
	c.text.Reset()
	c.extractor.Extract(doc, c.row.Columns, &c.text)
}
