package expr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/sql"
)

// naive walks the tree with the values of encoding/json, in the order of the text, and evaluates
// everything. It shares no code with the closures.
type naive struct {
	data     map[string]any
	failed   bool // a cast failed
	mistyped bool // an operator met a wrong type
}

func (n *naive) eval(e sql.Expr) any {
	switch e := e.(type) {
	case *sql.Literal:
		return n.literal(e)
	case *sql.Path:
		return n.plain(n.data[e.Parts[0].Name])
	case *sql.Unary:
		return n.unary(e.Op, n.eval(e.X))
	case *sql.Binary:
		return n.binary(e.Op, n.eval(e.Left), n.eval(e.Right))
	case *sql.Is:
		return n.is(e)
	case *sql.Between:
		x := n.eval(e.X)
		return n.not(e.Not, n.binary("AND", n.binary(">=", x, n.eval(e.Low)), n.binary("<=", x, n.eval(e.High))))
	case *sql.In:
		x, found := n.eval(e.X), any(false)
		for _, y := range e.List {
			found = n.binary("OR", found, n.binary("=", x, n.eval(y)))
		}
		return n.not(e.Not, found)
	case *sql.Like:
		return n.not(e.Not, n.like(n.eval(e.X), n.eval(e.Pattern), e.AnyCase))
	case *sql.Cast:
		return n.cast(e, n.eval(e.X))
	case *sql.Case:
		return n.choice(e)
	case *sql.Call:
		return n.call(e)
	}
	panic(fmt.Sprintf("%T", e))
}

func (n *naive) wrong() any { n.mistyped = true; return nil }

func (n *naive) literal(e *sql.Literal) any {
	switch e.Kind {
	case sql.Number:
		return n.plain(json.Number(e.Text))
	case sql.String:
		return e.Text
	case sql.Boolean:
		return e.Text == "TRUE"
	}
	return nil
}

// plain makes an int64 or a float64 of a number.
func (n *naive) plain(v any) any {
	number, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := strconv.ParseInt(string(number), 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		return nil
	}
	return f
}

func finite(f float64) any {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return f
}

func toFloat(v any) float64 {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	return v.(float64)
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, float64:
		return true
	}
	return false
}

func (n *naive) unary(op string, x any) any {
	if x == nil {
		return nil
	}
	if op == "NOT" {
		if b, ok := x.(bool); ok {
			return !b
		}
		return n.wrong()
	}
	return n.arithmetic("-", int64(0), x)
}

func (n *naive) not(not bool, x any) any {
	if not {
		return n.unary("NOT", x)
	}
	return x
}

func (n *naive) binary(op string, x, y any) any {
	switch op {
	case "AND", "OR":
		ends := op == "OR"
		for _, v := range []any{x, y} {
			if _, ok := v.(bool); !ok && v != nil {
				n.mistyped = true
			}
		}
		if x == any(ends) || y == any(ends) {
			return ends
		}
		if _, ok := x.(bool); !ok {
			return nil
		}
		if _, ok := y.(bool); !ok {
			return nil
		}
		return !ends
	case "||":
		if x == nil || y == nil {
			return nil
		}
		return text(x) + text(y)
	case "=", "<>", "<", "<=", ">", ">=":
		if x == nil || y == nil {
			return nil
		}
		c, ok := order2(x, y)
		if !ok {
			return n.wrong()
		}
		return map[string]bool{"=": c == 0, "<>": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[op]
	}
	if x == nil || y == nil {
		return nil
	}
	return n.arithmetic(op, x, y)
}

// order2 compares two values of one kind.
func order2(x, y any) (int, bool) {
	switch a := x.(type) {
	case bool:
		b, ok := y.(bool)
		return strings.Compare(strconv.FormatBool(a), strconv.FormatBool(b)), ok
	case string:
		b, ok := y.(string)
		return strings.Compare(a, b), ok
	}
	if !isNumber(x) || !isNumber(y) {
		return 0, false
	}
	return bigOf(x).Cmp(bigOf(y)), true
}

func (n *naive) arithmetic(op string, x, y any) any {
	if !isNumber(x) || !isNumber(y) {
		return n.wrong()
	}
	a, b := toFloat(x), toFloat(y)
	i, iok := x.(int64)
	j, jok := y.(int64)
	if iok && jok && op != "/" {
		if j == 0 && op == "%" {
			return nil
		}
		if z, ok := bigArithmetic(op, i, j); ok {
			return z
		}
	}
	switch op {
	case "+":
		return finite(a + b)
	case "-":
		return finite(a - b)
	case "*":
		return finite(a * b)
	case "/":
		return finite(a / b)
	}
	return finite(math.Mod(a, b))
}

func (n *naive) is(e *sql.Is) any {
	x := n.eval(e.X)
	switch e.What {
	case "NULL":
		return (x == nil) != e.Not
	case "DISTINCT":
		y := n.eval(e.From)
		same := x == nil && y == nil
		if x != nil && y != nil {
			c, ok := order2(x, y)
			same = ok && c == 0
		}
		return !same != e.Not
	}
	if _, ok := x.(bool); !ok && x != nil {
		n.mistyped = true
	}
	return (x == any(e.What == "TRUE")) != e.Not
}

func (n *naive) like(x, p any, anyCase bool) any {
	if x == nil || p == nil {
		return nil
	}
	s, ok := x.(string)
	pattern, okP := p.(string)
	if !ok || !okP {
		return n.wrong()
	}
	re := "(?s)^" + strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern)) + "$"
	if anyCase {
		re = "(?i)" + re
	}
	return regexp.MustCompile(re).MatchString(s)
}

