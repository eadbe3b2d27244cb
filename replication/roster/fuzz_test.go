package roster

import (
	"reflect"
	"runtime"
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

func FuzzFold(f *testing.F) {
	f.Add(dataOf(NodeRecord(Node{ID: "n1", Name: "a", State: Left})))
	f.Add(dataOf(OriginRecord(Origin{Origin: edged.Origin{Label: "a"}, Node: "n1"})))
	f.Add(dataOf(SealRecord(Seal{At: -1, Reason: "\u2028"})))
	f.Add([]byte(`{"node":null,"seal":{"origin":"~00000000000000000000"},"x":[[{}]]}`))
	by := edged.Origin{Label: "a", ID: edged.OriginID{1}}
	drawn := Roll{Origin: edged.Origin{ID: edged.OriginID{9}}, Number: 1, By: by, Members: []RollMember{{Node: "n1", Name: "a", Origin: by}}}
	f.Add(dataOf(SealingRecord(drawn)))
	_, agreed := AgreedRecords(drawn, by.ID, edged.Sum{}, 7, []edged.LogEnd{{Head: 1}, {Log: edged.LogID{1}, Head: 300}})
	for _, data := range agreed {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := New()
		if n := allocated(func() { r.Fold(event(1, 1, in)) }); n > 8*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		again := New()
		again.bad, again.rolls = r.bad, r.rolls
		for _, n := range r.Nodes() {
			again.Fold(event(1, 1, dataOf(NodeRecord(n))))
		}
		for _, o := range r.Origins() {
			again.Fold(event(1, 1, dataOf(OriginRecord(o))))
		}
		for _, s := range r.Seals() {
			again.Fold(event(1, 1, dataOf(SealRecord(s))))
		}
		if !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v came back as %+v", r, again)
		}
	})
}
