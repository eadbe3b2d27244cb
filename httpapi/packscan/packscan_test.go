package packscan

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

func TestCheckPlaces(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("\x91", n) + "\xc0" }
	for _, c := range []struct {
		name, in string
		offset   int
		message  string // empty: right
	}{
		{"nil", "\xc0", 0, ""},
		{"map", "\x82\xa1a\x01\xa1b\x92\xc2\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", 0, ""},
		{"empty", "\x90", 0, ""},
		{"ext", "\xd6\xff\x00\x00\x00\x01", 0, ""},
		{"deep enough", deep(64), 0, ""},
		{"nothing", "", 0, "the end"},
		{"too deep", deep(65), 64, "at most 64"},
		{"far too deep", deep(100_000), 64, "at most 64"},
		{"ten million elements in five bytes", "\xdd\x00\x98\x96\x80", 0, "claims 10000000 entries, and 0 bytes"},
		{"two thousand million pairs", "\xdf\x7f\xff\xff\xff", 0, "claims 2147483647 entries"},
		{"pairs past the end", "\x82\xa1a\x01", 0, "claims 2 entries, and 3 bytes"},
		{"string past the end", "\xdb\xff\xff\xff\xffabc", 0, "claims 4294967295 bytes, and 3"},
		{"binary past the end", "\xc4\x04abc", 0, "claims 4 bytes, and 3"},
		{"ext past the end", "\xd8\x01abc", 0, "claims 16 bytes, and 3"},
		{"ext without type", "\xd4", 1, "the end"},
		{"cut length", "\xdc\x00", 2, "the end"},
		{"cut number", "\xcf\x00\x00", 3, "the end"},
		{"no meaning", "\x91\xc1", 1, "0xc1"},
		{"two values", "\x01\x02", 1, "want nothing after the value, found 1 bytes"},
		{"element missing", "\x92\x91\x01", 3, "the end"},
	} {
		err := Check([]byte(c.in))
		if c.message == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var f *Fault
		if !errors.As(err, &f) || f.Offset != c.offset || !strings.Contains(f.Message, c.message) {
			t.Errorf("%s: got %v, want byte %d: %s", c.name, err, c.offset, c.message)
		}
	}
}

// library reads one value with the library, token after token.
func library(in []byte) (any, error) {
	d := msgpack.NewDecoder(bytes.NewReader(in))
	d.SetMapDecoder(func(d *msgpack.Decoder) (any, error) {
		n, err := d.DecodeMapLen()
		var pairs []any
		for ; n > 0 && err == nil; n-- {
			var k, v any
			if k, err = d.DecodeInterface(); err == nil {
				v, err = d.DecodeInterface()
			}
			pairs = append(pairs, k, v)
		}
		return pairs, err
	})
	v, err := d.DecodeInterface()
	if err == nil {
		if _, err = d.DecodeInterface(); err == io.EOF {
			return v, nil
		}
		return nil, errors.New("more follows")
	}
	return nil, err
}

func randomValue(rng *rand.Rand, room int) any {
	switch k := rng.IntN(12); {
	case k < 2 && room > 0:
		list := []any{}
		for n := rng.IntN(40); n > 0; n-- {
			list = append(list, randomValue(rng, room-1))
		}
		return list
	case k < 4 && room > 0:
		m := map[string]any{}
		for n := rng.IntN(40); n > 0; n-- {
			m[strings.Repeat("k", rng.IntN(50))] = randomValue(rng, room-1)
		}
		return m
	case k < 6:
		return int64(rng.Uint64()) >> rng.IntN(64)
	case k < 7:
		return rng.Uint64() >> rng.IntN(64)
	case k < 8:
		return rng.NormFloat64()
	case k < 9:
		return float32(rng.NormFloat64())
	case k < 10:
		return strings.Repeat("s", rng.IntN(300))
	case k < 11:
		return bytes.Repeat([]byte("b"), rng.IntN(300))
	}
	return []any{nil, true, false}[rng.IntN(3)]
}

func TestAgreesWithTheLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		in, err := msgpack.Marshal(randomValue(rng, 3))
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(in); err != nil {
			t.Fatalf("%x: %v", in, err)
		}
		if len(in) < 300 {
			for n := range in {
				if Check(in[:n]) == nil {
					t.Fatalf("%x: its first %d bytes passed", in, n)
				}
			}
		}
		in[rng.IntN(len(in))] = byte(rng.Uint32())
		if Check(in) == nil {
			if _, err := library(in); err != nil && !libraryRefuses(err) {
				t.Fatalf("%x passed, but the library says %v", in, err)
			}
		}
	}
}

// libraryRefuses says whether the library lacks a form for an extension that is right MessagePack,
// or takes it for one of its own.
func libraryRefuses(err error) bool {
	return strings.Contains(err.Error(), "ext") || strings.Contains(err.Error(), "intern")
}

func TestNumbers(t *testing.T) {
	for _, want := range []any{
		int64(0), int64(-1), int64(-32), int64(-33), int64(-129), int64(-40_000), int64(math.MinInt64), int64(math.MinInt32),
		uint64(127), uint64(128), uint64(300), uint64(70_000), uint64(math.MaxUint64), 1.5, float32(0.25), math.Inf(-1), true, false,
	} {
		in, _ := msgpack.Marshal(want)
		tok, err := Next(in, 0)
		if err != nil || tok.To != len(in) {
			t.Fatalf("%v: %+v, %v", want, tok, err)
		}
		ok := false
		switch w := want.(type) {
		case int64:
			ok = tok.Kind == Int && tok.Int() == w || tok.Kind == Uint && w >= 0 && tok.Uint() == uint64(w)
		case uint64:
			ok = tok.Kind == Uint && tok.Uint() == w
		case float64:
			ok = tok.Kind == Float && tok.Float() == w
		case float32:
			ok = tok.Kind == Float && tok.Float() == float64(w)
		case bool:
			ok = tok.Kind == Bool && tok.Bool() == w
		}
		if !ok {
			t.Errorf("%T %v came back as %+v", want, want, tok)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("\x82\xa1a\x01\xa1b\x92\xc2\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\xdd\x00\x98\x96\x80"))
	f.Add([]byte(strings.Repeat("\x81\x01", 70)))
	f.Add([]byte("\xc7\x01\x05a"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var err error
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = Check(in)
		runtime.ReadMemStats(&after)
		if n := int(after.TotalAlloc - before.TotalAlloc); n > 4*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err != nil {
			return
		}
		if err := Check(append(in[:len(in):len(in)], 0)); err == nil {
			t.Fatal("a byte more passed")
		}
		for n := range min(len(in), 100) {
			if Check(in[:n]) == nil {
				t.Fatalf("its first %d bytes passed", n)
			}
		}
		if _, err := library(in); err != nil && !libraryRefuses(err) {
			t.Fatalf("passed, but the library says %v", err)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var list []any
	for range 100 {
		list = append(list, map[string]any{"id": "01J9ZK000001", "key": "user-1", "data": map[string]any{"total": rng.Float64(), "n": rng.Int64(), "city": "Oslo"}})
	}
	in, err := msgpack.Marshal(list)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(in); err != nil {
			b.Fatal(err)
		}
	}
}