func (n *naive) cast(e *sql.Cast, x any) any {
	if x == nil {
		return nil
	}
	v, ok := castNaive(x, e.Type.Name)
	if ok {
		return v
	}
	n.failed = n.failed || !e.Try
	return nil
}

func castNaive(x any, to string) (any, bool) {
	switch to {
	case "STRING":
		return text(x), true
	case "INTEGER":
		switch x := x.(type) {
		case int64:
			return x, true
		case bool:
			return map[bool]int64{true: 1}[x], true
		case float64:
			r := math.Round(x)
			return int64(r), r >= -1<<63 && r < 1<<63
		case string:
			i, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
			return i, err == nil
		}
	case "DOUBLE":
		if s, ok := x.(string); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
			return f, err == nil
		}
		if isNumber(x) {
			return toFloat(x), true
		}
	}
	return nil, false
}

func (n *naive) choice(e *sql.Case) any {
	var subject any
	if e.Subject != nil {
		subject = n.eval(e.Subject)
	}
	for _, w := range e.Whens {
		c := n.eval(w.If)
		if e.Subject != nil {
			c = n.binary("=", subject, c)
		} else if _, ok := c.(bool); !ok && c != nil {
			n.mistyped = true
		}
		if c == any(true) {
			return n.eval(w.Then)
		}
	}
	if e.Else == nil {
		return nil
	}
	return n.eval(e.Else)
}

func (n *naive) call(e *sql.Call) any {
	var args []any
	for _, a := range e.Args {
		args = append(args, n.eval(a.Expr))
	}
	switch x := args[0]; e.Name {
	case "COALESCE":
		for _, v := range args {
			if v != nil {
				return v
			}
		}
		return nil
	case "LENGTH", "UPPER":
		if x == nil {
			return nil
		}
		s, ok := x.(string)
		if !ok {
			return n.wrong()
		}
		if e.Name == "UPPER" {
			return strings.ToUpper(s)
		}
		return int64(len([]rune(s)))
	case "ABS":
		if x == nil {
			return nil
		}
		if !isNumber(x) {
			return n.wrong()
		}
		if toFloat(x) < 0 {
			return n.unary("-", x)
		}
		return x
	}
	panic(e.Name)
}

