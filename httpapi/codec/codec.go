// Package codec turns events into the bytes that readers are given: the JSON and the msgpack
// envelope, and around them lines, server-sent events and WebSocket frames.
//
// [Encoder.Encode] makes one [Frames] of a whole run, once; everybody who reads that run sends slices
// of it. A reader who wants all events of the run sends one slice.
//
//	run ─▶ Encode(form, shape) ─▶ Frames: | frame 0 | frame 1 | frame 2 | ...
//	                                      └── Range(0, 3) is one piece of memory ──┘
//
// A frame in each form, E standing for the event:
//
//	Items       E ","                                    elements of a JSON array, a comma too many
//	Lines       E "\n"                                   NDJSON
//	SSE         "id: " cursor "\ndata: " E "\n\n"
//	Text        WebSocket header, E
//	LiveText    WebSocket header, {"op":"event","sub":1,"cursor":"...","event":E}
//	Packed      E                                        elements of a msgpack array
//	Binary      WebSocket header, E
//	LiveBinary  WebSocket header, the same map as LiveText
//
// E is the envelope of api.md, its members in that order, or with [Shape].DataOnly what stands
// under its data. In Lines, Text and Binary the envelope ends with the member "cursor".
//
// With [Shape].Change an event is the new value of a key of a collection, and E is
// {"key":K,"value":V}; of a key that has none any more, {"key":K,"value":null,"deleted":true}. It
// ends with "cursor" in SSE too, and a live frame has the members of E instead of "event", and the
// op "change". With [Shape].Row it is a row of a function in the same way: {"key":K,"row":R}, without
// the key where there is one group, and the op "row".
//
// Data of a JSON content type stands in a JSON envelope as it is, other text as a string, all
// else as base64 under data_base64. In a msgpack envelope data of JSON is the value that it says,
// of text a string, else raw bytes.
//
// # Invariants
//
// Data of a JSON content type is valid JSON in UTF-8; whoever lets events in sees to that. Line
// ends in it, which can only be white space, become spaces: no frame holds a line end of its own.
//
// Nothing is allocated for an event; a run takes two or three allocations.
//
// # Not here
//
// Who shares a Frames, and for how long: httpapi. Envelopes on their way in: httpapi/intake.
package codec

import (
	"bytes"

	"github.com/edgedhq/edged"
)

// Form is what stands around each event.
type Form uint8

// The forms. A run keeps one of each, so there are no more than edged.FormSlots.
const (
	Items Form = iota
	Lines
	SSE
	Text
	LiveText
	Packed
	Binary
	LiveBinary

	forms
)

const _ = uint(edged.FormSlots - int(forms)) // each form has a slot of a run

// Shape says what of an event its frame shows.
type Shape struct {
	DataOnly bool // the event's data instead of its envelope
	Change   bool // the change of a key that the event is, instead of either
	Row      bool // the row of a function that the event is
	Sparse   bool // a cursor only now and then: every 64th event, and the last of the run
}

// Shapes is the number of different Shapes.
const Shapes = 8

// Index numbers the shapes from 0.
func (s Shape) Index() int {
	n := 0
	switch {
	case s.Row:
		n = 3
	case s.Change:
		n = 2
	case s.DataOnly:
		n = 1
	}
	if s.Sparse {
		n += 4
	}
	return n
}

// keyed says that an event is shown as a key and what it holds, and never as an envelope.
func (s Shape) keyed() bool { return s.Change || s.Row }

const sparseEvery = 64

// Encoder makes frames. The zero value is ready; it keeps its room for the next run, and is for
// one goroutine at a time.
type Encoder struct {
	name   edged.LogName
	marks  edged.Marks
	marked bool // the event at hand is given with its cursor
	packed bool
	place  []byte // the members stream, partition and origin, and the name of seq
	accept stamp
	event  stamp
	kinds  kindOf
	room   []byte
	ends   []uint32
}

// roomMax bounds what an Encoder keeps.
const roomMax = 1 << 20

// Encode makes the frames of all events of a run.
func (x *Encoder) Encode(run edged.Run, form Form, shape Shape) *Frames {
	n := run.Len()
	x.start(run, form >= Packed)
	x.room, x.ends = x.room[:0], append(x.ends[:0], 0)
	for i, e := range run.Events(0, n) {
		x.marked = !shape.Sparse || i == n-1 || uint64(e.Sequence)%sparseEvery == 0
		x.room = x.frame(x.room, &e, form, shape)
		x.ends = append(x.ends, uint32(len(x.room)))
	}
	f := &Frames{bytes: bytes.Clone(x.room), form: form, shape: shape}
	f.ends = append(f.few[:0], x.ends...)
	if cap(x.room) > roomMax {
		x.room, x.ends = nil, nil
	}
	return f
}

// Append appends the frames of some events of a run, for a reader who shares them with nobody.
func (x *Encoder) Append(b []byte, run edged.Run, form Form, shape Shape, from, to int) []byte {
	x.start(run, form >= Packed)
	room := x.room
	x.room = b
	for i, e := range run.Events(from, to) {
		x.marked = !shape.Sparse || i == to-1 || uint64(e.Sequence)%sparseEvery == 0
		x.room = x.frame(x.room, &e, form, shape)
	}
	b, x.room = x.room, room
	return b
}

// start takes up what the events of the run share.
func (x *Encoder) start(run edged.Run, packed bool) {
	name := run.Name()
	x.marks = run.Base().Along(name.Key())
	x.kinds = kindOf{} // it points into the last run
	if name == x.name && packed == x.packed {
		return
	}
	x.name, x.packed = name, packed
	if packed {
		x.place = x.placeMsgpack(x.place[:0])
	} else {
		x.place = x.placeJSON(x.place[:0])
	}
}

// frame appends one event in the form.
func (x *Encoder) frame(b []byte, e *edged.Event, form Form, shape Shape) []byte {
	switch form {
	case Items:
		return append(x.json(b, e, shape, false), ',')
	case Lines:
		return append(x.json(b, e, shape, true), '\n')
	case SSE:
		if x.marked {
			b = append(x.cursor(append(b, "id: "...), e), '\n')
		}
		b = append(b, "data: "...)
		return append(x.json(b, e, shape, shape.keyed()), "\n\n"...)
	case Text:
		b, at := openFrame(b)
		return closeFrame(x.json(b, e, shape, true), at, opText)
	case LiveText:
		b, at := openFrame(b)
		return closeFrame(x.liveText(b, e, shape), at, opText)
	case Packed:
		return x.msgpack(b, e, shape, false)
	case Binary:
		b, at := openFrame(b)
		return closeFrame(x.msgpack(b, e, shape, true), at, opBinary)
	default:
		b, at := openFrame(b)
		return closeFrame(x.liveBinary(b, e, shape), at, opBinary)
	}
}

// cursor appends the cursor after e.
func (x *Encoder) cursor(b []byte, e *edged.Event) []byte {
	return x.marks.AppendAt(b, e.Sequence)
}
