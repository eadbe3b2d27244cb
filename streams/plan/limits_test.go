package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// TestLimits holds texts that grow, and those that are as large as a text may be, to what they may cost.
func TestLimits(t *testing.T) {
	doubled := "SELECT x FROM a"
	for range 60 {
		doubled = "SELECT x + x AS x FROM (" + doubled + ")"
	}
	var sums, columns, keys []string
	for i := range 95 {
		columns = append(columns, fmt.Sprintf("x%d + 1 AS c%d", i, i))
		sums = append(sums, fmt.Sprintf("SUM(x%d) AS c%d", i, i))
		keys = append(keys, fmt.Sprintf("x%d", i))
	}
	chain := strings.Repeat("x + ", 240) + "x"
	for _, c := range []struct {
		name, text, fault string
	}{
		{"a name that doubles", doubled + " WITH (into='b')", "more than 8192 parts"},
		{"a name that doubles, of rows", strings.Replace(doubled, "SELECT x FROM a", "SELECT COUNT(*) AS x FROM a", 1), "more than 8192 parts"},
		{"an alias that is long, used often", "SELECT " + chain + " AS y FROM a GROUP BY x HAVING COUNT(*) > 0" + strings.Repeat(" AND y > 1", 60), "more than 8192 parts"},
		{"a long chain, grouped by", "SELECT " + chain + " AS y, COUNT(*) AS n FROM a GROUP BY y, x + x", ""},
		{"many sums", "SELECT " + strings.Join(sums, ", ") + " FROM a", ""},
		{"many columns, and a window", "SELECT " + strings.Join(columns, ", ") + ", COUNT(*) AS n FROM a GROUP BY " + strings.Join(keys, ", "), "has 191 columns"},
		{"many columns per event", "SELECT " + strings.Join(columns, ", ") + " FROM a WITH (into='b')", ""},
		{"many columns, again and again", strings.Repeat("SELECT * FROM (", 50) + "SELECT " + strings.Join(sums, ", ") + " FROM a" + strings.Repeat(")", 50), ""},
		{"many streams", "SELECT COUNT(*) AS n FROM STREAMS(" + strings.Join(keys, ", ") + ", a, b, c, d, e, f)", "reads 101 streams"},
	} {
		q, err := sql.Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var p *Plan
		var errs sql.Errors
		n := allocated(func() { p, errs = Make("f", q, nil, 0, 0) })
		if n > planBytesMax {
			t.Errorf("%s takes %d bytes", c.name, n)
		}
		if c.fault != "" {
			if len(errs) == 0 || !strings.Contains(errs[0].Message, c.fault) {
				t.Errorf("%s: %v", c.name, errs)
			}
			continue
		}
		if errs != nil {
			t.Errorf("%s: %v", c.name, errs)
			continue
		}
		if n := allocated(func() { p.Bind(expr.NewPaths()); p.Explain() }); n > planBytesMax {
			t.Errorf("%s takes %d bytes to bind and explain", c.name, n)
		}
	}
}
