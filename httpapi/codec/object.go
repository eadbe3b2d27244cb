package codec

import "strconv"

// Object writes one small JSON object or msgpack map, member by member; at most 15 members.
type Object struct {
	b      []byte
	at     int // where the object starts
	n      int
	packed bool
}

// Open starts an object at the end of b, in msgpack when packed.
func Open(b []byte, packed bool) Object {
	o := Object{b: b, at: len(b), packed: packed}
	if packed {
		o.b = append(o.b, 0x80)
	} else {
		o.b = append(o.b, '{')
	}
	return o
}

func (o *Object) name(name string) {
	if o.packed {
		o.b = appendText(o.b, name)
	} else {
		if o.n > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(appendString(o.b, name), ':')
	}
	o.n++
}

// Text adds a string.
func (o *Object) Text(name, value string) {
	o.name(name)
	if o.packed {
		o.b = appendText(o.b, value)
	} else {
		o.b = appendString(o.b, value)
	}
}

// Uint adds a number.
func (o *Object) Uint(name string, v uint64) {
	o.name(name)
	if o.packed {
		o.b = appendUint(o.b, v)
	} else {
		o.b = strconv.AppendUint(o.b, v, 10)
	}
}

// Bool adds a truth value.
func (o *Object) Bool(name string, v bool) {
	o.name(name)
	switch {
	case !o.packed:
		o.b = strconv.AppendBool(o.b, v)
	case v:
		o.b = append(o.b, packedTrue)
	default:
		o.b = append(o.b, packedFalse)
	}
}

// Encoded adds a value that is already in the object's encoding.
func (o *Object) Encoded(name string, value []byte) {
	o.name(name)
	o.b = append(o.b, value...)
}

// Members adds n members that are already in the object's encoding, in JSON with the commas
// between them.
func (o *Object) Members(n int, members []byte) {
	if n == 0 {
		return
	}
	if !o.packed && o.n > 0 {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, members...)
	o.n += n
}

// Close ends the object and gives b back.
func (o *Object) Close() []byte {
	if !o.packed {
		return append(o.b, '}')
	}
	if o.n > 15 {
		panic("codec: an object has more members than its head can tell")
	}
	o.b[o.at] |= byte(o.n)
	return o.b
}
