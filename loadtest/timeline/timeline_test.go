package timeline

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const page = `text
| a | table |
| --- | --- |
| of another | kind |

| ~{"type":"set"}~ | eu | us | ap |
| --- | --- | --- | --- |
| together | ~{"add":[1]}~ → ~[1]~ | ~[1]~ | ~[1]~ |
| us alone | DELETE → absent | ~{"add":[2]}~ refused ~too_large~ → ~1~ conflicts ~[1,2]~ | absent |
| each alone | absent | absent | absent |
`

func TestParse(t *testing.T) {
	all, err := Parse(strings.ReplaceAll(page, "~", "`"))
	if err != nil || len(all) != 1 || len(all[0].Rows) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	got := all[0]
	if got.Line != 6 || got.Definition != `{"type":"set"}` || !slices.Equal(got.Regions, []string{"eu", "us", "ap"}) {
		t.Errorf("%+v", got)
	}
	for i, want := range []string{"[[0 1 2]]", "[[1] [0 2]]", "[[0] [1] [2]]"} {
		if groups := fmt.Sprint(got.Rows[i].Groups); groups != want {
			t.Errorf("row %d: groups %s, want %s", i, groups, want)
		}
	}
	want := []Cell{{Do: Delete}, {Do: `{"add":[2]}`, Refused: "too_large", Shown: Shown{"1", "[1,2]"}}, {}}
	if !slices.Equal(got.Rows[1].Cells, want) {
		t.Errorf("%+v, want %+v", got.Rows[1].Cells, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []string{
		"| together | `1` |",
		"| us gone | `1` | `1` |",
		"| together | `1` | 1 |",
		"| together | `1` |  |",
		"| together | `1` | `{\"add\":[1]}` → |",
		"| together | `1` | `1` conflicts |",
	} {
		if all, err := Parse("| `{}` | eu | us |\n| --- | --- | --- |\n" + row); err == nil {
			t.Errorf("%s was read as %+v", row, all)
		}
	}
}

// echo shows what was done last, everywhere.
type echo struct{ last string }

func (e *echo) Connect(context.Context, [][]int) error                 { return nil }
func (e *echo) Do(_ context.Context, _ int, op string) (string, error) { e.last = op; return "", nil }
func (e *echo) Settle(context.Context, [][]int) error                  { return nil }
func (e *echo) Get(context.Context, int) (Shown, error)                { return Shown{Value: e.last}, nil }

func TestPlayTellsWhatIsOtherwise(t *testing.T) {
	for row, want := range map[string]string{
		"| together | `1` → `1` | `1` |":                 "",
		"| together | `10` → `1…` | `10…` |":             "",
		"| together | `10` → `10` | `2…` |":              "line 3: us shows 10, want 2…",
		"| together | `1` → `1` | `2` |":                 "line 3: us shows 1, want 2",
		"| together | `1` → `1` | absent |":              "line 3: us shows 1, want absent",
		"| together | `1` → `1` | `1` conflicts `[1]` |": "line 3: us shows 1, want 1 conflicts [1]",
		"| together | `1` refused `no` → `1` | `1` |":    `line 3: eu: 1 is refused with "", want "no"`,
	} {
		all, err := Parse("| `{}` | eu | us |\n| --- | --- | --- |\n" + row)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := all[0].Play(t.Context(), &echo{}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", row, got, want)
		}
	}
}

func TestThePageIsRead(t *testing.T) {
	text, err := os.ReadFile("../../COLLECTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for _, tl := range all {
		types[tl.Definition] = true
	}
	if len(all) < 9 || len(types) < 9 {
		t.Errorf("%d timelines of %d definitions; want one of each type", len(all), len(types))
	}
}
