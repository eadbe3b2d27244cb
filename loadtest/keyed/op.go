package keyed

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// Types are all that collections have.
func Types() []string {
	return []string{"counter", "register", "set", "map", "flag", "hyperloglog", "quantiles", "topk", "bounded_counter"}
}

// Body is the operation as a request has it; a deletion has none.
func (o Op) Body() []byte {
	switch o.Verb {
	case "delete":
		return nil
	case "increment", "decrement":
		return fmt.Appendf(nil, `{%q:%d}`, o.Verb, o.N)
	case "assign":
		return fmt.Appendf(nil, `{"assign":%s}`, o.Content)
	case "enable", "disable":
		return fmt.Appendf(nil, `{%q:true}`, o.Verb)
	case "put":
		return fmt.Appendf(nil, `{"put":{%q:%s}}`, o.Name, o.Content)
	case "raise":
		return fmt.Appendf(nil, `{"increment":{%q:%d}}`, o.Name, o.N)
	case "observe":
		if o.Content == "" {
			return fmt.Appendf(nil, `{"observe":[%d]}`, o.N)
		}
		return fmt.Appendf(nil, `{"observe":[%s]}`, o.Content)
	}
	name := o.Name
	if !json.Valid([]byte(name)) { // a map's field
		name = fmt.Sprintf("%q", name)
	}
	return fmt.Appendf(nil, `{%q:[%s]}`, o.Verb, name)
}

// String is the body, or the word for what has none.
func (o Op) String() string {
	if body := o.Body(); body != nil {
		return string(body)
	}
	return o.Verb
}

// Some is an operation that a type takes. Number makes what it brings differ from all others.
func Some(typ string, number int64, r *rand.Rand) Op {
	n, few := 1+r.Int64N(5), r.IntN(4)
	if r.IntN(30) == 0 && typ != "bounded_counter" {
		return Op{Verb: "delete"}
	}
	switch typ {
	case "counter", "bounded_counter":
		return one(r, Op{Verb: "increment", N: n}, Op{Verb: "increment", N: n}, Op{Verb: "decrement", N: n})
	case "register":
		return Op{Verb: "assign", Content: fmt.Sprint(number)}
	case "set":
		name := fmt.Sprintf(`"e%d"`, few)
		return one(r, Op{Verb: "add", Name: name}, Op{Verb: "remove", Name: name}, Op{Verb: "add", Name: fmt.Sprint(number)})
	case "map":
		field, value := fmt.Sprintf("f%d", few), fmt.Sprint(number)
		return one(r, Op{Verb: "put", Name: field, Content: value}, Op{Verb: "remove", Name: field},
			Op{Verb: "raise", Name: "n" + field, N: n}, Op{Verb: "remove", Name: "n" + field})
	case "flag":
		return one(r, Op{Verb: "enable"}, Op{Verb: "disable"})
	case "quantiles":
		return Op{Verb: "observe", N: r.Int64N(1000)}
	}
	return Op{Verb: "observe", Content: fmt.Sprintf(`"i%d"`, r.IntN(40))}
}

func one(r *rand.Rand, from ...Op) Op { return from[r.IntN(len(from))] }
