package aggregate

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
)

var rewrite = flag.Bool("rewrite", false, "write the bytes of cells to testdata")

// goldenValues are what is folded, in pairs of x and y.
var goldenValues = map[string][]expr.Value{ // read-only
	"none":     {},
	"integers": {expr.OfInteger(3), expr.OfInteger(1), expr.OfInteger(-7), expr.OfInteger(2), expr.OfInteger(1 << 62), expr.OfInteger(2), expr.OfInteger(1 << 62), {}},
	"doubles":  {expr.OfDouble(0.1), expr.OfInteger(5), expr.OfDouble(1e16), expr.OfDouble(5), expr.OfDouble(-1e16), expr.OfInteger(4)},
	"decimals": {expr.OfDecimal(0, 1999, 18, 2), expr.OfInteger(1), expr.OfDecimal(-1, 0, 38, 10), expr.OfInteger(2), expr.OfInteger(1), expr.OfInteger(3)},
	"texts":    {expr.OfString("b"), expr.OfString("y"), expr.OfString("a"), expr.OfString("z"), expr.OfJSON(`{"k":[1]}`), expr.OfBoolean(true)},
	"truths":   {expr.OfBoolean(true), expr.OfInteger(0), expr.OfBoolean(false), expr.OfInteger(0)},
}

// The bytes of cells are stored and sent, so they stay as they are on every machine; a change needs a
// new number of the semantics.
func TestCellsKeepTheirBytes(t *testing.T) {
	var out strings.Builder
	for _, name := range []string{"none", "integers", "doubles", "decimals", "texts", "truths"} {
		values := goldenValues[name]
		fmt.Fprintln(&out, "#", name)
		for _, text := range catalogueCalls {
			c := NewCells(NewLayout(calls(t, text)))
			place := c.Add()
			for i := 0; i < len(values); i += 2 {
				at := Stamp{Time: int64(1000 - i), HLC: edged.Timestamp{Wall: int64(i)}, Origin: edged.OriginID{byte(i)}, Partition: 3, Sequence: edged.Sequence(i + 1)}
				c.Fold(place, 0, values[i:][:len(c.layout.calls[0].call.Args())], &at)
			}
			var arena expr.Arena
			v, estimated := c.Result(place, 0, &arena)
			fmt.Fprintf(&out, "%-18s %-8s %s %v | %x\n", text, v.Kind(), expr.AppendJSON(nil, v), estimated, c.Append(nil, place))
		}
	}
	const file = "testdata/cells.txt"
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(out.String(), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("line %d\n got %s\nwant %s", i+1, got[min(i, len(got)-1)], line)
		}
	}
}
