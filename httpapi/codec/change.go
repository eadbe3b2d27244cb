package codec

import "github.com/edgedhq/edged"

// keyedJSON appends a change, which is a key and the value that it has now, or a row of a function
// and its key.
func (x *Encoder) keyedJSON(b []byte, e *edged.Event, shape Shape, withCursor bool) []byte {
	b = keyedMembersJSON(append(b, '{'), e, shape)
	if withCursor && x.marked {
		b = append(b, `,"cursor":"`...)
		b = append(x.cursor(b, e), '"')
	}
	return append(b, '}')
}

func keyedMembersJSON(b []byte, e *edged.Event, shape Shape) []byte {
	if shape.Row {
		if e.Key != "" {
			b = append(appendString(append(b, `"key":`...), e.Key), ',')
		}
		return appendOneLine(append(b, `"row":`...), e.Data)
	}
	b = appendString(append(b, `"key":`...), e.Key)
	if len(e.Data) == 0 {
		return append(b, `,"value":null,"deleted":true`...)
	}
	return appendOneLine(append(b, `,"value":`...), e.Data)
}

// keyedMsgpack appends the same in msgpack.
func (x *Encoder) keyedMsgpack(b []byte, e *edged.Event, shape Shape, withCursor bool) []byte {
	withCursor = withCursor && x.marked
	b = keyedMembersMsgpack(append(b, 0x80|keyedMembers(e, shape)+one(withCursor)), e, shape)
	if withCursor {
		b = x.cursorMsgpack(append(b, "\xa6cursor"...), e)
	}
	return b
}

// keyedMembers is how many members keyedMembersMsgpack appends.
func keyedMembers(e *edged.Event, shape Shape) byte {
	if shape.Row {
		return 1 + one(e.Key != "")
	}
	return 2 + one(len(e.Data) == 0)
}

func keyedMembersMsgpack(b []byte, e *edged.Event, shape Shape) []byte {
	if !shape.Row || e.Key != "" {
		b = appendText(append(b, "\xa3key"...), e.Key)
	}
	if shape.Row {
		return AppendValue(append(b, "\xa3row"...), e.Data)
	}
	b = append(b, "\xa5value"...)
	if len(e.Data) == 0 {
		return append(append(b, packedNil), "\xa7deleted\xc3"...)
	}
	return AppendValue(b, e.Data)
}
