package intake

import (
	"maps"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// The attributes that every CloudEvent has.
const (
	hasID = 1 << iota
	hasSource
	hasType
	hasVersion
)

var required = [...]string{"id", "source", "type", "specversion"} // read-only

// cloudOne reads a body that is one CloudEvent.
func (b *Batch) cloudOne() error {
	d, err := b.next()
	if err != nil {
		return err
	}
	r := jsonscan.NewReader(b.body)
	if err := b.cloudEvent(&r, d); err != nil {
		return err
	}
	r.End()
	if r.Failed() {
		return malformed(b.root(), r.Err())
	}
	return nil
}

// cloudEvent reads a CloudEvent in its JSON form. A fault of the reader is left to the caller.
func (b *Batch) cloudEvent(r *jsonscan.Reader, d *edged.Draft) error {
	var p payload
	var seen attributes
	headersAt := len(b.headers)
	for r.Open('{'); r.More('}'); {
		name := b.name(r)
		v := r.Value()
		if r.Failed() {
			return nil
		}
		if err := b.attribute(d, &p, &seen, headersAt, name, v); err != nil {
			return err
		}
	}
	if r.Failed() {
		return nil
	}
	d.Headers = b.headersFrom(headersAt)
	if i := seen.missing(); i >= 0 {
		return refuse(b.where(required[i]), "is missing; CloudEvents 1.0 wants id, source, type and specversion")
	}
	if p.data.Kind == jsonscan.None && p.base64.Kind == jsonscan.None {
		_, err := b.contentType(d, "datacontenttype", p.contentType, false)
		return err
	}
	return b.settle(d, &p)
}

// attributes are those of one CloudEvent that have been read: the required ones, and from bit 8
// on those that become other words.
type attributes uint16

func (a attributes) missing() int {
	for i := range required {
		if a&(1<<i) == 0 {
			return i
		}
	}
	return -1
}

// bit is an attribute's place in attributes; 0 is one that only becomes a header.
func bit(name []byte) attributes {
	switch string(name) {
	case "id":
		return hasID
	case "source":
		return hasSource
	case "type":
		return hasType
	case "specversion":
		return hasVersion
	case "subject":
		return 1 << 8
	case "time":
		return 1 << 9
	case "datacontenttype":
		return 1 << 10
	case "data":
		return 1 << 11
	case "data_base64":
		return 1 << 12
	}
	return 0
}

// attribute takes one member of a CloudEvent.
func (b *Batch) attribute(d *edged.Draft, p *payload, seen *attributes, headersAt int, name []byte, v jsonscan.Value) error {
	at := bit(name)
	if *seen&at != 0 {
		return refuse(b.where(string(name)), "is there twice")
	}
	*seen |= at
	switch {
	case string(name) == "data":
		p.data = v
		return nil
	case v.Kind == jsonscan.Null:
		*seen &^= at
		return nil
	case string(name) == "data_base64":
		p.base64 = v
		return nil
	}
	text, err := b.attributeText(name, v, at != 0)
	if err != nil {
		return err
	}
	if string(name) == "datacontenttype" {
		return b.assign(d, &p.contentType, contentTypeMember, text)
	}
	return b.setAttribute(d, headersAt, name, text)
}

// attributeText is a string's text. Extensions may be numbers and booleans too.
func (b *Batch) attributeText(name []byte, v jsonscan.Value, ours bool) ([]byte, error) {
	switch v.Kind {
	case jsonscan.Number, jsonscan.True, jsonscan.False:
		if !ours {
			return v.Bytes(b.body), nil
		}
	}
	return b.text(stringOf(name), v)
}

// whereAttribute names an attribute, wherever it was given.
func (b *Batch) whereAttribute(name []byte) string {
	if b.request.Form == Binary {
		return "header.ce-" + cut(string(name))
	}
	return b.where(cut(string(name)))
}

// setAttribute takes one attribute, wherever it was given.
func (b *Batch) setAttribute(d *edged.Draft, headersAt int, name, text []byte) error {
	switch string(name) {
	case "id":
		d.ID = text
		return b.checkAttribute(name, text, idBytesMax)
	case "type":
		d.Type = text
		return b.checkAttribute(name, text, typeBytesMax)
	case "subject":
		d.Key = text
		return b.checkAttribute(name, text, keyBytesMax)
	case "time":
		unixNano, why := parseTime(text)
		if why != "" {
			return edged.RefuseField(edged.Invalid, b.whereAttribute(name), cut(string(text)), "%s",
				strings.TrimSuffix(why, ", or a number of Unix milliseconds"))
		}
		d.Time, d.HasTime = unixNano, true
		return nil
	case "specversion":
		if string(text) != "1.0" {
			return edged.RefuseField(edged.Invalid, b.whereAttribute(name), cut(string(text)), "want 1.0, the only version that is read")
		}
	case "source":
		if err := b.checkAttribute(name, text, headerValueBytesMax); err != nil {
			return err
		}
	default:
		if !attributeName(name) {
			return refuse(b.whereAttribute(name), "want attributes named in letters and digits")
		}
	}
	at := len(b.scratch)
	b.scratch = append(append(b.scratch, "ce-"...), name...)
	return b.addHeader(headersAt, edged.Header{Name: stringOf(b.kept(at)), Value: stringOf(text)})
}

// checkAttribute is checkText, without making a location of what is right.
func (b *Batch) checkAttribute(name, text []byte, bytesMax int) error {
	if len(text) >= 1 && len(text) <= bytesMax && validText(text) {
		return nil
	}
	return checkText(b.whereAttribute(name), text, bytesMax)
}

func attributeName(name []byte) bool {
	for i := range len(name) {
		c := name[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '_' && c != '-' {
				return false
			}
		}
	}
	return len(name) > 0
}

// cloudBinary reads a body that is the data of one event whose attributes are headers.
func (b *Batch) cloudBinary() error {
	d, err := b.next()
	if err != nil {
		return err
	}
	var seen attributes
	headersAt := len(b.headers)
	for _, header := range slices.Sorted(maps.Keys(b.request.Header)) {
		name, ok := strings.CutPrefix(header, "Ce-")
		if !ok {
			continue
		}
		attribute := bytesOf(strings.ToLower(name))
		values := b.request.Header[header]
		if len(values) != 1 {
			return refuse(b.whereAttribute(attribute), "is there twice")
		}
		seen |= bit(attribute)
		if err := b.setAttribute(d, headersAt, attribute, b.headerText(values[0])); err != nil {
			return err
		}
	}
	d.Headers = b.headersFrom(headersAt)
	if i := seen.missing(); i >= 0 {
		return refuse("header.ce-"+required[i],
			"is missing; CloudEvents 1.0 wants ce-id, ce-source, ce-type and ce-specversion")
	}
	if len(b.body) == 0 {
		_, err := b.contentType(d, "datacontenttype", bytesOf(b.request.ContentType), false)
		return err
	}
	return b.wholeBody(d)
}

// headerText is what an attribute's header stands for: without quotes, and with each %XX as the
// byte it is. A percent sign that begins no such thing stands for itself.
func (b *Batch) headerText(value string) []byte {
	quoted := len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"'
	if quoted {
		value = value[1 : len(value)-1]
	}
	at := len(b.scratch)
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case quoted && c == '\\' && i+1 < len(value):
			i++
			c = value[i]
		case c == '%' && i+2 < len(value):
			if hi, lo := hexDigit(value[i+1]), hexDigit(value[i+2]); hi < 16 && lo < 16 {
				c = hi<<4 | lo
				i += 2
			}
		}
		b.scratch = append(b.scratch, c)
	}
	return b.kept(at)
}

// hexDigit is the worth of c, or 16.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
