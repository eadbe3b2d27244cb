package streams

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/edgedhq/edged"
)

// TestRecordsMerge lays random records of one name over each other in random orders, some twice:
// the outcome is one, a deletion of the newest generation stands, and else the most partitions and the
// earliest beginning.
func TestRecordsMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	for range 2000 {
		records := make([]record, 1+r.IntN(6))
		for i := range records {
			records[i] = record{
				Name: "s", Generation: edged.Generation(1 + r.IntN(2)), Deleted: r.IntN(8) == 0,
				Partitions: 1 + r.IntN(3), At: stamp{int64(r.IntN(2)), uint32(r.IntN(2)), string(rune('a' + i))},
			}
			if records[i].Deleted {
				records[i] = record{Name: "s", Generation: records[i].Generation, Deleted: true}
				continue
			}
			records[i].First = records[i].At
		}
		want := mergeAll(records)
		for range 4 {
			r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			again := append([]record{records[r.IntN(len(records))]}, records...)
			if got := mergeAll(again); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v\nin one order %+v\nin another %+v", records, want, got)
			}
		}
		for _, x := range records {
			if x.Generation != want.Generation {
				continue
			}
			if x.Deleted && !want.Deleted || !want.Deleted && (x.Partitions > want.Partitions || x.At.compare(want.At) > 0 || x.First.compare(want.First) < 0) {
				t.Fatalf("%+v stands, in spite of %+v", want, x)
			}
		}
	}
}

func mergeAll(records []record) (all record) {
	for _, x := range records {
		all, _ = all.merge(x)
	}
	return all
}
