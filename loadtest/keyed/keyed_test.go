package keyed

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// script makes a state of operations written as "verb name content", each later than the other.
func script(s State, first int64, ops ...Op) State {
	s = s.Clone()
	for i, o := range ops {
		n := first + int64(i)
		s.Apply(o, n, 10*n, 10*n+5)
	}
	return s
}

func TestJoinedSidesAreShown(t *testing.T) {
	inc := func(n int64) Op { return Op{Verb: "increment", N: n} }
	assign := func(c string) Op { return Op{Verb: "assign", Content: c} }
	named := func(verb, name string) Op { return Op{Verb: verb, Name: name} }
	put := func(name, c string) Op { return Op{Verb: "put", Name: name, Content: c} }
	raise := func(name string, n int64) Op { return Op{Verb: "raise", Name: name, N: n} }
	see := func(c string) Op { return Op{Verb: "observe", Content: c} }
	number := func(n int64) Op { return Op{Verb: "observe", N: n} }
	del := Op{Verb: "delete"}
	for _, tc := range []struct {
		typ        string
		base, a, b []Op
		shown      string // a value, and conflicts after a bar
		wrong      string // what is shown in its stead, and has to be found
	}{
		{"counter", []Op{inc(10)}, []Op{inc(1)}, []Op{{Verb: "decrement", N: 4}}, "7", "8"},
		{"counter", []Op{inc(10)}, []Op{inc(1)}, []Op{del}, "1", "11"},
		{"counter", []Op{inc(10)}, []Op{inc(1), del}, []Op{del}, "", "0"},
		{"bounded_counter", []Op{inc(1)}, []Op{{Verb: "decrement", N: 1}}, nil, "0", "1"},
		{"register", []Op{assign("1")}, []Op{assign("2")}, nil, "2", "1"},
		{"register", []Op{assign("1")}, []Op{assign("2")}, []Op{assign("3")}, "3|[3,2]", "2|[3,2]"},
		{"register", []Op{assign("1")}, []Op{assign("2")}, []Op{assign("3")}, "3|[2,3]", "3"},
		{"register", []Op{assign("1")}, []Op{del}, []Op{assign("3")}, "3", "3|[1,3]"},
		{"register", []Op{assign("1")}, []Op{del}, nil, "", "1"},
		{"set", []Op{named("add", `"x"`)}, []Op{named("remove", `"x"`)}, []Op{named("add", `"x"`)}, `["x"]`, ""},
		{"set", []Op{named("add", `1`), named("add", `2`)}, []Op{named("remove", `1`)}, []Op{named("add", `3`)}, `[2,3]`, `[1,2,3]`},
		{"set", []Op{named("add", `1`)}, []Op{del}, []Op{named("add", `3`)}, `[3]`, `[1,3]`},
		{"map", []Op{put("a", "1"), raise("n", 2)}, []Op{named("remove", "a"), raise("n", 1)}, []Op{raise("n", 1)}, `{"n":4}`, `{"n":3}`},
		{"map", []Op{put("a", "1")}, []Op{named("remove", "a")}, []Op{put("a", "2")}, `{"a":2}`, `{"a":1}`},
		{"map", []Op{put("a", "1")}, nil, []Op{put("b", "2")}, `{"a":1,"b":2}`, `{"b":2}`},
		{"map", nil, []Op{put("a", "1")}, []Op{put("a", "2")}, `{"a":2}|[{"field":"a","values":[2,1]}]`, `{"a":2}`},
		{"flag", []Op{{Verb: "enable"}}, []Op{{Verb: "disable"}}, []Op{{Verb: "enable"}}, "true", ""},
		{"flag", []Op{{Verb: "enable"}}, []Op{{Verb: "disable"}}, nil, "", "true"},
		{"hyperloglog", []Op{see("1")}, []Op{see("2")}, []Op{see("2"), see("3")}, `{"estimate":3,"error":0.008}`, `{"estimate":6,"error":0.008}`},
		{"hyperloglog", []Op{see("1")}, []Op{see("2")}, []Op{del}, "", `{"estimate":2,"error":0.008}`},
		{"quantiles", []Op{number(5)}, []Op{number(1)}, []Op{number(9)}, `{"count":3,"min":1,"max":9}`, `{"count":2,"min":1,"max":9}`},
		{"quantiles", []Op{number(5)}, []Op{del, number(1)}, []Op{del, number(9)}, `{"count":2,"min":1,"max":9}`, `{"count":1,"min":9,"max":9}`},
		{"topk", []Op{see("1")}, []Op{see("1")}, []Op{see("2")}, `[{"item":1,"count":2,"error":0},{"item":2,"count":1,"error":0}]`, `[{"item":1,"count":1,"error":0}]`},
	} {
		base := script(New(tc.typ), 1, tc.base...)
		a, b := script(base, 100, tc.a...), script(base, 200, tc.b...)
		for _, joined := range []State{Join(base, a, b), Join(base, b, a)} {
			if err := joined.Check(shown(tc.shown)); err != nil {
				t.Errorf("%s, %v and %v: %s: %v", tc.typ, tc.a, tc.b, tc.shown, err)
			}
			if joined.Check(shown(tc.wrong)) == nil {
				t.Errorf("%s, %v and %v: %q passes", tc.typ, tc.a, tc.b, tc.wrong)
			}
		}
	}
}

func shown(text string) (s Shown) {
	value, conflicts, _ := strings.Cut(text, "|")
	if value != "" {
		s.Value = json.RawMessage(value)
	}
	if conflicts != "" {
		s.Conflicts = json.RawMessage(conflicts)
	}
	return s
}

func TestOverlappingAssignsMayBothBeLast(t *testing.T) {
	a, b := New("register"), New("register")
	a.Apply(Op{Verb: "assign", Content: "1"}, 1, 0, 20)
	b.Apply(Op{Verb: "assign", Content: "2"}, 2, 10, 15)
	joined := Join(New("register"), a, b)
	for _, winner := range []string{"1|[1,2]", "2|[2,1]"} {
		if err := joined.Check(shown(winner)); err != nil {
			t.Error(err)
		}
	}
}

func TestBodies(t *testing.T) {
	for want, o := range map[string]Op{
		``:                      {Verb: "delete"},
		`{"decrement":4}`:       {Verb: "decrement", N: 4},
		`{"assign":[1]}`:        {Verb: "assign", Content: "[1]"},
		`{"disable":true}`:      {Verb: "disable"},
		`{"add":["x"]}`:         {Verb: "add", Name: `"x"`},
		`{"remove":["f1"]}`:     {Verb: "remove", Name: "f1"},
		`{"put":{"f1":7}}`:      {Verb: "put", Name: "f1", Content: "7"},
		`{"increment":{"n":2}}`: {Verb: "raise", Name: "n", N: 2},
		`{"observe":["i3"]}`:    {Verb: "observe", Content: `"i3"`},
		`{"observe":[12]}`:      {Verb: "observe", N: 12},
	} {
		if got := string(o.Body()); got != want {
			t.Errorf("%+v is %s, want %s", o, got, want)
		}
	}
}

func TestSomeOperationsAreRequests(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, typ := range Types() {
		for i := range int64(200) {
			if o := Some(typ, i, r); o.Verb != "delete" && !json.Valid(o.Body()) {
				t.Fatalf("%s: %+v is %s", typ, o, o.Body())
			}
		}
	}
}
