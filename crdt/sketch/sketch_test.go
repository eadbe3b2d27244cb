package sketch

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// distinct makes a sketch of the items from one number to another, in a random order.
func distinct(r *rand.Rand, from, to int) *HyperLogLog {
	s := &HyperLogLog{}
	for _, i := range r.Perm(to - from) {
		d := DigestOf(fmt.Append(nil, from+i))
		s.Put(RegisterOf(&d))
	}
	return s
}

// TestHyperLogLog holds estimates to the stated error: no more than four times as far off, and in
// the middle as good as it says.
func TestHyperLogLog(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 10, 100, 1_000, 1_999, 2_000, 2_001, 5_000, 20_000, 100_000, 400_000} {
		var squares float64
		const tries = 6
		for try := range tries {
			got := float64(distinct(r, try*1_000_000, try*1_000_000+n).Estimate())
			off := (got - float64(n)) / max(1, float64(n))
			if math.Abs(off) > 4*HyperLogLogError {
				t.Errorf("%d items: estimate %v", n, got)
			}
			squares += off * off
		}
		if spread := math.Sqrt(squares / tries); spread > 2*HyperLogLogError {
			t.Errorf("%d items: estimates are off by %.4f, want %v", n, spread, HyperLogLogError)
		}
	}
}

// TestHyperLogLogLaws splits items over sketches at random: the bytes of the union do not depend on
// who had what, nor on the order of merging.
func TestHyperLogLogLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 60 {
		from, to := r.IntN(3_000), 3_000+r.IntN(6_000)
		want := distinct(r, from, to).AppendTo(nil)
		cut := from + r.IntN(to-from)
		over := cut + r.IntN(to-cut+1) // held by both
		a, b := distinct(r, from, over), distinct(r, cut, to)
		back := *b
		back.sparse, back.dense = slices.Clone(b.sparse), slices.Clone(b.dense)
		back.Merge(a)
		a.Merge(b)
		a.Merge(b)
		if !bytes.Equal(a.AppendTo(nil), want) || !bytes.Equal(back.AppendTo(nil), want) {
			t.Fatalf("items %d to %d, cut at %d and %d: merging makes a difference", from, to, cut, over)
		}
		again, rest, err := ParseHyperLogLog(append(slices.Clone(want), "rest"...))
		if err != nil || string(rest) != "rest" || !bytes.Equal(again.AppendTo(nil), want) || again.Estimate() != a.Estimate() {
			t.Fatalf("items %d to %d: %q, %v", from, to, rest, err)
		}
	}
}

// numbers gives values of every kind: small, large, negative, repeated, zero.
func numbers(r *rand.Rand, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		switch r.IntN(6) {
		case 0:
			all[i] = float64(r.IntN(10) - 5)
		case 1:
			all[i] = -r.ExpFloat64() * 1e3
		case 2:
			all[i] = math.Exp(r.NormFloat64())
		default:
			all[i] = r.ExpFloat64() * 250
		}
	}
	return all
}

func observed(values []float64) *Quantiles {
	q := &Quantiles{}
	for _, v := range values {
		q.Observe(v)
	}
	return q
}

// TestQuantiles holds quantiles to the exact ones.
func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		values := numbers(r, 1+r.IntN(2_000))
		q := observed(values)
		slices.Sort(values)
		if q.Min() != values[0] || q.Max() != values[len(values)-1] || q.Count() != uint64(len(values)) {
			t.Fatalf("%v to %v of %d, want %v to %v of %d", q.Min(), q.Max(), q.Count(), values[0], values[len(values)-1], len(values))
		}
		for _, p := range []float64{0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
			want := values[int(max(1, math.Ceil(p*float64(len(values)))))-1]
			if got := q.Quantile(p); math.Abs(got-want) > QuantilesError*math.Abs(want)*1.000001 {
				t.Fatalf("quantile %v of %d values: %v, want %v", p, len(values), got, want)
			}
		}
	}
}

// TestBins holds every bin to its width, over all finite numbers.
func TestBins(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 50_000 {
		v := math.Float64frombits(r.Uint64N(0x7ff << 52))
		if v == 0 {
			continue
		}
		bin := binOf(v)
		if next := math.Nextafter(v, math.Inf(1)); binOf(next) < bin {
			t.Fatalf("%v is in bin %d, the next number in %d", v, bin, binOf(next))
		}
		if m := middle(bin); v > 1e-300 && v < 1e300 && math.Abs(m-v) > QuantilesError*v*1.0000001 {
			t.Fatalf("%v stands for %v", m, v)
		}
	}
}

