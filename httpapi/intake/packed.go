package intake

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/packscan"
)

// packed reads an array of envelopes in MessagePack. The whole body is held to its claims first.
func (b *Batch) packed() error {
	if err := packscan.Check(b.body); err != nil {
		return malformed(b.root(), err)
	}
	array := b.token(0)
	if array.Kind != packscan.Array {
		return edged.RefuseField(edged.BadRequest, b.root(), nil, "want an array of envelopes, found %s", array.Kind)
	}
	at := array.To
	for range array.Len {
		d, err := b.next()
		if err == nil {
			at, err = b.packedEnvelope(d, at)
		}
		if err != nil {
			return err
		}
	}
	return b.finish()
}

// token reads a head of a body that has been checked.
func (b *Batch) token(at int) packscan.Token { return tokenOf(b.body, at) }

// end is the place after a value of a body that has been checked.
func (b *Batch) end(t packscan.Token) int {
	if t.Kind < packscan.Array {
		return t.To
	}
	to, err := packscan.End(b.body, t.From, packscan.DepthMax)
	if err != nil {
		panic("intake: what a check has passed cannot be read: " + err.Error())
	}
	return to
}

// packedPayload is as payload; Nil tokens that begin at 0 are not given.
type packedPayload struct {
	data, bytes packscan.Token
	contentType []byte
}

func (b *Batch) packedEnvelope(d *edged.Draft, at int) (int, error) {
	object := b.token(at)
	if object.Kind != packscan.Map {
		return 0, edged.RefuseField(edged.BadRequest, b.where(""), nil, "want a map, found %s at byte %d", object.Kind, at)
	}
	var p packedPayload
	seen := uint16(0)
	at = object.To
	for range object.Len {
		name := b.token(at)
		if name.Kind != packscan.String {
			return 0, refuse(b.where(""), "want names of members as strings, found %s at byte %d", name.Kind, at)
		}
		m := memberOf(name.Bytes(b.body))
		if m == unknownMember {
			return 0, b.refuseMember(name.Bytes(b.body))
		}
		if seen&(1<<m) != 0 {
			return 0, refuse(b.where(m.name()), "is there twice")
		}
		seen |= 1 << m
		v := b.token(name.To)
		if err := b.takePacked(d, &p, m, v); err != nil {
			return 0, err
		}
		at = b.end(v)
	}
	if p.data.From == 0 && p.bytes.From == 0 {
		return 0, refuse(b.where("data"), "is missing; want data or data_base64")
	}
	return at, b.settlePacked(d, &p)
}

// takePacked puts one member's value where it belongs.
func (b *Batch) takePacked(d *edged.Draft, p *packedPayload, m member, v packscan.Token) error {
	switch {
	case m == dataMember:
		p.data = v
	case v.Kind == packscan.Nil:
	case m == base64Member:
		p.bytes = v
	case m == timeMember:
		return b.timePacked(d, v)
	case m == headersMember:
		return b.headersPacked(d, v)
	default:
		text, err := b.textPacked(m.name(), v)
		if err != nil {
			return err
		}
		return b.assign(d, &p.contentType, m, text)
	}
	return nil
}

func (b *Batch) textPacked(name string, v packscan.Token) ([]byte, error) {
	text := v.Bytes(b.body)
	if v.Kind != packscan.String {
		return nil, refuse(b.where(name), "want a string, found %s", v.Kind)
	}
	if !utf8.Valid(text) {
		return nil, refuse(b.where(name), "want UTF-8")
	}
	return text, nil
}

// timePacked reads RFC 3339, a number of milliseconds or MessagePack's own timestamp.
func (b *Batch) timePacked(d *edged.Draft, v packscan.Token) error {
	why := wantTime
	switch v.Kind {
	case packscan.String:
		d.Time, why = parseTime(v.Bytes(b.body))
	case packscan.Uint:
		if why = wantRange; v.Uint() <= math.MaxInt64/1_000_000 {
			d.Time, why = int64(v.Uint())*1_000_000, ""
		}
	case packscan.Int:
		if why = wantRange; v.Int() >= math.MinInt64/1_000_000 {
			d.Time, why = v.Int()*1_000_000, ""
		}
	case packscan.Float:
		d.Time, why = floatMillis(v.Float())
	case packscan.Ext:
		d.Time, why = timestamp(v.Type, v.Bytes(b.body))
	}
	if why != "" {
		return refuse(b.where("time"), "%s", why)
	}
	d.HasTime = true
	return nil
}

