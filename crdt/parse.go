package crdt

import (
	"strconv"
	"strings"

	"github.com/edgedhq/edged"
)

const (
	// OpsMax is how many operations one request may hold.
	OpsMax = 10_000
	// ItemBytesMax bounds one element of a set, item of a sketch or name of a map's field, as
	// canonical JSON.
	ItemBytesMax = 1_024
)

// verb is a word that an operation of a type may hold, and how what it is given is read.
type verb struct {
	word string
	read func(o operand, op *Op) error
}

// parseOps reads a request for a type: one operation or a list of them, each an object with one
// verb of those given.
func parseOps(body []byte, kind string, verbs []verb) ([]Op, error) {
	text, err := Canonical(nil, body)
	if err != nil {
		return nil, err
	}
	p := opsParser{kind, verbs}
	if text[0] != '[' {
		ops := make([]Op, 1)
		return ops, p.op(operand{text: text, index: -1}, &ops[0])
	}
	list := operand{text: text, index: -1}
	n := list.size()
	switch {
	case n == 0:
		return nil, edged.RefuseField(edged.Invalid, "body", nil, "an empty list; want at least one operation")
	case n > OpsMax:
		refusal := edged.RefuseField(edged.TooLarge, "body", nil, "%d operations; want at most %d in one request", n, OpsMax)
		refusal.Limit, refusal.Size = OpsMax, int64(n)
		return nil, refusal
	}
	ops := make([]Op, n)
	i := 0
	return ops, list.each(func(value []byte) error {
		i++
		return p.op(operand{text: value, index: i - 1}, &ops[i-1])
	})
}

type opsParser struct {
	kind  string
	verbs []verb
}

func (p *opsParser) op(o operand, op *Op) error {
	if o.text[0] != '{' {
		return o.refuse("want an object with one of %s", p.words())
	}
	verbs := 0
	err := o.members(func(name string, value operand) error {
		value.verb = name
		if verbs++; verbs > 1 {
			return value.refuse("one verb an operation; send a list of operations")
		}
		for _, v := range p.verbs {
			if v.word == name {
				return v.read(value, op)
			}
		}
		return value.refuse("no operation of a %s; want %s", p.kind, p.words())
	})
	if err == nil && verbs == 0 {
		return o.refuse("no operation; want %s", p.words())
	}
	return err
}

func (p *opsParser) words() string {
	words := make([]string, len(p.verbs))
	for i, v := range p.verbs {
		words[i] = v.word
	}
	return strings.Join(words, ", ")
}

// operand is a canonical JSON value within a request, and where it stands.
type operand struct {
	text  []byte
	index int    // of the operation in the list; below 0 when it is the whole body
	verb  string // empty for the operation itself
	tail  string // below the verb: "[1]", ".field"
}

// refuse makes a refusal that names the place.
func (o operand) refuse(format string, args ...any) error {
	at := "body"
	if o.index >= 0 {
		at += "[" + strconv.Itoa(o.index) + "]"
	}
	if o.verb != "" {
		at += "." + shown([]byte(o.verb))
	}
	return edged.RefuseField(edged.Invalid, at+o.tail, shown(o.text), format, args...)
}

// size is the number of values in an array.
func (o operand) size() (n int) {
	_ = o.each(func([]byte) error { n++; return nil })
	return n
}

// each visits the values of an array.
func (o operand) each(visit func(value []byte) error) error {
	for at := 1; at < len(o.text)-1; {
		to := valueEnd(o.text, at)
		if err := visit(o.text[at:to:to]); err != nil {
			return err
		}
		at = to + 1
	}
	return nil
}

// members visits the members of an object in the order of their names.
func (o operand) members(visit func(name string, value operand) error) error {
	for at := 1; at < len(o.text)-1; {
		key := stringAt(o.text, at)
		at += len(key) + 1
		to := valueEnd(o.text, at)
		value := o
		value.text = o.text[at:to:to]
		if err := visit(unquoted(key), value); err != nil {
			return err
		}
		at = to + 1
	}
	return nil
}

// items reads an array of values that are small enough to be elements.
func (o operand) items() ([][]byte, error) {
	if o.text[0] != '[' {
		return nil, o.refuse("want an array of values")
	}
	items := make([][]byte, 0, o.size())
	return items, o.each(func(value []byte) error {
		if len(value) > ItemBytesMax {
			return o.item(len(items), value).refuse("%d bytes as JSON; want at most %d", len(value), ItemBytesMax)
		}
		items = append(items, value)
		return nil
	})
}

// item is one value of an array.
func (o operand) item(i int, value []byte) operand {
	o.text, o.tail = value, o.tail+"["+strconv.Itoa(i)+"]"
	return o
}

// fields visits the members of an object whose names are a map's fields, in their order.
func (o operand) fields(visit func(name string, value operand) error) error {
	if o.text[0] != '{' {
		return o.refuse("want an object of fields")
	}
	return o.members(func(name string, value operand) error {
		value.tail += "." + shown([]byte(name))
		if err := value.fits(name); err != nil {
			return err
		}
		return visit(name, value)
	})
}

// fits refuses a name of a field that is too long.
func (o operand) fits(name string) error {
	if n := len(appendString(nil, name)); n > ItemBytesMax {
		return o.refuse("a field's name of %d bytes as JSON; want at most %d", n, ItemBytesMax)
	}
	return nil
}

// integer reads a whole number.
func (o operand) integer() (int64, error) {
	n, err := strconv.ParseInt(string(o.text), 10, 64)
	if err != nil {
		return 0, o.refuse("want a whole number from -2^63 to 2^63-1")
	}
	return n, nil
}

// negated reads a whole number and turns its sign.
func (o operand) negated() (int64, error) {
	n, err := o.integer()
	if err == nil && n == -n && n != 0 {
		return 0, o.refuse("want a whole number from -2^63+1 to 2^63-1")
	}
	return -n, err
}

// float reads any number.
func (o operand) float() (float64, error) {
	if rank(o.text[0]) != rankNumber {
		return 0, o.refuse("want a number")
	}
	f, _ := strconv.ParseFloat(string(o.text), 64) // Canonical lets nothing else pass
	return f, nil
}

// text reads a string.
func (o operand) string() (string, error) {
	if o.text[0] != '"' {
		return "", o.refuse("want a string")
	}
	return unquoted(o.text), nil
}

// yes reads true.
func (o operand) yes() error {
	if string(o.text) != "true" {
		return o.refuse("want true")
	}
	return nil
}
