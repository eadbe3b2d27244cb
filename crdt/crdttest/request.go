package crdttest

import (
	"fmt"
	"math"
	"strings"

	"github.com/edgedhq/edged/crdt"
)

// request is one request of a type: a few operations as JSON, or now and then a clear, which no
// JSON says.
func request(one func(d *Dice) string) func(d *Dice, _ Scene) (string, []crdt.Op) {
	return func(d *Dice, _ Scene) (string, []crdt.Op) {
		switch n := d.N(10); {
		case n == 0:
			return "", []crdt.Op{{Verb: crdt.Clear}}
		case n < 7:
			return one(d), nil
		}
		ops := make([]string, 1+d.N(3))
		for i := range ops {
			ops[i] = one(d)
		}
		return "[" + strings.Join(ops, ",") + "]", nil
	}
}

// something is a JSON value, one of few, so that they meet.
func something(d *Dice) string {
	return pick(d, `"a"`, `"b"`, `"c"`, `1`, `-2.5`, `true`, `null`, `{"x":[1,"y"]}`, `"<é\u0001>"`, `[]`)
}

// list is a JSON array of a few of them.
func list(d *Dice, one func(d *Dice) string) string {
	all := make([]string, 1+d.N(3))
	for i := range all {
		all[i] = one(d)
	}
	return "[" + strings.Join(all, ",") + "]"
}

func countRequest(d *Dice) string {
	verb := pick(d, "increment", "increment", "decrement")
	if d.One(20) {
		return fmt.Sprintf(`{"%s":%d}`, verb, pick(d, math.MaxInt64, 1<<62, 0, -1, -math.MaxInt64))
	}
	return fmt.Sprintf(`{"%s":%d}`, verb, 1+d.N(9))
}

// boundedRequest is a step, a list of steps, a clear, or a gift to an origin that may be away. Some
// use up all that there is.
func boundedRequest(d *Dice, at Scene) (string, []crdt.Op) {
	if d.One(3) {
		taker := at.Origins[d.N(len(at.Origins))]
		return "", []crdt.Op{{Verb: crdt.Transfer, Number: pick(d, int64(d.N(9)), at.Spare), Taker: taker}}
	}
	return request(func(d *Dice) string {
		return fmt.Sprintf(`{"%s":%d}`, pick(d, "increment", "decrement"), pick(d, int64(d.N(10)-1), at.Spare))
	})(d, at)
}

// someLimits are a bound of a counter, above or below.
func someLimits(d *Dice) crdt.Limits {
	bound := pick[int64](d, 0, 0, 2, 10)
	if d.One(2) {
		return crdt.Limits{Max: &bound}
	}
	bound = -bound
	return crdt.Limits{Min: &bound}
}

func registerRequest(d *Dice) string { return `{"assign":` + something(d) + `}` }

func setRequest(d *Dice) string {
	return fmt.Sprintf(`{"%s":%s}`, pick(d, "add", "add", "remove"), list(d, something))
}

func flagRequest(d *Dice) string {
	return pick(d, `{"enable":true}`, `{"enable":true}`, `{"disable":true}`)
}

// itemsRequest observes some of a few items. Those are few enough for each to have its own register
// of a hyperloglog.
func itemsRequest(d *Dice) string {
	item := func(d *Dice) string {
		if d.One(2) {
			return something(d)
		}
		return fmt.Sprintf(`"item %d"`, d.N(40))
	}
	return `{"observe":` + list(d, item) + `}`
}

func numbersRequest(d *Dice) string {
	number := func(d *Dice) string {
		switch d.N(10) {
		case 0:
			return pick(d, `0`, `-0.0`, `1`, `-1`, `1e-9`)
		case 1:
			return pick(d, `1e300`, `-1e300`, `5e-324`, `-1.7976931348623157e308`)
		}
		return fmt.Sprintf(`%d.%de%d`, d.N(200)-100, d.N(1000), d.N(7)-3)
	}
	return `{"observe":` + list(d, number) + `}`
}

func mapRequest(d *Dice) string {
	field := func() string { return pick(d, `"a"`, `"b"`, `"é"`) }
	switch d.N(5) {
	case 0:
		return `{"remove":[` + field() + `,` + field() + `]}`
	case 1, 2:
		n := d.N(12) - 4
		if d.One(40) {
			n = pick(d, math.MaxInt64, math.MinInt64+1, 1<<62)
		}
		return fmt.Sprintf(`{"increment":{%s:%d}}`, field(), n)
	}
	return fmt.Sprintf(`{"put":{%s:%s}}`, field(), something(d))
}

// deed is what operations do, for who reads a failure.
type deed []crdt.Op

func (ops deed) String() string {
	verbs := [...]string{
		"clear", "increment", "assign", "add", "remove", "put", "raise", "enable", "disable",
		"observe", "transfer",
	}
	said := make([]string, len(ops))
	for i, op := range ops {
		said[i] = verbs[op.Verb]
		for _, f := range op.Fields {
			said[i] += fmt.Sprintf(" %q", f)
		}
		for _, x := range op.Items {
			said[i] += " " + string(x)
		}
		switch op.Verb {
		case crdt.Increment:
			said[i] += fmt.Sprintf(" by %d", op.Number)
		case crdt.Raise:
			said[i] += fmt.Sprintf(" by %d", op.Numbers)
		case crdt.Transfer:
			said[i] += fmt.Sprintf(" %d to %s", op.Number, name(op.Taker))
		case crdt.Observe:
			said[i] += fmt.Sprint(op.Floats)
		}
	}
	return strings.Join(said, ", ")
}
