package codec

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/edgedhq/edged"
)

// json appends what the shape asks for: the event's envelope, its data alone, a change or a row.
func (x *Encoder) json(b []byte, e *edged.Event, shape Shape, withCursor bool) []byte {
	switch {
	case shape.keyed():
		return x.keyedJSON(b, e, shape, withCursor)
	case shape.DataOnly:
		return x.dataJSON(b, e)
	}
	b = append(b, `{"id":`...)
	if e.ID != "" {
		b = appendString(b, e.ID)
	} else {
		b = append(e.AppendID(append(b, '"')), '"')
	}
	b = append(b, x.place...)
	b = strconv.AppendUint(b, uint64(e.Sequence), 10)
	b = append(b, `,"hlc":"`...)
	b = append(x.accept.append(b, e.HLC.Wall), '+')
	b = strconv.AppendUint(b, uint64(e.HLC.Logical), 10)
	b = append(b, `","time":"`...)
	b = append(x.event.append(b, e.Time), '"')
	if e.Key != "" {
		b = appendString(append(b, `,"key":`...), e.Key)
	}
	if e.Type != "" {
		b = appendString(append(b, `,"type":`...), e.Type)
	}
	b = append(b, `,"content_type":`...)
	if e.ContentType == "" {
		b = append(b, `"application/json"`...)
	} else {
		b = appendString(b, e.ContentType)
	}
	if len(e.Headers) > 0 {
		b = headersJSON(b, e.Headers)
	}
	b = x.dataMemberJSON(b, e)
	if withCursor && x.marked {
		b = append(b, `,"cursor":"`...)
		b = append(x.cursor(b, e), '"')
	}
	return append(b, '}')
}

// placeJSON is the members between id and the number of seq, the same for all events of a run.
func (x *Encoder) placeJSON(b []byte) []byte {
	b = appendString(append(b, `,"stream":`...), x.name.Stream)
	b = append(b, `,"partition":`...)
	b = strconv.AppendUint(b, uint64(x.name.Partition), 10)
	b = appendString(append(b, `,"origin":`...), x.name.Origin.String())
	return append(b, `,"seq":`...)
}

func headersJSON(b []byte, headers []edged.Header) []byte {
	b = append(b, `,"headers":{`...)
	for i, h := range headers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, h.Name), ':')
		b = appendString(b, h.Value)
	}
	return append(b, '}')
}

// dataMemberJSON appends data or data_base64, or nothing when a JSON event has no data.
func (x *Encoder) dataMemberJSON(b []byte, e *edged.Event) []byte {
	switch x.kinds.of(e) {
	case jsonData:
		if len(e.Data) == 0 {
			return b
		}
		return appendOneLine(append(b, `,"data":`...), e.Data)
	case textData:
		return appendString(append(b, `,"data":`...), e.Data)
	default:
		return appendBase64(append(b, `,"data_base64":`...), e.Data)
	}
}

// dataJSON appends the data as a JSON value of its own.
func (x *Encoder) dataJSON(b []byte, e *edged.Event) []byte {
	switch x.kinds.of(e) {
	case jsonData:
		if len(e.Data) == 0 {
			return append(b, "null"...)
		}
		return appendOneLine(b, e.Data)
	case textData:
		return appendString(b, e.Data)
	default:
		return appendBase64(b, e.Data)
	}
}

func appendBase64(b, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), data), '"')
}

// appendOneLine appends JSON with its line ends as spaces.
func appendOneLine(b, data []byte) []byte {
	at := len(b)
	b = append(b, data...)
	for _, end := range [...]byte{'\n', '\r'} {
		for rest := b[at:]; ; {
			i := bytes.IndexByte(rest, end)
			if i < 0 {
				break
			}
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
	return b
}
