package crdt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

func TestOps(t *testing.T) {
	long := `"` + strings.Repeat("x", ItemBytesMax-2) + `"`
	for _, tc := range []struct{ kind, body, want string }{
		{"counter", `{"increment":5}`, "[{1 5 [] [] [] [] 0}]"},
		{"counter", ` [ {"decrement": 5.0}, {"increment": -1e2} ] `, "[{1 -5 [] [] [] [] 0} {1 -100 [] [] [] [] 0}]"},
		{"bounded_counter", `{"decrement":1}`, "[{1 -1 [] [] [] [] 0}]"},
		{"register", `{"assign":{"b":1.0,"a":2}}`, `[{2 0 [{"a":2,"b":1}] [] [] [] 0}]`},
		{"set", `{"add":["x",1.0,null]}`, `[{3 0 ["x" 1 null] [] [] [] 0}]`},
		{"set", `{"add":[` + long + `]}`, "[{3 0 [" + long + "] [] [] [] 0}]"},
		{"set", `{"remove":[]}`, "[{4 0 [] [] [] [] 0}]"},
		{"map", `{"put":{"b":1,"a":[]}}`, "[{5 0 [[] 1] [a b] [] [] 0}]"},
		{"map", `{"remove":["b","a\n"]}`, "[{4 0 [] [b a\n] [] [] 0}]"},
		{"map", `{"increment":{"n":-2}}`, "[{6 0 [] [n] [-2] [] 0}]"},
		{"flag", `[{"enable":true},{"disable":true}]`, "[{7 0 [] [] [] [] 0} {8 0 [] [] [] [] 0}]"},

		{"counter", `{"increment":1.5}`, "invalid body.increment"},
		{"counter", `{"increment":9223372036854775808}`, "invalid body.increment"},
		{"counter", `{"decrement":-9223372036854775808}`, "invalid body.decrement"},
		{"counter", `{"increment":1e999}`, "invalid body.increment"},
		{"counter", `{"increment":"5"}`, "invalid body.increment"},
		{"counter", `{"increment":null}`, "invalid body.increment"},
		{"counter", `[{"increment":1},{"add":[1]}]`, "invalid body[1].add"},
		{"counter", `{"increment":1,"decrement":1}`, "invalid body.increment"},
		{"counter", `{"increment":1,"increment":1}`, "invalid body.increment"},
		{"counter", `{"Increment":1}`, "invalid body.Increment"},
		{"counter", `{}`, "invalid body"},
		{"counter", `[]`, "invalid body"},
		{"counter", `[[]]`, "invalid body[0]"},
		{"counter", `5`, "invalid body"},
		{"counter", ``, "bad_request"},
		{"counter", `[{"increment":1}` + strings.Repeat(`,{"increment":1}`, OpsMax) + `]`, "too_large body"},
		{"bounded_counter", `{"transfer":1}`, "invalid body.transfer"},
		{"register", `{"assign":[1,{"x":1e999}]}`, "invalid body.assign[1].x"},
		{"set", `{"add":"x"}`, "invalid body.add"},
		{"set", `[{"add":["x"]},{"remove":[1,` + long[1:] + `]}]`, "bad_request"},
		{"set", `[{"add":["x"]},{"remove":[1,"y` + long[1:] + `]}]`, "invalid body[1].remove[1]"},
		{"map", `{"put":{"a":1},"remove":["b"]}`, "invalid body.remove"},
		{"map", `{"put":["a"]}`, "invalid body.put"},
		{"map", `{"remove":{"a":1}}`, "invalid body.remove"},
		{"map", `{"remove":["a",1]}`, "invalid body.remove[1]"},
		{"map", `{"remove":["y` + long[1:] + `]}`, "invalid body.remove[0]"},
		{"map", `{"increment":{"n":1,"o":0.5}}`, "invalid body.increment.o"},
		{"map", `{"increment":5}`, "invalid body.increment"},
		{"map", `{"decrement":{"n":1}}`, "invalid body.decrement"},
		{"flag", `{"enable":false}`, "invalid body.enable"},
		{"flag", `{"disable":1}`, "invalid body.disable"},
	} {
		typ, _ := TypeOf(tc.kind)
		ops, err := typ.Ops([]byte(tc.body))
		got := refusalText(err)
		if err == nil {
			got = opsText(ops)
		}
		if got != tc.want {
			t.Errorf("%s %.100s: %.200s (%v), want %.200s", tc.kind, tc.body, got, err, tc.want)
		}
	}
}

