package crdt_test

import (
	"bytes"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// region is one copy of a value, with the place of the last record that it wrote.
type region struct {
	value crdt.Value
	last  crdt.Place
}

// update carries out a request, and gives the record that others fold.
func (r *region) update(typ crdt.Type, request string) (crdt.Place, []byte) {
	ops, err := typ.Ops([]byte(request))
	if err != nil {
		panic(err)
	}
	r.last.Sequence++
	r.last.HLC.Wall++
	change := r.value.Begin(r.last)
	if err := change.Do(ops); err != nil {
		panic(err)
	}
	return r.last, change.AppendDelta(nil)
}

// Oslo removes an element while Tokyo, that has not heard of it, adds it once more.
func Example() {
	set, _ := crdt.TypeOf("set")
	oslo := region{set.New(crdt.Limits{}), crdt.Place{Dot: crdt.Dot{Origin: edged.OriginID{1}}}}
	tokyo := region{set.New(crdt.Limits{}), crdt.Place{Dot: crdt.Dot{Origin: edged.OriginID{2}}}}

	at, first := oslo.update(set, `{"add":["ada","bob"]}`)
	fmt.Println(tokyo.value.Fold(at, first))

	at, removed := oslo.update(set, `{"remove":["ada","bob"]}`)
	again, added := tokyo.update(set, `{"add":["bob"]}`)
	fmt.Println(tokyo.value.Fold(at, removed), oslo.value.Fold(again, added))

	fmt.Printf("%s %s\n", oslo.value.AppendJSON(nil), tokyo.value.AppendJSON(nil))
	fmt.Println(bytes.Equal(oslo.value.AppendAlive(nil), tokyo.value.AppendAlive(nil)))
	// Output:
	// <nil>
	// <nil> <nil>
	// ["bob"] ["bob"]
	// true
}

// A request that a type does not take says where it goes wrong, and what would be right.
func ExampleType() {
	counter, _ := crdt.TypeOf("counter")
	_, err := counter.Ops([]byte(`[{"increment":5},{"increment":0.5}]`))
	fmt.Println(err)
	_, err = counter.Ops([]byte(`{"add":["x"]}`))
	fmt.Println(err)
	// Output:
	// invalid: body[1].increment: want a whole number from -2^63 to 2^63-1
	// invalid: body.add: no operation of a counter; want increment, decrement
}

// A part of Oslo's rights goes to Tokyo, which may then take as much out on its own.
func ExampleEscrow() {
	counter, _ := crdt.TypeOf("bounded_counter")
	zero, osloID, tokyoID := int64(0), edged.OriginID{1}, edged.OriginID{2}
	stock := counter.New(crdt.Limits{Min: &zero, First: osloID})

	change := stock.Begin(crdt.Place{Dot: crdt.Dot{Origin: osloID, Sequence: 1}})
	err := change.Do([]crdt.Op{{Verb: crdt.Increment, Number: 10}, {Verb: crdt.Transfer, Number: 4, Taker: tokyoID}})
	fmt.Println(err, stock.(crdt.Escrow).Spare(osloID), stock.(crdt.Escrow).Spare(tokyoID))

	change = stock.Begin(crdt.Place{Dot: crdt.Dot{Origin: tokyoID, Sequence: 1}})
	fmt.Println(change.Do([]crdt.Op{{Verb: crdt.Increment, Number: -5}}))
	// Output:
	// <nil> 6 4
	// limit_reached: body.decrement: the bound is 0; rights for 4 are at this node
}
