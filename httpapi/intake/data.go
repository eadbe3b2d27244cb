package intake

import (
	"encoding/base64"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
	"github.com/edgedhq/edged/httpapi/packscan"
)

// contentType sorts the content type that an envelope gives under a name, or leaves out.
func (b *Batch) contentType(d *edged.Draft, name string, given []byte, hasBytes bool) (class, error) {
	switch {
	case given == nil && !hasBytes:
		d.ContentType = nil
		return jsonClass, nil
	case given == nil:
		d.ContentType = bytesOf("application/octet-stream")
		return otherClass, nil
	case b.lastGiven == "" || string(given) != b.lastGiven:
		stored, c, err := sortType(b.where(name), stringOf(given))
		if err != nil {
			return 0, err
		}
		b.lastGiven, b.lastStored, b.lastClass = stringOf(given), stored, c
	}
	d.ContentType = bytesOf(b.lastStored)
	return b.lastClass, nil
}

// settle reads the data of an envelope.
func (b *Batch) settle(d *edged.Draft, p *payload) error {
	hasData, hasBytes := p.data.Kind != jsonscan.None, p.base64.Kind != jsonscan.None
	if hasData && hasBytes {
		return refuse(b.where("data_base64"), "want either data or data_base64")
	}
	c, err := b.contentType(d, "content_type", p.contentType, hasBytes)
	if err != nil {
		return err
	}
	switch {
	case hasBytes:
		err = b.decode(d, "data_base64", p.base64, c)
	case c == jsonClass:
		d.Data = b.tight(p.data, b.body)
	case p.data.Kind != jsonscan.String:
		err = edged.RefuseField(edged.Invalid, b.where("data"), nil,
			"want a string, because content_type is %s; send bytes as data_base64", cut(string(d.ContentType)))
	default:
		d.Data, err = b.text("data", p.data)
	}
	if err != nil {
		return err
	}
	return b.checkData(d, c)
}

// decode reads a string of base 64.
func (b *Batch) decode(d *edged.Draft, name string, v jsonscan.Value, c class) error {
	text, err := b.text(name, v)
	if err != nil {
		return err
	}
	if err := b.unbase(d, name, text); err != nil {
		return err
	}
	if c == jsonClass {
		return b.checkJSON(d, name)
	}
	return nil
}

func (b *Batch) unbase(d *edged.Draft, name string, text []byte) (err error) {
	at := len(b.scratch)
	b.scratch, err = base64.StdEncoding.Strict().AppendDecode(b.scratch, text)
	if err != nil {
		return refuse(b.where(name), "want base 64 (RFC 4648) with its padding")
	}
	d.Data = b.kept(at)
	return nil
}

// checkJSON holds data that came as bytes to the rules of JSON.
func (b *Batch) checkJSON(d *edged.Draft, name string) error {
	v, err := jsonscan.Check(d.Data)
	if err != nil {
		return edged.RefuseField(edged.Invalid, b.where(name), nil,
			"want JSON, because of the content type: %v", err)
	}
	d.Data = b.tight(v, d.Data)
	return nil
}

// checkData holds data that is not JSON to what its type asks for, and all data to the limit.
func (b *Batch) checkData(d *edged.Draft, c class) error {
	if c == packClass {
		if err := packscan.Check(d.Data); err != nil {
			return refuse(b.where("data"), "want MessagePack, because of the content type: %v", err)
		}
	}
	return b.checkSize(d)
}

func (b *Batch) checkSize(d *edged.Draft) error {
	if limit := b.request.Limits.EventBytesMax; int64(len(d.Data)) > limit {
		return tooLarge(b.where("data"), "the data of one event", limit, int64(len(d.Data)))
	}
	return nil
}
