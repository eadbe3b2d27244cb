package crdt

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

func TestHyperLogLog(t *testing.T) {
	play(t, "hyperloglog", Limits{}, []situation{
		{"what is seen on two sides counts once", `
			a = absent
			a: {"observe":["x",1,1.0]}
			a = {"estimate":2,"error":0.008}
			b: {"observe":["x",null]} | {"observe":[]}
			a > b
			b = {"estimate":3,"error":0.008}`},
		{"a record stands alone", `
			a: {"observe":["x","y"]}
			a > b
			b: {"observe":["x","y"]}
			b > c
			c = {"estimate":2,"error":0.008}`},
		{"nothing is stored of nothing", `
			a: {"observe":[]}
			a = absent`},
	})
}

func TestQuantiles(t *testing.T) {
	play(t, "quantiles", Limits{}, []situation{
		{"numbers of two sides", `
			a = absent
			a: {"observe":[-5,0]} | {"observe":[1.5]}
			b: {"observe":[1000]}
			a > b
			b = {"count":4,"min":-5,"max":1000,"p50":0,"p90":1000,"p99":1000,"p999":1000}`},
		{"the longer prefix of a log wins", `
			a: {"observe":[1]}
			b ~ a
			a: {"observe":[1]}
			b ~ a
			b ~ a
			a ~ b
			b = {"count":2,"min":1,"max":1,"p50":1,"p90":1,"p99":1,"p999":1}`},
	})
}

func TestTopK(t *testing.T) {
	play(t, "topk", Limits{}, []situation{
		{"counts of two sides add up", `
			a = absent
			a: {"observe":["x","y","x"]}
			b: {"observe":["y",{"k":1}]} | {"observe":["y"]}
			a > b
			b = [{"item":"y","count":3,"error":0},{"item":"x","count":2,"error":0},{"item":{"k":1},"count":1,"error":0}]`},
		{"ten, and of equal ones those of the lesser text", `
			a: {"observe":[1,2,3,4,5,6,7,8,9,10,11,"a"]}
			a: {"observe":[9]}
			a = [{"item":9,"count":2,"error":0},{"item":"a","count":1,"error":0},{"item":1,"count":1,"error":0},{"item":10,"count":1,"error":0},{"item":11,"count":1,"error":0},{"item":2,"count":1,"error":0},{"item":3,"count":1,"error":0},{"item":4,"count":1,"error":0},{"item":5,"count":1,"error":0},{"item":6,"count":1,"error":0}]`},
	})
}

// A reset of any sketch wins over what it has not seen.
func TestSketchReset(t *testing.T) {
	for kind, shown := range map[string]string{
		"hyperloglog": `{"estimate":1,"error":0.008}`,
		"quantiles":   `{"count":1,"min":7,"max":7,"p50":7,"p90":7,"p99":7,"p999":7}`,
		"topk":        `[{"item":7,"count":1,"error":0}]`,
	} {
		play(t, kind, Limits{}, []situation{
			{kind + ", the reset wins", `
				a: {"observe":[1,2]}
				a > b
				b: {"observe":[3]}
				a: delete
				a = absent
				a > b
				b = absent
				b > a
				a = absent`},
			{kind + ", what comes late from before it", `
				a: {"observe":[1,2]}
				a > b
				b: delete
				b > c
				a > c
				c = absent
				c ~ a
				c = absent`},
			{kind + ", observed after it in one record", `
				a: {"observe":[1]}
				a: {"observe":[2]} | delete | {"observe":[7]}
				a > b
				b = ` + shown},
			{kind + ", resets of two sides are one", `
				a: {"observe":[1]}
				a > b
				a: delete
				a: {"observe":[7]}
				b: delete
				a > b
				b = ` + shown},
			{kind + ", a reset of nothing is none", `
				a: delete
				b: {"observe":[7]}
				a > b
				b = ` + shown},
		})
	}
}

