package crdt

import (
	"strings"
	"testing"
)

func TestMap(t *testing.T) {
	play(t, "map", Limits{}, []situation{
		{"fields", `
			a: {"put":{"name":"Ada","age":36,"":null}}
			a: {"increment":{"visits":2,"age":1}}
			a = {"":null,"age":1,"name":"Ada","visits":2}
			a ? [{"field":"age","values":[1,36]}]
			a: {"remove":["age","none"]}
			a = {"":null,"name":"Ada","visits":2}`},
		{"a put survives a removal that has not seen it", `
			a: {"put":{"x":1}}
			a > b
			a: {"put":{"x":2}}
			b: {"remove":["x"]}
			a > b
			b = {"x":2}`},
		{"increments survive a removal that has not seen them", `
			a: {"increment":{"n":5}}
			a > b
			a: {"increment":{"n":1}}
			b: {"remove":["n"]}
			b = absent
			a > b
			b > a
			b = {"n":1}
			b: {"increment":{"n":-3}}
			b = {"n":-2}`},
		{"increments of two sides add up, puts stand side by side", `
			a@3: {"increment":{"n":5}}
			b@4: {"increment":{"n":7}}
			a@5: {"put":{"x":"a"}}
			b@6: {"put":{"x":"b"}}
			a > b
			b > a
			a = {"n":12,"x":"b"}
			a ? [{"field":"x","values":["b","a"]}]`},
		{"the part that was updated last shows", `
			a@5: {"put":{"x":"put"}}
			b@6: {"increment":{"x":1}}
			a > b
			b = {"x":1}
			b ? [{"field":"x","values":[1,"put"]}]
			b@9: {"put":{"x":"again"}}
			b = {"x":"again"}
			b ? [{"field":"x","values":["again",1]}]
			a@10: {"increment":{"x":1}}
			a > b
			b = {"x":2}`},
		{"in one record the part that was put shows", `
			a: [{"put":{"x":7}},{"increment":{"x":1}}]
			a = {"x":7}
			a ? [{"field":"x","values":[7,1]}]`},
	})
}

func TestMapRemovals(t *testing.T) {
	play(t, "map", Limits{}, []situation{
		{"removals that come first", `
			a: [{"put":{"x":1,"y":2}},{"increment":{"x":1}}]
			a > b
			b: {"remove":["x"]}
			b > c
			c ~ d
			a > c
			c = {"y":2}
			d ~ a
			a = {"y":2}`},
		{"within one record the last word counts", `
			a: [{"put":{"x":1}},{"increment":{"x":3}},{"remove":["x"]}]
			a = absent
			a: [{"increment":{"x":3}},{"remove":["x"]},{"increment":{"x":2}}] | {"put":{"y":1}} | delete | {"increment":{"z":1}}
			a = {"z":1}`},
		{"a deletion spares what it has not seen", `
			a: [{"put":{"x":1}},{"increment":{"n":1}}]
			a > b
			a: [{"put":{"y":2}},{"increment":{"n":1}}]
			b: delete
			a > b
			b = {"n":1,"y":2}`},
		{"a list is carried out whole or not at all", `
			a: {"increment":{"n":9223372036854775807}}
			a: [{"put":{"x":1}},{"increment":{"m":1,"n":1}}] -> invalid body[1].increment.n
			a: {"increment":{"n":1}} -> invalid body.increment.n
			a = {"n":9223372036854775807}`},
	})
}

func TestMapTooLarge(t *testing.T) {
	m := newMap()
	change := m.Begin(Place{Dot: Dot{originOf("a"), 1}})
	big := []byte(`"` + strings.Repeat("x", ValueBytesMax) + `"`)
	ops := []Op{{Verb: Raise, Fields: []string{"n"}, Numbers: []int64{1}}, {Verb: Put, Fields: []string{"x"}, Items: [][]byte{big}}}
	if got := refusalText(change.Do(ops)); got != "too_large" {
		t.Errorf("refused as %q, want too_large", got)
	}
	if m.Size() != 0 || len(change.AppendDelta(nil)) > 0 {
		t.Error("a refused put has left something behind")
	}
}
