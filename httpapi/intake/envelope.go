package intake

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// member is a member of an event's envelope.
type member uint8

const (
	unknownMember member = iota
	dataMember
	base64Member
	idMember
	keyMember
	timeMember
	typeMember
	headersMember
	contentTypeMember
)

// memberNames are in the order of the constants.
var memberNames = []string{ // read-only
	"data", "data_base64", "id", "key", "time", "type", "headers", "content_type",
}

func (m member) name() string { return memberNames[m-1] }

func memberOf(name []byte) member {
	switch string(name) {
	case "data":
		return dataMember
	case "data_base64":
		return base64Member
	case "id":
		return idMember
	case "key":
		return keyMember
	case "time":
		return timeMember
	case "type":
		return typeMember
	case "headers":
		return headersMember
	case "content_type":
		return contentTypeMember
	}
	return unknownMember
}

// refuseMember says what is wrong with a member that the contract does not have.
func (b *Batch) refuseMember(name []byte) error {
	given := cut(string(name))
	switch given {
	case "stream", "partition", "origin", "seq", "hlc", "cursor":
		return refuse(b.where(given), "is given by the node; leave it out")
	}
	return refuse(b.where(given), "unknown member; %s", nearest(given, memberNames))
}

// name reads a member's name.
func (b *Batch) name(r *jsonscan.Reader) []byte {
	name, marks := r.Name()
	if marks&jsonscan.Escaped != 0 {
		name, _ = jsonscan.Unescape(nil, name)
	}
	return name
}

// array reads a JSON array of envelopes or of CloudEvents.
func (b *Batch) array() error {
	r := jsonscan.NewReader(b.body)
	for r.Open('['); r.More(']'); {
		d, err := b.next()
		switch {
		case err != nil:
		case b.request.Form == CloudBatch:
			err = b.cloudEvent(&r, d)
		default:
			err = b.envelope(&r, d)
		}
		if err != nil {
			return err
		}
		if r.Failed() {
			return malformed(b.where(""), r.Err())
		}
	}
	r.End()
	if r.Failed() {
		return malformed(b.root(), r.Err())
	}
	return b.finish()
}

// payload is where an envelope holds its data; it is read last, because the content type decides
// how.
type payload struct {
	data, base64 jsonscan.Value
	contentType  []byte // nil when not given
}

// envelope reads one element of Envelopes. A fault of the reader is left to the caller.
func (b *Batch) envelope(r *jsonscan.Reader, d *edged.Draft) error {
	var p payload
	seen := uint16(0)
	for r.Open('{'); r.More('}'); {
		name := b.name(r)
		m := memberOf(name)
		v := r.Value()
		if r.Failed() {
			return nil
		}
		if m == unknownMember {
			return b.refuseMember(name)
		}
		if seen&(1<<m) != 0 {
			return refuse(b.where(string(name)), "is there twice")
		}
		seen |= 1 << m
		if err := b.take(d, &p, m, v); err != nil {
			return err
		}
	}
	if r.Failed() {
		return nil
	}
	if p.data.Kind == jsonscan.None && p.base64.Kind == jsonscan.None {
		return refuse(b.where("data"), "is missing; want data or data_base64")
	}
	return b.settle(d, &p)
}

// take puts one member's value where it belongs.
func (b *Batch) take(d *edged.Draft, p *payload, m member, v jsonscan.Value) error {
	switch {
	case m == dataMember:
		p.data = v
	case v.Kind == jsonscan.Null:
	case m == base64Member:
		p.base64 = v
	case m == timeMember:
		return b.timeValue(d, v)
	case m == headersMember:
		return b.headersValue(d, v)
	default:
		text, err := b.text(m.name(), v)
		if err != nil {
			return err
		}
		return b.assign(d, &p.contentType, m, text)
	}
	return nil
}

// assign puts the text of a member where it belongs. The text is UTF-8.
func (b *Batch) assign(d *edged.Draft, contentType *[]byte, m member, text []byte) error {
	switch m {
	case idMember:
		d.ID = text
		return b.checkMember("id", text, idBytesMax)
	case typeMember:
		d.Type = text
		return b.checkMember("type", text, typeBytesMax)
	case keyMember:
		d.Key = text
		if len(text) == 0 || len(text) > keyBytesMax {
			return checkKey(b.where("key"), text)
		}
	case contentTypeMember:
		*contentType = text
		if len(text) == 0 {
			return checkContentType(b.where("content_type"), "")
		}
	}
	return nil
}

// checkMember is checkText, without making a location of what is right.
func (b *Batch) checkMember(name string, text []byte, bytesMax int) error {
	if len(text) >= 1 && len(text) <= bytesMax {
		return nil
	}
	return checkText(b.where(name), text, bytesMax)
}

// text is what a string stands for.
func (b *Batch) text(name string, v jsonscan.Value) ([]byte, error) {
	if v.Kind != jsonscan.String {
		return nil, refuse(b.where(name), "want a string")
	}
	content := v.Content(b.body)
	if v.Marks&jsonscan.Escaped == 0 {
		return content, nil
	}
	at := len(b.scratch)
	var err error
	if b.scratch, err = jsonscan.Unescape(b.scratch, content); err != nil {
		return nil, refuse(b.where(name), `has a \u escape that names half a surrogate pair; want both halves`)
	}
	return b.kept(at), nil
}

// timeValue reads RFC 3339 or a number of milliseconds.
func (b *Batch) timeValue(d *edged.Draft, v jsonscan.Value) (err error) {
	why := wantTime
	switch v.Kind {
	case jsonscan.String:
		var text []byte
		if text, err = b.text("time", v); err != nil {
			return err
		}
		d.Time, why = parseTime(text)
	case jsonscan.Number:
		d.Time, why = parseMillis(v.Bytes(b.body))
	}
	if why != "" {
		return edged.RefuseField(edged.Invalid, b.where("time"), cut(string(v.Bytes(b.body))), "%s", why)
	}
	d.HasTime = true
	return nil
}

// headersValue reads an object of strings.
func (b *Batch) headersValue(d *edged.Draft, v jsonscan.Value) error {
	if v.Kind != jsonscan.Object {
		return refuse(b.where("headers"), "want an object of strings")
	}
	r := jsonscan.ReaderAt(b.body, v.From)
	from := len(b.headers)
	for r.Open('{'); r.More('}'); {
		name, err := b.text("headers", r.NameValue())
		if err != nil {
			return err
		}
		value := r.Value()
		if value.Kind != jsonscan.String {
			return refuse(b.where(headerAt(name)), "want a string")
		}
		text, err := b.text("headers", value)
		if err != nil {
			return err
		}
		if err := b.addHeader(from, edged.Header{Name: stringOf(name), Value: stringOf(text)}); err != nil {
			return err
		}
	}
	d.Headers = b.headersFrom(from)
	return nil
}

func headerAt(name []byte) string { return "headers." + cut(string(name)) }

// addHeader adds to the headers of the event that begin at from.
func (b *Batch) addHeader(from int, h edged.Header) error {
	if !headerFits(h) {
		return checkHeader(b.where(headerAt(bytesOf(h.Name))), h)
	}
	if len(b.headers)-from == headersMax {
		return refuse(b.where("headers"), "want at most %d", headersMax)
	}
	for i := from; i < len(b.headers); i++ {
		if b.headers[i].Name == h.Name {
			return refuse(b.where(headerAt(bytesOf(h.Name))), "is there twice")
		}
	}
	b.headers = append(b.headers, h)
	return nil
}

func (b *Batch) headersFrom(from int) []edged.Header {
	return b.headers[from:len(b.headers):len(b.headers)]
}
