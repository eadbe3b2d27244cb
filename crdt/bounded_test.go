package crdt

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/edgedhq/edged"
)

func TestBoundedFromBelow(t *testing.T) {
	zero := int64(0)
	play(t, "bounded_counter", Limits{Min: &zero, First: originOf("a")}, []situation{
		{"what was put in may be taken out where it was put in", `
			a: {"increment":5}
			a > b
			b = 5
			b: {"decrement":1} -> limit_reached body.decrement
			a: [{"decrement":5},{"decrement":1}] -> limit_reached body[1].decrement
			a: [{"decrement":5},{"increment":1},{"decrement":1}]
			a = 0`},
		{"rights are handed on", `
			a: {"increment":5}
			a gives 3 to b
			a: {"decrement":3} -> limit_reached body.decrement
			a > b
			b: {"decrement":3}
			b: {"decrement":1} -> limit_reached body.decrement
			b > a
			a: {"decrement":2}
			a = 0`},
		{"rights that are used before what made them has come", `
			a: {"increment":5}
			a gives 5 to b
			a > b
			b: {"decrement":5}
			b > c
			c = 0
			a > c
			c = 0`},
		{"deleted where all rights are", `
			a: {"increment":5}
			a gives 2 to b
			a: delete -> limit_reached
			a > b
			b: delete -> limit_reached
			b gives 2 to a
			b > a
			a: delete
			a = absent
			a > c
			c = absent
			b: {"increment":4}
			b > a
			a > b
			b = 4
			b: {"decrement":4}`},
		{"what is put in meanwhile survives", `
			a: {"increment":5}
			b: {"increment":2}
			a: delete
			a > b
			b > a
			a = 2
			b: delete
			b = absent`},
		{"never touched", `
			a: delete
			a: {"decrement":1} -> limit_reached body.decrement
			a: {"increment":0}
			a = absent`},
	})
}

func TestBoundedFromAbove(t *testing.T) {
	ten := int64(10)
	play(t, "bounded_counter", Limits{Max: &ten, First: originOf("a")}, []situation{
		{"ten seats", `
			a gives 4 to b
			a = absent
			a > b
			b: {"increment":5} -> limit_reached body.increment
			b: {"increment":4}
			a: {"increment":6}
			a: {"increment":1} -> limit_reached body.increment
			b > a
			a = 10
			b: {"decrement":2}
			b: {"increment":2}
			b: {"decrement":1}
			b > a
			a = 9
			a: delete -> limit_reached`},
		{"back to all seats", `
			a: {"increment":6}
			a: delete
			a = absent
			a: {"increment":10}
			a: {"increment":1} -> limit_reached body.increment`},
	})
	play(t, "bounded_counter", Limits{Max: &ten}, []situation{
		{"nobody holds the first rights yet", `
			a: {"increment":1} -> limit_reached body.increment
			a: {"decrement":3}
			a: {"increment":3}
			a = 0`},
	})
}

// Whatever is folded where and when, rights in use never add up to more than there are.
func TestBoundedIsNeverOversold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bound := -r.Int64N(20)
		l := Limits{Min: &bound, First: originOf("a")}
		if r.IntN(2) == 0 {
			above := -bound
			l = Limits{Max: &above, First: originOf("a")}
		}
		w := &world{t: t, kind: boundedType{}, limits: l, sites: map[string]*site{}, logs: map[edged.OriginID][]record{}}
		names := []string{"a", "b", "c"}
		for range 60 {
			s := w.site(names[r.IntN(3)])
			var ops []Op
			switch r.IntN(4) {
			case 0:
				w.fold(w.site(names[r.IntN(3)]), s)
				continue
			case 1:
				ops = []Op{{Verb: Transfer, Number: 1 + r.Int64N(5), Taker: w.site(names[r.IntN(3)]).origin}}
			case 2:
				ops = []Op{{Verb: Clear}}
			default:
				ops = []Op{{Verb: Increment, Number: r.Int64N(21) - 10}}
			}
			spare := s.value.(Escrow).Spare(s.origin)
			err := w.parse(s.value.AppendTo(nil)).Begin(Place{Dot: Dot{s.origin, s.vector[s.origin] + 1}}).Do(ops)
			if ops[0].Verb == Increment && (ops[0].Number > 0) == (l.Max != nil) && (err == nil) != (max(ops[0].Number, -ops[0].Number) <= spare) {
				t.Fatalf("%+v with %d rights: %v", ops[0], spare, err)
			}
			if err == nil {
				w.update(s, w.wall+1, [][]Op{ops}, "")
			}
			for _, s := range w.sites {
				n, err := strconv.ParseInt(string(s.value.AppendJSON(nil)), 10, 64)
				if err != nil || l.Min != nil && n < bound || l.Max != nil && n > -bound {
					t.Fatalf("%s shows %d (%v), bound %d", s.origin, n, err, bound)
				}
			}
		}
		w.settle()
		v := w.site("a").value.(*bounded)
		if n := v.sum(); !n.fits() || l.Min != nil && n.int64() < bound || l.Max != nil && n.int64() > -bound {
			t.Fatalf("sold past the bound %d: %d", bound, n.int64())
		}
	}
}
