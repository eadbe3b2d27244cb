package codec

import (
	"strconv"

	"github.com/edgedhq/edged"
)

// What a live frame starts with is written for subscription 1, the first of a socket and most
// often the only one, so that its frames are sent as they are.
const (
	liveText         = `{"op":"event","sub":1,`
	liveTextChange   = `{"op":"change","sub":1,`
	liveTextRow      = `{"op":"row","sub":1,`
	liveBinary       = "\xa2op\xa5event\xa3sub\x01" // after the map's header
	liveBinaryChange = "\xa2op\xa6change\xa3sub\x01"
	liveBinaryRow    = "\xa2op\xa3row\xa3sub\x01"
)

// liveStart is what the frames of a form start with; of liveBinary it is what follows the map's
// header.
func liveStart(form Form, shape Shape) string {
	text, packed := liveText, liveBinary
	switch {
	case shape.Row:
		text, packed = liveTextRow, liveBinaryRow
	case shape.Change:
		text, packed = liveTextChange, liveBinaryChange
	}
	if form == LiveBinary {
		return packed
	}
	return text
}

// liveText appends the payload of a live frame.
func (x *Encoder) liveText(b []byte, e *edged.Event, shape Shape) []byte {
	b = append(b, liveStart(LiveText, shape)...)
	if x.marked {
		b = append(b, `"cursor":"`...)
		b = append(x.cursor(b, e), `",`...)
	}
	if shape.keyed() {
		return append(keyedMembersJSON(b, e, shape), '}')
	}
	return append(x.json(append(b, `"event":`...), e, shape, false), '}')
}

// liveBinary appends the payload of a live frame in msgpack.
func (x *Encoder) liveBinary(b []byte, e *edged.Event, shape Shape) []byte {
	members := 3 + one(x.marked) // op, sub and event
	if shape.keyed() {
		members = 2 + one(x.marked) + keyedMembers(e, shape)
	}
	b = append(append(b, 0x80|members), liveStart(LiveBinary, shape)...)
	if x.marked {
		b = x.cursorMsgpack(append(b, "\xa6cursor"...), e)
	}
	if shape.keyed() {
		return keyedMembersMsgpack(b, e, shape)
	}
	return x.msgpack(append(b, "\xa5event"...), e, shape, false)
}

// AppendLive appends the frames from, up to, not including, to, for subscription sub. For
// subscription 1 Range gives the same bytes without a copy.
func (f *Frames) AppendLive(dst []byte, from, to, sub int) []byte {
	var room [32]byte
	start := liveStart(f.form, f.shape)
	prefix, skip := append(room[:0], start[:len(start)-2]...), len(start)
	if f.form == LiveBinary {
		prefix, skip = append(room[:0], 0), 1+len(start)
		prefix = appendUint(append(prefix, start[:len(start)-1]...), uint64(sub))
	} else {
		prefix = append(strconv.AppendInt(prefix, int64(sub), 10), ',')
	}
	for i := from; i < to; i++ {
		frame := f.Range(i, i+1)
		header, n := frameSizes(frame)
		dst = AppendFrameHeader(dst, frame[0], n-skip+len(prefix))
		if f.form == LiveBinary {
			prefix[0] = frame[header] // how many members the map has
		}
		dst = append(dst, prefix...)
		dst = append(dst, frame[header+skip:]...)
	}
	return dst
}
