package aggregate

import (
	"slices"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

func parsed(t testing.TB, text string) *sql.Call {
	t.Helper()
	e, err := sql.ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*sql.Call)
}

func TestWrongCallsSayWhatIsRight(t *testing.T) {
	str := []expr.Type{{Kind: expr.String}, {}, {}}
	for _, c := range []struct {
		text  string
		types []expr.Type
		want  string
	}{
		{"MEDAIN(x)", nil, "1:1: There is no aggregate MEDAIN. Did you mean MEDIAN?"},
		{"SUM(*)", nil, "1:1: * goes with COUNT only. Write SUM(x)."},
		{"SUM(DISTINCT x)", nil, "1:1: DISTINCT goes with COUNT only. Write SUM(x)."},
		{"COUNT()", nil, "1:1: COUNT takes 1 argument, not 0. Write COUNT(x)."},
		{"COUNT(DISTINCT x, y)", nil, "1:1: COUNT takes 1 argument, not 2. Write COUNT(DISTINCT ROW(x, y))."},
		{"QUANTILE(x)", nil, "1:1: QUANTILE takes 2 arguments, not 1. Write QUANTILE(x, 0.99)."},
		{"QUANTILE(x, 99)", nil, "1:13: QUANTILE takes the share as a constant from 0 to 1, as in QUANTILE(x, 0.99)."},
		{"QUANTILE(x, y)", nil, "1:13: QUANTILE takes the share as a constant from 0 to 1, as in QUANTILE(x, 0.99)."},
		{"COLLECT(x, 1001)", nil, "1:12: COLLECT takes the number of items as a constant from 1 to 1000, as in COLLECT(x, 10)."},
		{"TOPK(x, 2.5)", nil, "1:9: TOPK takes the number of items as a constant from 1 to 1000, as in TOPK(x, 10)."},
		{"SUM(name)", str, "1:5: SUM takes a number, and name is STRING. Cast it: CAST(name AS DOUBLE)."},
		{"SUM(took)", []expr.Type{{Kind: expr.Interval}}, "1:5: SUM takes a number, and took is INTERVAL. Cast it: CAST(took AS INTEGER)."},
		{"MEDIAN(items)", []expr.Type{{Kind: expr.JSON}}, "1:8: MEDIAN takes a number, and items is JSON. Name a number within it."},
		{"BOOL_OR(name)", str, "1:9: BOOL_OR takes a condition, and name is STRING. Compare it with something: name = 'x'."},
		{"SKETCH_DISTINCT(x)", nil, "1:1: SKETCH_DISTINCT is planned for phase 2."},
	} {
		types := c.types
		if types == nil {
			types = make([]expr.Type, 3)
		}
		_, err := NewCall(parsed(t, c.text), types)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestCallsKnowTheirArgumentsAndType(t *testing.T) {
	types := func(k expr.Kind) []expr.Type { return []expr.Type{{Kind: k}, {}, {}} }
	for _, c := range []struct {
		text  string
		types []expr.Type
		args  []int
		want  expr.Kind
	}{
		{"COUNT(*)", nil, nil, expr.Integer},
		{"COUNT(x)", types(0), []int{0}, expr.Integer},
		{"COUNT(DISTINCT x)", types(0), []int{0}, expr.Integer},
		{"SUM(x)", types(expr.Integer), []int{0}, expr.Null},
		{"SUM(x)", types(expr.Double), []int{0}, expr.Double},
		{"AVG(x)", types(expr.Integer), []int{0}, expr.Double},
		{"AVG(x)", types(expr.Decimal), []int{0}, expr.Null},
		{"MIN(x)", types(expr.Timestamp), []int{0}, expr.Timestamp},
		{"ARG_MAX(x, y)", types(expr.String), []int{0, 1}, expr.String},
		{"TOP_BY(x, y, 2 + 3)", types(expr.String), []int{0, 1}, expr.JSON},
		{"QUANTILE(x, 1)", types(0), []int{0}, expr.Double},
	} {
		call, err := NewCall(parsed(t, c.text), c.types)
		if err != nil || !slices.Equal(call.Args(), c.args) || call.Type().Kind != c.want {
			t.Errorf("%s: arguments %v, type %s, %v", c.text, call.Args(), call.Type(), err)
		}
	}
}

func TestNamesAreAggregates(t *testing.T) {
	for _, name := range Names() {
		if !Is(name) {
			t.Errorf("%s is none", name)
		}
	}
	if Is("LOWER") || Is("MERGE_SKETCH") || len(Names()) != 20 {
		t.Error(Names())
	}
}
