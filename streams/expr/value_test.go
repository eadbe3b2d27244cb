package expr

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// someValue draws a value of any kind, often one at an edge, often equal to another.
func someValue(r *rand.Rand) Value {
	switch r.IntN(14) {
	case 0:
		return Value{}
	case 1:
		return OfBoolean(r.IntN(2) == 0)
	case 2, 3, 4, 5, 6, 7:
		return someNumber(r)
	case 8, 9:
		return OfString(someText(r))
	case 10:
		return OfBytes([]byte(someText(r)))
	case 11:
		return OfTimestamp(someInteger(r))
	case 12:
		return OfInterval(someInteger(r))
	}
	return OfJSON([]string{`{}`, `[]`, `[1]`, `{"a":1}`, `{"a":[1,"x"]}`}[r.IntN(5)])
}

func someText(r *rand.Rand) string {
	b := make([]byte, r.IntN(4)*r.IntN(6))
	for i := range b {
		b[i] = "\x00\x01ab~"[r.IntN(5)]
	}
	return string(b)
}

func someInteger(r *rand.Rand) int64 {
	switch r.IntN(4) {
	case 0:
		return int64(r.IntN(7) - 3)
	case 1:
		return int64(r.Uint64()) >> r.IntN(64)
	case 2:
		return int64(1)<<r.IntN(64) + int64(r.IntN(3)-1)
	}
	return []int64{math.MaxInt64, math.MinInt64, 1<<53 + 1, -1<<53 - 1, 10, 100}[r.IntN(6)]
}

func someNumber(r *rand.Rand) Value {
	switch i := someInteger(r); r.IntN(6) {
	case 0:
		return OfInteger(i)
	case 1:
		return OfDouble(float64(i) + float64(r.IntN(3))/4)
	case 2:
		return OfDouble(math.Float64frombits(r.Uint64()))
	case 3:
		return OfDouble(float64(r.IntN(100)) / 10)
	case 4:
		return OfDecimal(i>>63, uint64(i), digitsMax, r.IntN(4))
	default:
		d := decimal{magnitude: wideOf(r.Uint64()>>r.IntN(64), r.Uint64()), scale: r.IntN(digitsMax + 1), negative: r.IntN(2) == 0}
		v, ok := d.value(digitsMax)
		if !ok {
			return OfInteger(i)
		}
		return v
	}
}

// rational is a number as the standard library holds it.
func rational(v Value) *big.Rat {
	switch v.Kind() {
	case Integer:
		return new(big.Rat).SetInt64(v.Integer())
	case Double:
		return new(big.Rat).SetFloat64(v.Double())
	}
	hi, lo, scale := v.Decimal()
	n := new(big.Int).Lsh(big.NewInt(hi), 64)
	n.Add(n, new(big.Int).SetUint64(lo))
	return new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

func TestValueIs32Bytes(t *testing.T) {
	if n := unsafe.Sizeof(Value{}); n != 32 {
		t.Fatalf("a value has %d bytes", n)
	}
}

// TestOrder holds Compare, Hash and keys to one another, and numbers to exact arithmetic.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		a, b := someValue(r), someValue(r)
		c := Compare(a, b)
		if back := Compare(b, a); back != -c {
			t.Fatalf("%s and %s: %d, the other way %d", show(a), show(b), c, back)
		}
		if a.Kind().number() && b.Kind().number() && rational(a).Cmp(rational(b)) != c {
			t.Fatalf("%s and %s: %d", show(a), show(b), c)
		}
		if k := bytes.Compare(AppendKey(nil, a), AppendKey(nil, b)); k != c {
			t.Fatalf("%s and %s: %d, their keys %d: %x %x", show(a), show(b), c, k, AppendKey(nil, a), AppendKey(nil, b))
		}
		if same := Hash(a) == Hash(b); same != (c == 0) {
			t.Fatalf("%s and %s: %d, one hash: %v", show(a), show(b), c, same)
		}
		if d := someValue(r); c <= 0 && Compare(b, d) <= 0 && Compare(a, d) > 0 {
			t.Fatalf("%s, %s, %s are in no order", show(a), show(b), show(d))
		}
	}
}

// TestEqualNumbers names the groups that people ask about.
func TestEqualNumbers(t *testing.T) {
	decimalOf := func(n int64, scale int) Value { return OfDecimal(n>>63, uint64(n), 18, scale) }
	for _, c := range []struct {
		a, b Value
		same bool
	}{
		{OfInteger(1), OfDouble(1), true},
		{OfInteger(1), decimalOf(100, 2), true},
		{OfDouble(0.5), decimalOf(50, 2), true},
		{OfDouble(math.Copysign(0, -1)), OfInteger(0), true},
		{OfDouble(math.NaN()), Value{}, true},
		{OfDouble(math.Inf(1)), Value{}, true},
		{OfInteger(1<<53 + 1), OfDouble(1 << 53), false},
		{OfDouble(0.1), decimalOf(1, 1), false},
		{OfInteger(1), OfString("1"), false},
		{OfString("a"), OfBytes([]byte("a")), false},
	} {
		if Equal(c.a, c.b) != c.same {
			t.Errorf("%s and %s are one group: %v", show(c.a), show(c.b), !c.same)
		}
	}
}