// text is a value as a cast to STRING writes it.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// someExpr draws an expression.
func someExpr(r *rand.Rand, depth int) sql.Expr {
	if depth == 0 || r.IntN(6) == 0 {
		return someLeaf(r)
	}
	sub := func() sql.Expr { return someExpr(r, depth-1) }
	switch r.IntN(12) {
	case 0:
		return &sql.Unary{Op: []string{"-", "NOT"}[r.IntN(2)], X: sub()}
	case 1, 2, 3:
		return &sql.Binary{Op: []string{"+", "-", "*", "/", "%", "||"}[r.IntN(6)], Left: sub(), Right: sub()}
	case 4:
		return &sql.Binary{Op: []string{"AND", "OR"}[r.IntN(2)], Left: sub(), Right: sub()}
	case 5, 6:
		return &sql.Binary{Op: []string{"=", "<>", "<", "<=", ">", ">="}[r.IntN(6)], Left: sub(), Right: sub()}
	case 7:
		return &sql.Is{X: sub(), Not: r.IntN(2) == 0, What: []string{"NULL", "TRUE", "FALSE", "DISTINCT"}[r.IntN(4)], From: sub()}
	case 8:
		if r.IntN(2) == 0 {
			return &sql.In{X: sub(), List: []sql.Expr{sub(), sub(), sub()}, Not: r.IntN(2) == 0}
		}
		return &sql.Between{X: sub(), Low: sub(), High: sub(), Not: r.IntN(2) == 0}
	case 9:
		return &sql.Cast{X: sub(), Try: r.IntN(3) > 0, Type: sql.Type{Name: []string{"INTEGER", "DOUBLE", "STRING"}[r.IntN(3)]}}
	case 10:
		c := &sql.Case{Whens: []sql.When{{If: sub(), Then: sub()}, {If: sub(), Then: sub()}}}
		if r.IntN(2) == 0 {
			c.Subject = sub()
		}
		if r.IntN(2) == 0 {
			c.Else = sub()
		}
		return c
	}
	if r.IntN(3) == 0 {
		return &sql.Like{X: sub(), Pattern: sub(), Not: r.IntN(2) == 0, AnyCase: r.IntN(2) == 0}
	}
	return &sql.Call{Name: []string{"COALESCE", "LENGTH", "UPPER", "ABS"}[r.IntN(4)], Args: []sql.Arg{{Expr: sub()}}}
}

func someLeaf(r *rand.Rand) sql.Expr {
	if r.IntN(5) < 3 {
		return &sql.Path{Parts: []sql.Part{{Name: string("abcdefgh"[r.IntN(8)])}}}
	}
	switch r.IntN(4) {
	case 0:
		return &sql.Literal{Kind: sql.Null, Text: "NULL"}
	case 1:
		return &sql.Literal{Kind: sql.Boolean, Text: []string{"TRUE", "FALSE"}[r.IntN(2)]}
	case 2:
		return &sql.Literal{Kind: sql.String, Text: []string{"", "a", "A", "%b", "a_%", "12", "1.5", "aab"}[r.IntN(8)]}
	}
	return &sql.Literal{Kind: sql.Number, Text: []string{"0", "1", "2.5", "9223372036854775807", "1e3", "0.1"}[r.IntN(6)]}
}

// someFields writes an object with some of the fields that someLeaf names.
func someFields(r *rand.Rand) []byte {
	doc := []byte{'{'}
	for _, name := range "abcdefgh" {
		if r.IntN(8) == 0 {
			continue
		}
		if len(doc) > 1 {
			doc = append(doc, ',')
		}
		doc = append(doc, '"', byte(name), '"', ':')
		doc = append(doc, []string{
			"0", "1", "-3", "2.5", "1e3", "0.1", "9223372036854775807", "-9223372036854775808", "null", "true", "false", `"a"`, `"aab"`, `"12"`, `"\u00e9"`, `""`,
		}[r.IntN(16)]...)
	}
	return append(doc, '}')
}

// TestClosures holds closures to the walker. Where the walker fails, closures may have passed over
// the cast; where the walker sees no wrong type, closures see none.
func TestClosures(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	compiled := 0
	for range 20_000 {
		e := someExpr(r, 4)
		b, err := compileBench(e)
		if err != nil {
			continue
		}
		compiled++
		for range 3 {
			doc := someFields(r)
			n := &naive{}
			d := json.NewDecoder(bytes.NewReader(doc))
			d.UseNumber()
			if err := d.Decode(&n.data); err != nil {
				t.Fatal(err)
			}
			want := n.eval(e)
			b.load(event(string(doc)))
			b.row.Mistyped = 0
			got := b.program.Eval(&b.row)
			if n.failed {
				continue
			}
			if b.row.Failure() != nil || string(AppendJSON(nil, got)) != string(naiveJSON(want)) {
				t.Fatalf("%s over %s: %s, %v, want %v", sql.Print(e), doc, show(got), b.row.Failure(), want)
			}
			if b.row.Mistyped > 0 && !n.mistyped {
				t.Fatalf("%s over %s: a wrong type, the walker saw none", sql.Print(e), doc)
			}
		}
	}
	if compiled < 5_000 {
		t.Fatalf("only %d expressions compiled", compiled)
	}
}

// naiveJSON writes -0 as 0, which the closures never make.
func naiveJSON(v any) []byte {
	if f, ok := v.(float64); ok {
		v = f + 0
	}
	b, _ := json.Marshal(v)
	return b
}
