package codec

import "github.com/edgedhq/edged"

// changeJSON appends a change: a key and the value that it has now.
func (x *Encoder) changeJSON(b []byte, e *edged.Event, withCursor bool) []byte {
	b = changeMembersJSON(append(b, '{'), e)
	if withCursor && x.marked {
		b = append(b, `,"cursor":"`...)
		b = append(x.cursor(b, e), '"')
	}
	return append(b, '}')
}

func changeMembersJSON(b []byte, e *edged.Event) []byte {
	b = appendString(append(b, `"key":`...), e.Key)
	if len(e.Data) == 0 {
		return append(b, `,"value":null,"deleted":true`...)
	}
	return appendOneLine(append(b, `,"value":`...), e.Data)
}

// changeMsgpack appends the same in msgpack.
func (x *Encoder) changeMsgpack(b []byte, e *edged.Event, withCursor bool) []byte {
	withCursor = withCursor && x.marked
	b = changeMembersMsgpack(append(b, 0x80|changeMembers(e)+one(withCursor)), e)
	if withCursor {
		b = x.cursorMsgpack(append(b, "\xa6cursor"...), e)
	}
	return b
}

// changeMembers is how many members changeMembersMsgpack appends.
func changeMembers(e *edged.Event) byte { return 2 + one(len(e.Data) == 0) }

func changeMembersMsgpack(b []byte, e *edged.Event) []byte {
	b = appendText(append(b, "\xa3key"...), e.Key)
	b = append(b, "\xa5value"...)
	if len(e.Data) == 0 {
		return append(append(b, packedNil), "\xa7deleted\xc3"...)
	}
	return AppendValue(b, e.Data)
}
