package edged_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
)

// TestVectorLaws holds Merge to the laws of a least upper bound, and Covers to its order.
func TestVectorLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b, c := randomVector(random), randomVector(random), randomVector(random)
		ab := merged(a, b)
		for _, law := range []struct {
			name string
			ok   bool
		}{
			{"merging is commutative", maps.Equal(ab, merged(b, a))},
			{"merging is associative", maps.Equal(merged(ab, c), merged(a, merged(b, c)))},
			{"merging is idempotent", maps.Equal(merged(a, a), a)},
			{"a merge is an upper bound", ab.Covers(a) && ab.Covers(b)},
			{"a merge is the least one", !(c.Covers(a) && c.Covers(b)) || c.Covers(ab)},
			{"covering is antisymmetric", !(a.Covers(b) && b.Covers(a)) || maps.Equal(a, b)},
			{"everything covers nothing", a.Covers(edged.Vector{}) && a.Covers(nil)},
			{"covering agrees with the plain one", a.Covers(b) == coversPlainly(a, b)},
		} {
			if !law.ok {
				t.Fatalf("%s, but not for a=%v b=%v c=%v", law.name, a, b, c)
			}
		}
	}
}

func TestVectorRaiseNeverGoesBack(t *testing.T) {
	k, v := edged.LogKey{Origin: originA()}, edged.Vector{}
	for _, step := range []struct{ to, want edged.Sequence }{{5, 5}, {3, 5}, {0, 5}, {6, 6}} {
		if v.Raise(k, step.to); v[k] != step.want {
			t.Errorf("raised to %d: got %d, want %d", step.to, v[k], step.want)
		}
	}
	v = edged.Vector{}
	if v.Raise(k, 0); len(v) != 0 {
		t.Errorf("a log at 0 was kept: %v", v)
	}
}

func TestVectorCloneIsApart(t *testing.T) {
	k := edged.LogKey{Origin: originA()}
	v := edged.Vector{k: 1}
	w := v.Clone()
	if w.Raise(k, 2); v[k] != 1 {
		t.Error("raising the clone moved the original")
	}
}

func TestVectorKeysAreInOrder(t *testing.T) {
	v := edged.Vector{
		{Origin: originB(), Partition: 0}:       1,
		{Origin: originA(), Partition: 1 << 31}: 1,
		{Origin: originA(), Partition: 0}:       1,
	}
	want := []edged.LogKey{{Origin: originA()}, {Origin: originA(), Partition: 1 << 31}, {Origin: originB()}}
	if got := v.Keys(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// randomVector is small, so that two of them often name the same logs.
func randomVector(random *rand.Rand) edged.Vector {
	v := edged.Vector{}
	for range random.IntN(5) {
		k := edged.LogKey{Origin: edged.OriginID{byte(random.IntN(2))}, Partition: edged.Partition(random.IntN(2))}
		v[k] = edged.Sequence(1 + random.IntN(3))
	}
	return v
}

func merged(a, b edged.Vector) edged.Vector {
	out := a.Clone()
	out.Merge(b)
	return out
}

// coversPlainly asks for each single event of b.
func coversPlainly(a, b edged.Vector) bool {
	for k, head := range b {
		for s := edged.Sequence(1); s <= head; s++ {
			if s > a[k] {
				return false
			}
		}
	}
	return true
}
