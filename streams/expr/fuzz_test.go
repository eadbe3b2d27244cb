package expr

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/edgedhq/edged/streams/sql"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzRead feeds bytes that are no values: what is read is written again as it was.
func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		f.Add(Append(nil, someValue(r)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v Value
		var rest []byte
		var err error
		if n := allocated(func() { v, rest, err = Read(in) }); n > 4*uint64(len(in))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err == nil && !bytes.Equal(Append(nil, v), in[:len(in)-len(rest)]) {
			t.Fatalf("%x was read as %s", in, show(v))
		}
	})
}

// FuzzReadKey does so with keys.
func FuzzReadKey(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		f.Add(AppendKey(nil, someValue(r)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v Value
		var rest []byte
		var err error
		if n := allocated(func() { v, rest, err = ReadKey(in) }); n > 4*uint64(len(in))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err == nil && !bytes.Equal(AppendKey(nil, v), in[:len(in)-len(rest)]) {
			t.Fatalf("%x was read as %s", in, show(v))
		}
	})
}

// FuzzExtract holds extraction to encoding/json, on any bytes.
func FuzzExtract(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		f.Add(someJSON(r, nil, 4))
	}
	x := extractorOf(f, somePaths...)
	dst := make([]Value, len(somePaths))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := allocated(func() { x.Extract(in, dst, new(Arena)) })
		if most := uint64(4*len(somePaths)*len(in) + 64<<10); n > most {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		checkExtract(t, x, in)
	})
}

// FuzzExpression compiles and evaluates any text that parses, over any document.
func FuzzExpression(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		f.Add(sql.Print(someExpr(r, 3)), someFields(r))
	}
	for _, name := range Functions() {
		f.Add(lookup(name).form, []byte(order))
	}
	f.Fuzz(func(t *testing.T, text string, doc []byte) {
		e, err := sql.ParseExpr(text)
		if err != nil {
			return
		}
		var b *bench
		if n := allocated(func() { b, err = compileBench(e) }); n > 8<<20 {
			t.Fatalf("%d bytes of text took %d bytes", len(text), n)
		}
		if err != nil {
			return
		}
		b.load(event(string(doc)))
		v := b.program.Eval(&b.row)
		out := AppendJSON(nil, v)
		if !json.Valid(out) {
			t.Fatalf("%q over %q gives %q", text, doc, out)
		}
		if w, _, err := ReadKey(AppendKey(nil, v)); err != nil || !Equal(v, w) {
			t.Fatalf("%q over %q gives %s, of its key %s", text, doc, show(v), show(w))
		}
		b.load(event(string(doc)))
		if again := AppendJSON(nil, b.program.Eval(&b.row)); !bytes.Equal(out, again) {
			t.Fatalf("%q over %q gives %s, then %s", text, doc, out, again)
		}
	})
}