// TestKey reads keys back, alone and in tuples, and finds every cut-off key.
func TestKey(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		a, b := someValue(r), someValue(r)
		key := AppendKey(AppendKey(nil, a), b)
		x, rest, err := ReadKey(key)
		if err != nil || !Equal(x, a) {
			t.Fatalf("%s came back as %s, %v", show(a), show(x), err)
		}
		y, rest, err := ReadKey(rest)
		if err != nil || !Equal(y, b) || len(rest) > 0 {
			t.Fatalf("%s came back as %s, %v", show(b), show(y), err)
		}
		first := AppendKey(nil, a)
		for n := range first {
			if _, _, err := ReadKey(first[:n]); err == nil {
				t.Fatalf("%d of %d bytes of %s are a key", n, len(first), show(a))
			}
		}
	}
}

// TestKeyBytes pins what is stored.
func TestKeyBytes(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want string
	}{
		{Value{}, "f0"},
		{OfBoolean(true), "11"},
		{OfInteger(0), "21000000000000000000"},
		{OfInteger(7), "21401c00000000000000"},
		{OfInteger(-7), "20bfe3ffffffffffffff"},
		{OfInteger(1<<53 + 1), "21434000000000000050" + "5b08145d374b0a5e00"},
		{OfString("a\x00b"), "306100ff620001"},
		{OfTimestamp(1), "508000000000000001"},
	} {
		if got := hex.EncodeToString(AppendKey(nil, c.v)); got != c.want {
			t.Errorf("%s: %s, want %s", show(c.v), got, c.want)
		}
	}
}

// TestHashes pins digests: they are stored too.
func TestHashes(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want uint64
	}{
		{Value{}, 0x516aadcfda6f2e25}, {OfBoolean(true), 0x5d9b7ad09bf68257}, {OfInteger(1), 0x3fd2e6d1bb1f8c94},
		{OfDouble(1.5), 0x1f9d28da949801a1}, {OfString(""), 0x9dd124976ce52b1c}, {OfString("edged"), 0x558fb6d053e03844},
		{OfString("seventeen letters"), 0x2cc9248db632cbf4}, {OfTimestamp(1), 0xdbd11cbd42daac31},
	} {
		if got := Hash(c.v); got != c.want {
			t.Errorf("%s: %#x, want %#x", show(c.v), got, c.want)
		}
	}
}

// TestAppend reads values back as they were, and finds every cut-off value.
func TestAppend(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		v := someValue(r)
		b := Append(nil, v)
		w, rest, err := Read(append(b, 0xee))
		if err != nil || len(rest) != 1 || w.Kind() != v.Kind() || !Equal(v, w) || !bytes.Equal(Append(nil, w), b) {
			t.Fatalf("%s came back as %s, %v", show(v), show(w), err)
		}
		for n := range b {
			if _, _, err := Read(b[:n]); err == nil {
				t.Fatalf("%d of %d bytes of %s are a value", n, len(b), show(v))
			}
		}
	}
}

func TestAppendJSON(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want string
	}{
		{Value{}, `null`},
		{OfBoolean(true), `true`},
		{OfInteger(math.MinInt64), `-9223372036854775808`},
		{OfDouble(1), `1`},
		{OfDouble(0.1), `0.1`},
		{OfDouble(1e21), `1e+21`},
		{OfDouble(-1e-7), `-1e-7`},
		{OfDecimal(0, 1250, 18, 2), `12.50`},
		{OfDecimal(-1, math.MaxUint64-4, 18, 2), `-0.05`},
		{OfDecimal(0, 0, 18, 2), `0.00`},
		{OfString("a\"\\\n\x01é\xff"), `"a\"\\\n\u0001é` + "\ufffd" + `"`},
		{OfBytes([]byte{1, 2, 255}), `"AQL/"`},
		{OfTimestamp(1_700_000_000_250_000_000), `"2023-11-14T22:13:20.25Z"`},
		{OfInterval(90e9), `"1m30s"`},
		{OfJSON(`{"a":[1]}`), `{"a":[1]}`},
	} {
		got := string(AppendJSON(nil, c.v))
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// TestDoubleAsJSON writes numbers as encoding/json does.
func TestDoubleAsJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 10_000 {
		v := someNumber(r)
		if f, _ := v.Number(); v.Kind() == Double {
			want, _ := json.Marshal(f)
			if got := AppendJSON(nil, v); !bytes.Equal(got, want) {
				t.Fatalf("%s, want %s", got, want)
			}
		}
	}
}

func TestClone(t *testing.T) {
	b := []byte("abc")
	v := OfString(view(b))
	w := v.Clone()
	b[0] = 'x'
	if v.Text() != "xbc" || w.Text() != "abc" {
		t.Fatalf("%q and its clone %q", v.Text(), w.Text())
	}
}

// show is a value with its kind.
func show(v Value) string {
	return v.Kind().String() + " " + strings.ToValidUTF8(string(appendText(nil, v)), "?")
}

func TestNothingAllocates(t *testing.T) {
	d := OfDecimal(1, 77, 38, 9)
	values := []Value{
		{}, OfBoolean(true), OfInteger(1<<53 + 1), OfDouble(0.1), d, OfString("a somewhat longer text"), OfTimestamp(1), OfJSON(`[1]`),
	}
	buf := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(100, func() {
		buf = buf[:0]
		for _, a := range values {
			for _, b := range values {
				if Compare(a, b) == 0 && Hash(a) != Hash(b) {
					t.Fatal("one group, two digests")
				}
			}
			buf = AppendKey(buf, a)
			buf = Append(buf, a)
			buf = AppendJSON(buf, a)
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
