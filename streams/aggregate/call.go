package aggregate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// Call is one aggregate of a query, checked.
type Call struct {
	of    *aggregate
	args  []int     // of the text, those that vary with the event
	typ   expr.Type // of the result, as far as it is certain
	n     int       // how many items TOP_BY, COLLECT and TOPK give
	share float64   // which quantile; MEDIAN is that of 0.5
}

// Args are the arguments of the text that vary with the event, in order: Fold takes their values.
// Constants, as the n of COLLECT(x, n), are not among them, nor is the * of COUNT(*).
func (c Call) Args() []int { return c.args }

// Type is what is certain of the result.
func (c Call) Type() expr.Type { return c.typ }

// NewCall checks a call of an aggregate. The types are those of its arguments, zero where they are
// not certain.
func NewCall(c *sql.Call, types []expr.Type) (Call, *sql.Error) {
	of := lookup(c.Name)
	switch {
	case slices.Contains(later, c.Name):
		return Call{}, fault(c, "%s is planned for phase 2.", c.Name)
	case of == nil:
		return Call{}, fault(c, "There is no aggregate %s.%s", c.Name, meant(c.Name))
	case c.Star && c.Name != "COUNT":
		return Call{}, fault(c, "* goes with COUNT only. Write %s.", of.form)
	case c.Distinct && c.Name != "COUNT":
		return Call{}, fault(c, "DISTINCT goes with COUNT only. Write %s.", of.form)
	case c.Star:
		return Call{of: of, typ: of.gives}, nil
	case c.Distinct:
		of = &countDistinct
	}
	if len(c.Args) != len(of.takes) {
		return Call{}, fault(c, "%s takes %s, not %d. Write %s.", c.Name, counted(len(of.takes)), len(c.Args), instead(of, c))
	}
	call := Call{of: of, typ: of.gives, share: 0.5}
	for i := range c.Args {
		if err := call.argument(i, c.Args[i].Expr, types[i]); err != nil {
			return Call{}, err
		}
	}
	return call, nil
}

// argument checks one argument, and keeps it if it is a constant.
func (c *Call) argument(i int, e sql.Expr, typ expr.Type) *sql.Error {
	switch c.of.takes[i] {
	case 'N':
		v, ok := constant(e)
		if !ok || v.Kind() != expr.Integer || v.Integer() < 1 || v.Integer() > itemsMax {
			return fault(e, "%s takes the number of items as a constant from 1 to %d, as in %s.", c.of.name, itemsMax, c.of.form)
		}
		c.n = int(v.Integer())
		return nil
	case 'Q':
		v, _ := constant(e)
		share, ok := v.Number()
		if !ok || share < 0 || share > 1 {
			return fault(e, "%s takes the share as a constant from 0 to 1, as in %s.", c.of.name, c.of.form)
		}
		c.share = share
		return nil
	case 'n':
		if way, ok := asNumber(sql.Print(e), typ.Kind); !ok {
			return fault(e, "%s takes a number, and %s is %s. %s", c.of.name, sql.Print(e), typ, way)
		}
	case 'b':
		if typ.Kind != expr.Null && typ.Kind != expr.Boolean {
			return fault(e, "%s takes a condition, and %s is %s. Compare it with something: %[2]s = 'x'.", c.of.name, sql.Print(e), typ)
		}
	}
	c.args = append(c.args, i)
	if len(c.args) == 1 {
		c.resolve(typ)
	}
	return nil
}

// asNumber says whether a value may be a number, and if not what to write.
func asNumber(text string, k expr.Kind) (way string, ok bool) {
	switch k {
	case expr.Null, expr.Integer, expr.Double, expr.Decimal:
		return "", true
	case expr.String:
		return "Cast it: CAST(" + text + " AS DOUBLE).", false
	case expr.Boolean, expr.Timestamp, expr.Interval:
		return "Cast it: CAST(" + text + " AS INTEGER).", false
	}
	return "Name a number within it.", false
}

// resolve says what is certain of the result, given the type of the first argument.
func (c *Call) resolve(arg expr.Type) {
	switch c.of.of {
	case "sum":
		if arg.Kind == expr.Double || c.of.name == "AVG" && arg.Kind == expr.Integer {
			c.typ = isDouble // the others may become DOUBLE
		}
	case "min", "max", "first", "last", "arg_min", "arg_max":
		c.typ = arg
	}
}

// constant computes an expression that needs no event.
func constant(e sql.Expr) (expr.Value, bool) {
	var c expr.Compiler
	p, errs := c.Compile(e, func(e sql.Expr) (*expr.Ref, *sql.Error) {
		if _, ok := e.(*sql.Path); ok {
			return nil, &sql.Error{}
		}
		return nil, nil
	})
	if len(errs) > 0 {
		return expr.Value{}, false
	}
	return p.Constant()
}

// fault is what is wrong with a part of the text.
func fault(n sql.Node, message string, args ...any) *sql.Error {
	at := n.Pos()
	return &sql.Error{Line: int(at.Line), Column: int(at.Column), Value: sql.Print(n), Message: fmt.Sprintf(message, args...)}
}

// meant names the aggregate that was likely meant.
func meant(name string) string {
	if near := sql.Nearest(name, Names()); near != "" {
		return " Did you mean " + near + "?"
	}
	return " There are " + strings.Join(Names(), ", ") + "."
}

// instead is what to write where the number of arguments is wrong.
func instead(of *aggregate, c *sql.Call) string {
	if !c.Distinct || len(c.Args) == 0 {
		return of.form
	}
	row := sql.Call{At: c.At, Name: "ROW", Args: c.Args}
	return sql.Print(&sql.Call{At: c.At, Name: c.Name, Distinct: true, Args: []sql.Arg{{Expr: &row}}})
}

func counted(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}
