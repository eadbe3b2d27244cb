package crdt

import (
	"strings"
	"testing"
)

func TestRegister(t *testing.T) {
	play(t, "register", Limits{}, []situation{
		{"a later assignment replaces what it has seen", `
			a: {"assign":1}
			a > b
			b: {"assign":"two"}
			b > a
			a = "two"
			a ? none`},
		{"concurrent values are kept, the latest shows", `
			a@5: {"assign":"a"}
			b@6: {"assign":"b"}
			a > b
			b > a
			a = "b"
			a ? ["b","a"]
			a: {"assign":"both"}
			a > b
			b = "both"
			b ? none`},
		{"of one time the larger origin shows", `
			a@5: {"assign":"a"}
			b@5: {"assign":"b"}
			b > a
			a ? ["b","a"]`},
		{"a slow clock replaces what it has seen", `
			a@100: {"assign":"old"}
			a > b
			b@7: {"assign":"new"}
			b > a
			a = "new"
			a ? none`},
		{"the replacement comes first", `
			a: {"assign":1}
			a > b
			b: {"assign":2}
			b > c
			c = 2
			a > c
			c = 2
			c ? none`},
		{"an assignment survives a deletion that has not seen it", `
			a: {"assign":1}
			a > b
			b: delete
			a: {"assign":null}
			a > b
			b = null`},
		{"the last of one record counts", `
			a: [{"assign":1},{"assign":2}] | {"assign":3}
			a = 3
			a: {"assign":4} | delete
			a = absent
			a: delete
			a > b
			b = absent`},
		{"states merge as records do", `
			a: {"assign":1}
			a > b
			b: {"assign":2}
			a: {"assign":3}
			c ~ b
			b ~ c
			a ~ c
			c ? [3,2]
			d ~ a`},
	})
}

func TestRegisterTooLarge(t *testing.T) {
	g := newRegister()
	at := Place{Dot: Dot{originOf("a"), 1}}
	big := Op{Verb: Assign, Items: [][]byte{[]byte(`"` + strings.Repeat("x", ValueBytesMax) + `"`)}}
	if got := refusalText(g.Begin(at).Do([]Op{big})); got != "too_large" {
		t.Errorf("refused as %q, want too_large", got)
	}
	if !g.Absent() {
		t.Error("a refused assignment has left something behind")
	}
}