// timestamp reads the extension of type -1 in its three sizes.
func timestamp(kind int8, p []byte) (int64, string) {
	const nanosMax = 999_999_999
	if kind != -1 {
		return 0, wantTime
	}
	seconds, nano := int64(0), uint64(0)
	switch len(p) {
	case 4:
		seconds = int64(binary.BigEndian.Uint32(p))
	case 8:
		v := binary.BigEndian.Uint64(p)
		seconds, nano = int64(v&(1<<34-1)), v>>34
	case 12:
		seconds, nano = int64(binary.BigEndian.Uint64(p[4:])), uint64(binary.BigEndian.Uint32(p))
	default:
		return 0, wantTime
	}
	if nano > nanosMax {
		return 0, wantTime
	}
	return nanos(seconds, int64(nano))
}

func (b *Batch) headersPacked(d *edged.Draft, v packscan.Token) error {
	if v.Kind != packscan.Map {
		return refuse(b.where("headers"), "want a map of strings, found %s", v.Kind)
	}
	from, at := len(b.headers), v.To
	for range v.Len {
		name := b.token(at)
		value := b.token(name.To)
		if name.Kind != packscan.String || value.Kind != packscan.String {
			return refuse(b.where("headers"), "want names and values that are strings")
		}
		h := edged.Header{Name: stringOf(name.Bytes(b.body)), Value: stringOf(value.Bytes(b.body))}
		if err := b.addHeader(from, h); err != nil {
			return err
		}
		at = value.To
	}
	d.Headers = b.headersFrom(from)
	return nil
}

// settlePacked reads the data of an envelope.
func (b *Batch) settlePacked(d *edged.Draft, p *packedPayload) error {
	hasBytes := p.bytes.From != 0
	if p.data.From != 0 && hasBytes {
		return refuse(b.where("data_base64"), "want either data or data_base64")
	}
	c, err := b.contentType(d, "content_type", p.contentType, hasBytes)
	if err != nil {
		return err
	}
	name, v := "data", p.data
	if hasBytes {
		name, v = "data_base64", p.bytes
	}
	switch {
	case hasBytes && v.Kind == packscan.String:
		if err = b.unbase(d, name, v.Bytes(b.body)); err == nil && c == jsonClass {
			err = b.checkJSON(d, name)
		}
	case v.Kind == packscan.Binary:
		if d.Data = v.Bytes(b.body); c == jsonClass {
			err = b.checkJSON(d, name)
		}
	case hasBytes:
		err = refuse(b.where(name), "want binary, or a string of base 64, found %s", v.Kind)
	case c == jsonClass:
		d.Data, err = b.unpack(v)
	case v.Kind == packscan.String:
		d.Data = v.Bytes(b.body)
	default:
		err = refuse(b.where(name), "want a string or binary, because content_type is %s, found %s", cut(string(d.ContentType)), v.Kind)
	}
	if err != nil {
		return err
	}
	return b.checkData(d, c)
}

// unpack is the data of one event, as JSON.
func (b *Batch) unpack(v packscan.Token) ([]byte, error) {
	at, limit := len(b.scratch), b.request.Limits.EventBytesMax
	var err error
	b.scratch, _, err = appendJSON(b.scratch, b.body, v, limit+int64(at))
	switch {
	case errors.Is(err, errLong):
		return nil, tooLarge(b.where("data"), "the data of one event, as JSON,", limit, int64(len(b.scratch)-at))
	case err != nil:
		return nil, refuse(b.where("data"), "%v; send bytes as the data of another content_type", err)
	}
	return b.kept(at), nil
}
