package sketch

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
)

func keyOfItem(i int) []byte { return expr.AppendKey(nil, expr.OfInteger(int64(i))) }

// skewed is a stream in which a few items come often.
func skewed(seed uint64, n, items int) []int {
	z := rand.NewZipf(rand.New(rand.NewPCG(seed, 1)), 1.3, 1, uint64(items-1))
	out := make([]int, n)
	for i := range out {
		out[i] = int(z.Uint64())
	}
	return out
}

func TestTopIsExactWhileItemsFit(t *testing.T) {
	top, exact := new(Top), map[int]uint64{}
	for _, i := range skewed(1, 20_000, ItemsMax) {
		top.Put(keyOfItem(i), 20)
		exact[i]++
	}
	leaders, estimated := top.Leaders(ItemsMax)
	if estimated || len(leaders) != len(exact) {
		t.Fatalf("estimated %v, %d leaders", estimated, len(leaders))
	}
	for i, l := range leaders {
		v, _, _ := expr.ReadKey([]byte(l.Key))
		if l.Error != 0 || l.Count != exact[int(v.Integer())] || i > 0 && l.Count > leaders[i-1].Count {
			t.Errorf("%d: %+v, want %d", v.Integer(), l, exact[int(v.Integer())])
		}
	}
}

// Of many items the leading ones are found, in several logs too, and what is said of their counts holds.
func TestTopOfManyItemsHoldsItsBounds(t *testing.T) {
	const n = 10
	exact := map[int]uint64{}
	merged := new(Top)
	for log := range uint64(3) {
		top := new(Top)
		for _, i := range skewed(log, 50_000, 1_000_000) {
			top.Put(keyOfItem(i), 4*n)
			exact[i]++
		}
		if len(top.items) != 4*n {
			t.Fatalf("%d candidates", len(top.items))
		}
		merge(t, merged, written(top))
	}
	leaders, estimated := merged.Leaders(n)
	if !estimated || len(leaders) != n {
		t.Fatalf("estimated %v, %d leaders", estimated, len(leaders))
	}
	for i, l := range leaders {
		v, _, _ := expr.ReadKey([]byte(l.Key))
		item, count := int(v.Integer()), exact[int(v.Integer())]
		if item != i || count > l.Count || count < l.Count-l.Error || float64(l.Count-count) > TopError*150_000 {
			t.Errorf("place %d: item %d came %d times, said %+v", i, item, count, l)
		}
	}
}

// Which cells are merged first leaves no trace, and an exact one beside them is not lost.
func TestTopMergesInAnyOrder(t *testing.T) {
	var parts [][]byte
	for log, items := range []int{50, 900, 2_000, 20_000, 1, 800} {
		top := new(Top)
		for _, i := range skewed(uint64(log), 5_000, items) {
			top.Put(keyOfItem(i), 12)
		}
		parts = append(parts, written(top))
	}
	var want []byte
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		left, right, both := new(Top), new(Top), new(Top)
		merge(t, left, parts[:3]...)
		merge(t, right, parts[3:]...)
		merge(t, both, written(right), written(left))
		if want == nil {
			want = written(both)
		}
		if !bytes.Equal(written(both), want) {
			t.Fatal("the order of merging shows")
		}
	}
}

// A sketch that is written and read between items ends with the bytes of one that is not.
func TestTopGoesOnFromItsBytes(t *testing.T) {
	whole, runs := new(Top), new(Top)
	for at, i := range skewed(7, 30_000, 100_000) {
		if at%997 == 0 {
			in := written(runs)
			runs.Reset()
			merge(t, runs, in)
		}
		whole.Put(keyOfItem(i), 8)
		runs.Put(keyOfItem(i), 8)
	}
	if !bytes.Equal(written(whole), written(runs)) {
		t.Error("they differ")
	}
}
