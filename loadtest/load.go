package loadtest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// bodiesMade is how many different batches a client sends in turn, so that neither caches nor
// compression meet the same bytes again and again.
const bodiesMade = 32

// maker makes events of one size. Their content is like that of real ones: names that repeat,
// numbers and a part that is noise.
type maker struct {
	rng  *rand.Rand
	size int
	n    int
}

func newMaker(size, client int) *maker {
	return &maker{rng: rand.New(rand.NewPCG(uint64(size), uint64(client))), size: size}
}

// appendEvent appends one event's data: a JSON object of exactly m.size bytes, on one line.
func (m *maker) appendEvent(dst []byte) []byte {
	start := len(dst)
	m.n++
	dst = append(dst, `{"n":`...)
	dst = strconv.AppendInt(dst, int64(m.n%100_000), 10)
	dst = append(dst, `,"user":"user-`...)
	dst = strconv.AppendInt(dst, m.rng.Int64N(10_000), 10)
	dst = append(dst, `","noise":"`...)
	noise := m.size - (len(dst) - start) - len(`"}`)
	var raw [48]byte
	for noise > 0 {
		for i := 0; i < len(raw); i += 8 {
			binary.LittleEndian.PutUint64(raw[i:], m.rng.Uint64())
		}
		var text [64]byte
		base64.StdEncoding.Encode(text[:], raw[:])
		take := min(noise, len(text))
		dst = append(dst, text[:take]...)
		noise -= take
	}
	return append(dst, `"}`...)
}

// MakeEvents makes n events of size bytes, for generators that speak other protocols. The same
// client gets the same events.
func MakeEvents(size, client, n int) [][]byte {
	m := newMaker(size, client)
	all := make([][]byte, n)
	for i := range all {
		all[i] = m.appendEvent(nil)
	}
	return all
}

// body makes one batch and the content type it travels under. One event in JSON is a bare body.
func (m *maker) body(f Format, batch int) (contentType string, body []byte) {
	switch {
	case f == NDJSON:
		for range batch {
			body = append(m.appendEvent(body), '\n')
		}
		return "application/x-ndjson", body
	case f == Msgpack:
		return "application/vnd.edged.events+msgpack", m.appendMsgpack(nil, batch)
	case batch == 1:
		return "application/json", m.appendEvent(nil)
	}
	return "application/vnd.edged.events+json", m.appendArray(nil, batch)
}

// appendArray appends [{"data":...},...].
func (m *maker) appendArray(dst []byte, batch int) []byte {
	dst = append(dst, '[')
	for i := range batch {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"data":`...)
		dst = append(m.appendEvent(dst), '}')
	}
	return append(dst, ']')
}

// appendMsgpack appends an array of maps {"data": binary, "content_type": "application/octet-stream"}.
func (m *maker) appendMsgpack(dst []byte, batch int) []byte {
	dst = append(dst, 0xdc)
	dst = binary.BigEndian.AppendUint16(dst, uint16(batch))
	for range batch {
		dst = append(dst, 0x82)
		dst = append(dst, 0xa0|byte(len("data")))
		dst = append(dst, "data"...)
		dst = append(dst, 0xc5)
		dst = binary.BigEndian.AppendUint16(dst, uint16(m.size))
		dst = m.appendEvent(dst)
		dst = append(dst, 0xa0|byte(len("content_type")))
		dst = append(dst, "content_type"...)
		const kind = "application/octet-stream"
		dst = append(dst, 0xa0|byte(len(kind)))
		dst = append(dst, kind...)
	}
	return dst
}

// requests makes the whole POSTs that one client sends in turn.
func (o *Options) requests(address string, client int) [][]byte {
	m := newMaker(o.EventBytes, client)
	all := make([][]byte, bodiesMade)
	for i := range all {
		contentType, body := m.body(o.Format, o.Batch)
		all[i] = fmt.Appendf(nil, "POST /v1/streams/%s/events?ack=%s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			o.Stream, o.Ack, address, o.authorization(), contentType, len(body), body)
	}
	return all
}

func (o *Options) authorization() string {
	if o.Token == "" {
		return ""
	}
	return "Authorization: Bearer " + o.Token + "\r\n"
}