// TestQuantilesLaws adds values in any order, split and merged in any way, with a span that is
// collapsed: the bytes are the same.
func TestQuantilesLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		values := numbers(r, 1+r.IntN(300))
		for range r.IntN(20) {
			values = append(values, math.Ldexp(r.Float64()-0.5, r.IntN(400)-200))
		}
		want := observed(values).AppendTo(nil)
		parts := make([]*Quantiles, 1+r.IntN(4))
		for i := range parts {
			parts[i] = &Quantiles{}
		}
		for _, i := range r.Perm(len(values)) {
			parts[r.IntN(len(parts))].Observe(values[i])
		}
		whole := &Quantiles{}
		for _, i := range r.Perm(len(parts)) {
			whole.Merge(parts[i])
		}
		if got := whole.AppendTo(nil); !bytes.Equal(got, want) {
			t.Fatalf("%d values in %d parts:\n%x\n%x", len(values), len(parts), got, want)
		}
		again, rest, err := ParseQuantiles(append(slices.Clone(want), "rest"...))
		if err != nil || string(rest) != "rest" || !bytes.Equal(again.AppendTo(nil), want) {
			t.Fatalf("%x came back as %x, %q, %v", want, again.AppendTo(nil), rest, err)
		}
		if len(whole.positive) > binsMax || len(whole.negative) > binsMax {
			t.Fatalf("%d and %d bins", len(whole.positive), len(whole.negative))
		}
	}
}

// TestTop holds counts to the exact ones: with few items they are exact, with many the true count
// lies between Count-Error and Count, and whoever leads by far is found.
func TestTop(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for try := range 40 {
		kinds := 5 + r.IntN(90)
		if try%2 == 0 {
			kinds = 200 + r.IntN(5_000)
		}
		zipf := rand.NewZipf(r, 1.3, 1, uint64(kinds-1))
		exact := map[string]uint64{}
		logs := make([]*Top, 1+r.IntN(3))
		for i := range logs {
			logs[i] = &Top{}
		}
		for range 1 + r.IntN(20_000) {
			item := fmt.Appendf(nil, `"item %d"`, zipf.Uint64())
			exact[string(item)]++
			logs[r.IntN(len(logs))].Observe(item)
		}
		leaders := Leaders(logs)
		if len(leaders) != min(TopItems, len(exact)) {
			t.Fatalf("%d leaders of %d items", len(leaders), len(exact))
		}
		for _, l := range leaders {
			if n := exact[string(l.Item)]; n > l.Count || n < l.Count-l.Error || kinds < candidates && l.Error > 0 {
				t.Fatalf("%s: %d, at most %d too many; it is %d, of %d kinds", l.Item, l.Count, l.Error, n, kinds)
			}
		}
		top := slices.MaxFunc(slices.Collect(func(yield func(uint64) bool) {
			for _, n := range exact {
				if !yield(n) {
					return
				}
			}
		}), func(a, b uint64) int { return int(a) - int(b) })
		if leaders[0].Count < top {
			t.Fatalf("the leader has %d, another was observed %d times", leaders[0].Count, top)
		}
		for _, l := range logs {
			text := l.AppendTo(nil)
			again, rest, err := ParseTop(append(slices.Clone(text), "rest"...))
			if err != nil || string(rest) != "rest" || !bytes.Equal(again.AppendTo(nil), text) || len(text) > 20<<10 {
				t.Fatalf("%d bytes came back: %q, %v", len(text), rest, err)
			}
			again.Observe([]byte(`"next"`))
			l.Observe([]byte(`"next"`))
			if !bytes.Equal(again.AppendTo(nil), l.AppendTo(nil)) {
				t.Fatal("what was parsed goes on in another way")
			}
		}
	}
}