func opsText(ops []Op) string {
	all := make([]string, len(ops))
	for i, op := range ops {
		all[i] = fmt.Sprintf("{%d %d %s %s %v %v %d}", op.Verb, op.Number, op.Items, op.Fields, op.Numbers, op.Floats, op.Taker[0])
	}
	return "[" + strings.Join(all, " ") + "]"
}

// A message says what was given and what would be right.
func TestOpsSayWhatWouldBeRight(t *testing.T) {
	typ, _ := TypeOf("set")
	_, err := typ.Ops([]byte(`[{"add":["x"]},{"increment":5}]`))
	if want := "invalid: body[1].increment: no operation of a set; want add, remove"; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// What Parse takes for a state with very many parts is in proportion to its bytes, and so it is
// when the parts are only announced.
func TestParseIsBounded(t *testing.T) {
	const many = 100_000
	states := map[string]func() []byte{
		"counter": func() []byte {
			c := &counter{}
			for i := range many {
				c.rows = append(c.rows, row{origin: numbered(i), tally: tally{plus: 1}})
			}
			return c.AppendTo(nil)
		},
		"bounded_counter": func() []byte {
			b := &bounded{}
			for i := range many {
				b.transfers = append(b.transfers, transfer{numbered(i), originOf("a"), 1})
			}
			return b.AppendTo(nil)
		},
		"flag": func() []byte {
			f := newFlag()
			for i := range many {
				f.alive = append(f.alive, entry[none]{dot: Dot{numbered(i), 1}})
			}
			return f.AppendTo(nil)
		},
		"register": func() []byte {
			g := newRegister()
			for i := range many {
				g.alive = append(g.alive, entry[written]{body: written{value: "1"}, dot: Dot{numbered(i), 1}})
			}
			return g.AppendTo(nil)
		},
		"set": func() []byte {
			s := newSet()
			for i := range many {
				e := entry[none]{name: fmt.Sprint(1000 + i), dot: Dot{numbered(i), 1}}
				if s.waiting = append(s.waiting, e); i > 0 {
					s.alive = append(s.alive, entry[none]{name: "1", dot: e.dot})
				}
			}
			return s.AppendTo(nil)
		},
		"map": func() []byte {
			m := newMap()
			for i := range many {
				name := fmt.Sprintf("%06d", i)
				m.alive = append(m.alive, entry[written]{name: name, body: written{value: "1"}, dot: Dot{numbered(i), 1}})
				m.counts = append(m.counts, count{name, rows{{origin: numbered(i), tally: tally{plus: 1}}}})
			}
			return m.AppendTo(nil)
		},
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		typ, _ := TypeOf(name)
		in := states[name]()
		var err error
		n := allocated(func() { _, err = typ.Parse(in, Limits{}) })
		if err != nil || n > 4*len(in)+64<<10 {
			t.Errorf("%s: %d bytes of input took %d bytes, %v", name, len(in), n, err)
		}
		// The same counts over bytes that are something else.
		for i := range in[20:] {
			in[20+i] = 0xff
		}
		n = allocated(func() { _, err = typ.Parse(in, Limits{}) })
		if err == nil || n > 4*len(in)+64<<10 {
			t.Errorf("%s, spoilt: %d bytes of input took %d bytes, %v", name, len(in), n, err)
		}
	}
}

func numbered(n int) edged.OriginID {
	return edged.OriginID{byte(n >> 16), byte(n >> 8), byte(n)}
}

// Every cut-off part of a state or of a delta is refused.
func TestCutOff(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(requests())) {
		typ, _ := TypeOf(name)
		v := typ.New(fuzzLimits())
		at := Place{Dot: Dot{originOf("a"), 1}}
		change := v.Begin(at)
		for _, body := range requests()[name] {
			ops, err := typ.Ops([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if err := change.Do(ops); err != nil {
				t.Fatal(err)
			}
		}
		delta, state := change.AppendDelta(nil), v.AppendTo(nil)
		for i := range delta {
			if err := typ.New(fuzzLimits()).Fold(at, delta[:i]); err == nil {
				t.Errorf("%s: %d bytes of %x are taken", name, i, delta)
			}
		}
		for i := range state {
			if _, err := typ.Parse(state[:i], fuzzLimits()); err == nil && i > 0 {
				t.Errorf("%s: %d bytes of %x are taken", name, i, state)
			}
		}
	}
}