// A sketch that was reset as often as can be counted says so, and is left as it is.
func TestSketchLastEpoch(t *testing.T) {
	for _, kind := range []string{"hyperloglog", "quantiles", "topk"} {
		typ, _ := TypeOf(kind)
		state := append(binary.AppendUvarint([]byte{encodingVersion}, epochMax), 0)
		v, err := typ.Parse(state, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		ops, _ := typ.Ops([]byte(`{"observe":[1]}`))
		err = v.Begin(Place{Dot: Dot{originOf("a"), 1}}).Do(append(ops, Op{Verb: Clear}))
		if refusalText(err) != string(edged.LimitReached) || !v.Absent() {
			t.Errorf("%s: %v, and %s", kind, err, v.AppendJSON(nil))
		}
		state[1]++
		if _, err := typ.Parse(state, Limits{}); err == nil {
			t.Errorf("%s: an epoch past the last is read", kind)
		}
	}
}

func TestSketchOps(t *testing.T) {
	long := `"` + strings.Repeat("x", ItemBytesMax-1) + `"`
	for _, tc := range []struct{ kind, body, want string }{
		{"hyperloglog", `{"observe":["x",1.0]}`, `[{9 0 ["x" 1] [] [] [] 0}]`},
		{"topk", `{"observe":[{"b":1,"a":2}]}`, `[{9 0 [{"a":2,"b":1}] [] [] [] 0}]`},
		{"quantiles", `[{"observe":[1,-2.5e0]},{"observe":[]}]`, "[{9 0 [] [] [] [1 -2.5] 0} {9 0 [] [] [] [] 0}]"},

		{"hyperloglog", `{"observe":"x"}`, "invalid body.observe"},
		{"hyperloglog", `{"observe":[1,` + long + `]}`, "invalid body.observe[1]"},
		{"topk", `[{"observe":[1]},{"observe":[` + long + `]}]`, "invalid body[1].observe[0]"},
		{"topk", `{"add":["x"]}`, "invalid body.add"},
		{"quantiles", `{"observe":5}`, "invalid body.observe"},
		{"quantiles", `{"observe":[1,2,"3"]}`, "invalid body.observe[2]"},
		{"quantiles", `{"observe":[1,2,1e999]}`, "invalid body.observe[2]"},
		{"quantiles", `[{"observe":[1]},{"observe":[null]}]`, "invalid body[1].observe[0]"},
		{"quantiles", `{"observe":[NaN]}`, "bad_request"},
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

// A state is read only if it can be shown.
func TestTopKStateOfNoJSON(t *testing.T) {
	v := topKType{}.New(Limits{})
	at := Place{Dot: Dot{originOf("a"), 1}}
	if err := v.Fold(at, deltaOf(t, topKType{}, v, at, `{"observe":["xyz"]}`)); err != nil {
		t.Fatal(err)
	}
	state := v.AppendTo(nil)
	if _, err := (topKType{}).Parse([]byte(strings.Replace(string(state), `xyz"`, `xyz,`, 1)), Limits{}); err == nil {
		t.Error("an item that is no JSON is read")
	}
}

// TestSketchGolden freezes what is on disks and on wires: the delta of a record, and the state.
func TestSketchGolden(t *testing.T) {
	for _, tc := range []struct{ kind, delta, state string }{
		{"hyperloglog", "0100021ae10133ce01", "0100021ae10133ce01"},
		{"quantiles", "0100033ff0000000000000c0000000000000003ff0000000000000", "010001610000000000000000000303c0000000000000003ff0000000000000000100000201440001"},
		{"topk", "0100030131022d320131", "01000161000000000000000000030602480198010202cd0601090202c902021801027301d7050202022d32010001310200"},
	} {
		typ, _ := TypeOf(tc.kind)
		v := typ.New(Limits{})
		at := Place{Dot: Dot{originOf("a"), 3}}
		delta := deltaOf(t, typ, v, at, `{"observe":[1,-2,1]}`)
		if err := v.Fold(at, delta); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(delta); got != tc.delta {
			t.Errorf("%s: delta %s, want %s", tc.kind, got, tc.delta)
		}
		if got := hex.EncodeToString(v.AppendTo(nil)); got != tc.state {
			t.Errorf("%s: state %s, want %s", tc.kind, got, tc.state)
		}
	}
}

// watched is a sketch of what some origins have observed, many different items or numbers each.
func watched(tb testing.TB, typ Type, origins, records int) Value {
	tb.Helper()
	v := typ.New(Limits{})
	for o := range origins {
		for n := range records {
			items := make([]string, 1_000)
			for i := range items {
				items[i] = fmt.Sprint((o*records+n)*len(items) + i*i)
			}
			at := Place{Dot: Dot{numbered(o), edged.Sequence(n + 1)}}
			body := `{"observe":[` + strings.Join(items, ",") + `]}`
			if err := v.Fold(at, deltaOf(tb, typ, typ.New(Limits{}), at, body)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return v
}

// The space that each takes is bounded, whatever was observed.
func TestSketchSize(t *testing.T) {
	for kind, most := range map[string]int{"hyperloglog": 12<<10 + 16, "quantiles": 3 * 4 << 10, "topk": 3 * (20<<10 + 20)} {
		typ, _ := TypeOf(kind)
		if n := len(watched(t, typ, 3, 20).AppendTo(nil)); n > most {
			t.Errorf("a %s takes %d bytes, want at most %d", kind, n, most)
		}
	}
}

// One observation as a node folds it.
func BenchmarkSketchFold(b *testing.B) {
	for _, kind := range []string{"hyperloglog", "quantiles", "topk"} {
		typ, _ := TypeOf(kind)
		v := watched(b, typ, 3, 10)
		at := Place{Dot: Dot{numbered(1), 100}}
		delta := deltaOf(b, typ, v, at, `{"observe":[12345]}`)
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := v.Fold(at, delta); err != nil {
					b.Fatal(err)
				}
				at.Sequence++
			}
		})
	}
}

// One update as a node does it: read, change, write, with the answer.
func BenchmarkSketchUpdate(b *testing.B) {
	for _, kind := range []string{"hyperloglog", "quantiles", "topk"} {
		typ, _ := TypeOf(kind)
		state := watched(b, typ, 3, 10).AppendTo(nil)
		ops, _ := typ.Ops([]byte(`{"observe":[12345]}`))
		b.Run(kind, func(b *testing.B) {
			var room []byte
			b.ReportAllocs()
			for b.Loop() {
				v, _ := typ.Parse(state, Limits{})
				change := v.Begin(Place{Dot: Dot{numbered(1), 100}})
				if err := change.Do(ops); err != nil {
					b.Fatal(err)
				}
				room = v.AppendTo(v.AppendJSON(change.AppendDelta(room[:0])))
			}
		})
	}
}

func BenchmarkSketchMerge(b *testing.B) {
	for _, kind := range []string{"hyperloglog", "quantiles", "topk"} {
		typ, _ := TypeOf(kind)
		other := watched(b, typ, 3, 10)
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				typ.New(Limits{}).Merge(other, nil, nil)
			}
		})
	}
}
