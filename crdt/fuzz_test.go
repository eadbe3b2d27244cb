package crdt

import (
	"bytes"
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// kindOf is one of all types; a fuzzer picks it by a number.
func kindOf(n byte) Type {
	names := slices.Sorted(maps.Keys(types))
	return types[names[int(n)%len(names)]]
}

// requests are some of each type that parse.
func requests() map[string][]string {
	return map[string][]string{
		"counter":         {`{"increment":5}`, `[{"decrement":2},{"increment":1.0}]`},
		"bounded_counter": {`{"increment":5}`, `{"decrement":2}`},
		"register":        {`{"assign":{"b":1,"a":[null]}}`, `{"assign":"é"}`},
		"set":             {`{"add":["x",1,{"a":1}]}`, `[{"remove":["x"]},{"add":["y",true]}]`},
		"map":             {`{"put":{"x":1,"y":"z"}}`, `[{"increment":{"x":1,"n":-2}},{"remove":["x"]}]`},
		"flag":            {`{"enable":true}`, `{"disable":true}`},
		"hyperloglog":     {`{"observe":["x",1]}`, `[{"observe":["x",null]},{"observe":["y"]}]`},
		"quantiles":       {`{"observe":[1,-2.5,0]}`, `[{"observe":[1e300]},{"observe":[1e-9]}]`},
		"topk":            {`{"observe":["x",1,"x"]}`, `[{"observe":[["a"]]},{"observe":["x"]}]`},
	}
}

func fuzzLimits() Limits {
	low := int64(-5)
	return Limits{Min: &low, First: originOf("a")}
}

// grown gives, of each type, values that requests of some sites have led to, and the records.
func grown(f *testing.F, each func(kind byte, v Value, log []record)) {
	names := slices.Sorted(maps.Keys(types))
	for kind, name := range names {
		typ := types[name]
		v := typ.New(fuzzLimits())
		var log []record
		bodies := append(requests()[name], requests()[name]...)
		for i, body := range bodies {
			ops, err := typ.Ops([]byte(body))
			if err != nil {
				f.Fatal(err)
			}
			at := Place{Dot{originOf(string("ab"[2*i/len(bodies)])), edged.Sequence(i + 1)}, edged.Timestamp{Wall: int64(i)}}
			copied, err := typ.Parse(v.AppendTo(nil), fuzzLimits())
			if err != nil {
				f.Fatal(err)
			}
			change := copied.Begin(at)
			if err := change.Do(ops); err != nil {
				f.Fatal(err)
			}
			delta := change.AppendDelta(nil)
			if err := v.Fold(at, delta); err != nil {
				f.Fatal(err)
			}
			log = append(log, record{at, delta})
			each(byte(kind), v, log)
		}
	}
}

// FuzzParse reads a state: what is read is shown as JSON and comes back as the same bytes.
func FuzzParse(f *testing.F) {
	grown(f, func(kind byte, v Value, _ []record) { f.Add(kind, v.AppendTo(nil)) })
	f.Add(byte(0), []byte("\x01\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, kind byte, in []byte) {
		typ := kindOf(kind)
		var v Value
		var err error
		if n := allocated(func() { v, err = typ.Parse(in, fuzzLimits()) }); n > 4*len(in)+64<<10 {
			t.Fatalf("%s: %d bytes of input took %d bytes", typ.Name(), len(in), n)
		}
		if err != nil {
			return
		}
		if again := v.AppendTo(nil); !bytes.Equal(again, in) {
			t.Fatalf("%s: %x came back as %x", typ.Name(), in, again)
		}
		whole(t, typ, v)
		other, _ := typ.Parse(in, fuzzLimits())
		v.Merge(other, Vector{}, Vector{})
		if again := v.AppendTo(nil); !bytes.Equal(again, in) {
			t.Fatalf("%s: %x merged with itself is %x", typ.Name(), in, again)
		}
	})
}

// FuzzFold reads a delta into a value that has some records already.
func FuzzFold(f *testing.F) {
	states := map[byte][]byte{}
	grown(f, func(kind byte, v Value, log []record) {
		if len(log) == 2 {
			states[kind] = v.AppendTo(nil)
		}
		f.Add(kind, uint64(len(log)), log[len(log)-1].delta)
	})
	f.Fuzz(func(t *testing.T, kind byte, sequence uint64, in []byte) {
		typ := kindOf(kind)
		v, err := typ.Parse(states[kind%byte(len(types))], fuzzLimits())
		if err != nil {
			t.Fatal(err)
		}
		before := v.AppendTo(nil)
		at := Place{Dot{originOf("b"), edged.Sequence(max(sequence, 1))}, edged.Timestamp{Wall: 7}}
		if n := allocated(func() { err = v.Fold(at, in) }); n > 16*len(in)+64<<10 {
			t.Fatalf("%s: %d bytes of input took %d bytes", typ.Name(), len(in), n)
		}
		if err != nil {
			if after := v.AppendTo(nil); !bytes.Equal(before, after) {
				t.Fatalf("%s: %x is refused (%v) and has changed %x to %x", typ.Name(), in, err, before, after)
			}
			return
		}
		whole(t, typ, v)
		v.Trim(Vector{originOf("a"): 1 << 40, originOf("b"): 1 << 40})
		whole(t, typ, v)
	})
}

// whole wants a value to be written, read, and shown as JSON.
func whole(t *testing.T, typ Type, v Value) {
	state := v.AppendTo(nil)
	again, err := typ.Parse(state, fuzzLimits())
	if err != nil || !bytes.Equal(again.AppendTo(nil), state) {
		t.Fatalf("%s: %x does not come back: %v", typ.Name(), state, err)
	}
	if text := v.AppendJSON(nil); !json.Valid(text) {
		t.Fatalf("%s: %x shows %q", typ.Name(), state, text)
	}
	if text := v.AppendConflicts(nil); len(text) > 0 && !json.Valid(text) {
		t.Fatalf("%s: %x has conflicts %q", typ.Name(), state, text)
	}
	if v.Size() < 0 || v.Absent() != again.Absent() || again.Size() != v.Size() {
		t.Fatalf("%s: %x has size %d, read again %d", typ.Name(), state, v.Size(), again.Size())
	}
}

// FuzzOps reads a request: what it asks for can be done or is refused, and never by half.
func FuzzOps(f *testing.F) {
	for kind, name := range slices.Sorted(maps.Keys(types)) {
		for _, body := range requests()[name] {
			f.Add(byte(kind), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, in []byte) {
		typ := kindOf(kind)
		var ops []Op
		var err error
		if n := allocated(func() { ops, err = typ.Ops(in) }); n > 40*len(in)+64<<10 {
			t.Fatalf("%s: %d bytes of input took %d bytes", typ.Name(), len(in), n)
		}
		if err != nil {
			return
		}
		at := Place{Dot{originOf("a"), 1}, edged.Timestamp{Wall: 1}}
		v, base := typ.New(fuzzLimits()), typ.New(fuzzLimits())
		change := v.Begin(at)
		if err := change.Do(ops); err != nil {
			if got := v.AppendTo(nil); !bytes.Equal(got, base.AppendTo(nil)) {
				t.Fatalf("%s: %s is refused (%v), and leaves %x", typ.Name(), in, err, got)
			}
			return
		}
		whole(t, typ, v)
		if delta := change.AppendDelta(nil); len(delta) > 0 {
			if err := base.Fold(at, delta); err != nil {
				t.Fatalf("%s: %s gives %x: %v", typ.Name(), in, delta, err)
			}
		}
		if got, want := base.AppendTo(nil), v.AppendTo(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: %s gives %x, folded %x", typ.Name(), in, want, got)
		}
	})
}