// TestTopSize observes items of any length, most of them once: the encoding stays within its bound,
// goes on as it was, and still names ten.
func TestTopSize(t *testing.T) {
	r, top := rand.New(rand.NewPCG(11, 11)), &Top{}
	long := bytes.Repeat([]byte("x"), 1_024)
	for i := range 150_000 {
		item := fmt.Append(nil, r.IntN(40_000))
		if r.IntN(3) == 0 {
			item = append(fmt.Append(nil, r.IntN(200)), long[:r.IntN(1_000)]...)
		}
		top.Observe(item)
		if i%15_000 != 0 && i != 149_999 {
			continue
		}
		text := top.AppendTo(nil)
		if n := top.Size(); len(text) > topBytesMax || n < len(text) || n > len(text)+80 {
			t.Fatalf("after %d items: %d bytes, said to be %d", i+1, len(text), n)
		}
		again, rest, err := ParseTop(text)
		if err != nil || len(rest) > 0 || !bytes.Equal(again.AppendTo(nil), text) {
			t.Fatalf("after %d items: %v", i+1, err)
		}
		top = again
	}
	if n := len(Leaders([]*Top{top})); n != TopItems {
		t.Errorf("%d items lead", n)
	}
}

// TestGolden freezes the bytes: they are on disks and on wires.
func TestGolden(t *testing.T) {
	h, q, top := &HyperLogLog{}, &Quantiles{}, &Top{}
	for i := range 3 {
		item := fmt.Appendf(nil, `"%c"`, 'a'+i)
		d := DigestOf(item)
		h.Put(RegisterOf(&d))
		q.Observe(float64(i-1) * 2.5)
		top.Observe(item)
	}
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"hyperloglog", h.AppendTo(nil), "0321e6022b2302304003"},
		{"quantiles", q.AppendTo(nil), "03c004000000000000400400000000000001015c0001015c0001"},
		{"top", top.AppendTo(nil), "0603b302019301016501036101850301cc030103b60101a80301c40201033c01a002018f030103032261220100032262220100032263220100"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// FuzzParse reads each kind of sketch from anything: what is read comes back as the same bytes.
func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 7))
	top := &Top{}
	for range 500 {
		top.Observe(fmt.Append(nil, r.IntN(300)))
	}
	for _, seed := range [][]byte{
		distinct(r, 0, 5).AppendTo(nil), distinct(r, 0, 3_000).AppendTo(nil),
		observed(numbers(r, 50)).AppendTo(nil), top.AppendTo(nil), {0xff, 0xff, 0xff, 0x0f},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var back [3][]byte
		taken := allocated(func() {
			if s, rest, err := ParseHyperLogLog(in); err == nil {
				back[0] = s.AppendTo(make([]byte, 0, len(in)))
				back[0] = append(back[0], rest...)
			}
			if s, rest, err := ParseQuantiles(in); err == nil {
				s.Quantile(0.5)
				back[1] = append(s.AppendTo(make([]byte, 0, len(in))), rest...)
			}
			if s, rest, err := ParseTop(in); err == nil {
				back[2] = append(s.AppendTo(make([]byte, 0, len(in))), rest...)
			}
		})
		if taken > 3*8*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d", len(in), taken)
		}
		for i, b := range back {
			if b != nil && !bytes.Equal(b, in) {
				t.Fatalf("kind %d: %x came back as %x", i, in, b)
			}
		}
	})
}

func BenchmarkHyperLogLogObserve(b *testing.B) {
	s, item := &HyperLogLog{}, []byte(`"0000"`)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		item[1], item[2], item[3] = byte(i), byte(i>>8), byte(i>>16)
		d := DigestOf(item)
		s.Put(RegisterOf(&d))
	}
}

func BenchmarkHyperLogLogMerge(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 8))
	x, y := distinct(r, 0, 1_000), distinct(r, 500, 1_500)
	b.ReportAllocs()
	for b.Loop() {
		x.Merge(y)
	}
}

func BenchmarkQuantilesObserve(b *testing.B) {
	values, q := numbers(rand.New(rand.NewPCG(9, 9)), 4_096), &Quantiles{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		q.Observe(values[i&4_095])
	}
}

func BenchmarkTopObserve(b *testing.B) {
	r, t := rand.New(rand.NewPCG(10, 10)), &Top{}
	items := make([][]byte, 4_096)
	for i := range items {
		items[i] = fmt.Append(nil, r.IntN(1_000))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		t.Observe(items[i&4_095])
	}
}
