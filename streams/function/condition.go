package function

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// condition is an expression over the columns of a view's rows. It is used by one at a time.
type condition struct {
	program *expr.Program
	*columns
}

// condition compiles a text over the view's columns; location says where it came from.
func (v *view) condition(text, location string) (*condition, error) {
	e, err := sql.ParseExpr(text)
	if err != nil {
		return nil, badFilter(err, location)
	}
	program, errs := v.plan.Filter(e)
	if len(errs) > 0 {
		return nil, badFilter(errs, location)
	}
	c := &condition{program: program}
	c.columns, err = v.columns()
	return c, err
}

// columns finds the values of the view's columns in the JSON of rows. It is used by one at a time.
type columns struct {
	casts     []*expr.Program // from what stands in JSON to the types of the columns
	extractor *expr.Extractor
	found     expr.Row // as it stands in JSON
	row       expr.Row // as the plan gave it
	text      expr.Arena
}

func (v *view) columns() (*columns, error) {
	c := &columns{}
	paths := expr.NewPaths()
	var compiler expr.Compiler
	for _, column := range v.plan.Columns {
		cast, errs := compiler.Compile(castOf(column), func(e sql.Expr) (*expr.Ref, *sql.Error) {
			if p, ok := e.(*sql.Path); ok {
				return &expr.Ref{Column: paths.Add(p.Parts)}, nil
			}
			return nil, nil
		})
		if len(errs) > 0 {
			return nil, errs
		}
		c.casts = append(c.casts, cast)
	}
	c.extractor = expr.NewExtractor(paths)
	c.found.Columns = make([]expr.Value, paths.Columns())
	c.row.Columns = make([]expr.Value, len(c.casts))
	return c, nil
}

// castOf is a column as it stands in JSON, turned into its type.
func castOf(column plan.Column) sql.Expr {
	path := &sql.Path{Parts: []sql.Part{{Name: column.Name}}}
	to := sql.Type{Name: strings.ToUpper(column.Type)}
	switch to.Name {
	case "TIMESTAMP", "DOUBLE":
	default:
		if n, _ := fmt.Sscanf(to.Name, "DECIMAL(%d,%d)", &to.Precision, &to.Scale); n != 2 {
			return path // it stands there as what it is
		}
		to.Name = "DECIMAL"
	}
	return &sql.Cast{X: path, Type: to, Try: true}
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

// test says whether the expression is TRUE of a row in JSON.
func (c *condition) test(data []byte) bool {
	c.fill(data)
	return c.program.Test(&c.row)
}

// value gives one column of a row.
func (c *columns) value(at int, l *line) expr.Value {
	c.fill(l.append(nil))
	return c.row.Columns[at].Clone()
}

func (c *columns) fill(data []byte) {
	c.row.Reset()
	c.found.Reset()
	c.text.Reset()
	c.extractor.Extract(data, c.found.Columns, &c.text)
	for i, cast := range c.casts {
		c.row.Columns[i] = cast.Eval(&c.found)
	}
}
