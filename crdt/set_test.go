package crdt

import (
	"fmt"
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	play(t, "set", Limits{}, []situation{
		{"answers in order, each element once", `
			a: {"add":["b",10,9,true,null,{"b":1,"a":[]},"a b","a",false,1.5,-3,"a\u000a",[2],1e0,1]}
			a = [null,false,true,-3,1,1.5,9,10,"a","a\n","a b","b",[2],{"a":[],"b":1}]`},
		{"an add wins over a removal that has not seen it", `
			a: {"add":["x"]}
			a > b
			b: {"remove":["x"]}
			a: {"add":["x"]}
			a > b
			b > a
			a = ["x"]`},
		{"what was removed does not come back", `
			a: {"add":["x","y"]}
			a > b
			b: {"remove":["x"]}
			a > c
			b > c
			c = ["y"]
			c ~ a
			a ~ b
			b = ["y"]`},
		{"a removal that comes first swallows its add, and no other", `
			a: {"add":["x","y"]}
			a > b
			b: {"remove":["x"]}
			b > c
			c = absent
			a > c
			c = ["y"]`},
		{"a removal that comes first waits through a merge", `
			a: {"add":["x"]}
			a > b
			b: {"remove":["x"]}
			b > c
			c ~ d
			a > d
			d = absent
			a ~ c
			c = absent`},
		{"a merge with what has heard more", `
			a: {"add":["x"]}
			a > b
			a > c
			b: {"remove":["x"]}
			b ~ c
			c = absent
			c ~ a
			a = absent`},
	})
}

func TestSetRecords(t *testing.T) {
	play(t, "set", Limits{}, []situation{
		{"within one record the last word counts", `
			a: [{"add":["x"]},{"remove":["x"]}]
			a = absent
			a: [{"add":["x"]},{"remove":["x"]},{"add":["x","y"]}] | {"remove":["y"]}
			a = ["x"]
			a: [{"remove":["x"]},{"add":["x"]}]
			a = ["x"]
			a: {"add":["z"]} | delete | {"add":["w"]}
			a = ["w"]`},
		{"both have added, one has seen both", `
			a: {"add":["x"]}
			b: {"add":["x"]}
			a > b
			b: {"remove":["x"]}
			a > c
			b > c
			c = absent`},
		{"a deletion spares what it has not seen", `
			a: {"add":["x"]}
			a > b
			a: {"add":["y"]}
			b: delete
			a > b
			b = ["y"]`},
		{"nothing is stored when nothing is removed", `
			a: {"remove":["x"]}
			a: {"add":[]}
			a: delete
			a = absent`},
	})
}

func TestSetTooLarge(t *testing.T) {
	s := newSet()
	var add Op
	add.Verb = Add
	for i := range 2000 {
		add.Items = append(add.Items, fmt.Appendf(nil, `"%04d%s"`, i, strings.Repeat("x", 1000)))
	}
	change := s.Begin(Place{Dot: Dot{originOf("a"), 1}})
	if got := refusalText(change.Do([]Op{add})); got != "too_large" {
		t.Errorf("refused as %q, want too_large", got)
	}
	if !s.Absent() || len(change.AppendDelta(nil)) > 0 {
		t.Error("a refused add has left something behind")
	}
	half := Op{Verb: Add, Items: add.Items[:1000]}
	if err := change.Do([]Op{half}); err != nil {
		t.Error(err)
	}
	if size, bytes := s.Size(), len(s.AppendTo(nil)); size < bytes || size > bytes+bytes/10 {
		t.Errorf("size %d, encoded %d bytes", size, bytes)
	}
	half.Verb = Remove
	if err := change.Do([]Op{half}); err != nil || s.Size() != 0 {
		t.Errorf("%v; size %d of an empty set", err, s.Size())
	}
}
