package intake

import (
	"bytes"
	"iter"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// linePlace is where a line stands in a body.
type linePlace struct{ offset, number int }

// eachLine gives the lines that are not blank, without their ends.
func eachLine(body []byte) iter.Seq2[linePlace, []byte] {
	return func(yield func(linePlace, []byte) bool) {
		number := 0
		for from := 0; from < len(body); {
			end := len(body)
			if n := bytes.IndexByte(body[from:], '\n'); n >= 0 {
				end = from + n
			}
			line := body[from:end:end]
			number++
			if len(line) > 0 && (line[0] > ' ' || len(bytes.Trim(line, " \t\r")) > 0) && !yield(linePlace{from, number}, line) {
				return
			}
			from = end + 1
		}
	}
}

// lines reads NDJSON: the data of one event a line.
func (b *Batch) lines() error {
	for at, line := range eachLine(b.body) {
		d, err := b.next()
		if err != nil {
			return err
		}
		v, err := jsonscan.Check(line)
		if err != nil {
			return malformed(b.where(""), shifted(err, at.offset, at.number))
		}
		d.Data = b.tight(v, line)
		if err = b.checkSize(d); err == nil && (b.keyAt != nil || b.timeAt != nil) {
			err = b.point(d)
		}
		if err != nil {
			return err
		}
	}
	return b.finish()
}

// shifted is the fault of a line as a fault of the body.
func shifted(err error, from, line int) error {
	f, ok := err.(*jsonscan.Fault) //nolint:errorlint // jsonscan documents the type
	if !ok {
		return err
	}
	return &jsonscan.Fault{Offset: from + f.Offset, Line: line, Column: f.Column, Message: f.Message}
}

// point takes key and time out of a line's data.
func (b *Batch) point(d *edged.Draft) error {
	if b.keyAt != nil {
		if v, ok := jsonscan.Find(d.Data, b.keyAt); ok && v.Kind != jsonscan.Null {
			key, err := b.pointedText(d.Data, v)
			if err != nil {
				return refuse(b.where(""), "%s: %s", b.request.Key.Value, err)
			}
			if d.Key = key; checkKey("", key) != nil {
				return checkKey(b.where("")+b.request.Key.Value, key)
			}
		}
	}
	if b.timeAt == nil {
		return nil
	}
	v, ok := jsonscan.Find(d.Data, b.timeAt)
	if !ok || v.Kind == jsonscan.Null {
		return nil
	}
	text, err := b.pointedText(d.Data, v)
	why := wantTime
	switch {
	case err != nil:
	case v.Kind == jsonscan.String:
		d.Time, why = parseTime(text)
	case v.Kind == jsonscan.Number:
		d.Time, why = parseMillis(text)
	}
	if why != "" {
		return edged.RefuseField(edged.Invalid, b.where("")+b.request.Time.Value, cut(string(v.Bytes(d.Data))), "%s", why)
	}
	d.HasTime = true
	return nil
}

// errPointed is a place that has no text.
type errPointed string

func (e errPointed) Error() string { return string(e) }

// pointedText is a string's content, or a number or a boolean as it is written.
func (b *Batch) pointedText(data []byte, v jsonscan.Value) ([]byte, error) {
	switch v.Kind {
	case jsonscan.String:
		if v.Marks&jsonscan.Escaped == 0 {
			return v.Content(data), nil
		}
		at := len(b.scratch)
		var err error
		if b.scratch, err = jsonscan.Unescape(b.scratch, v.Content(data)); err != nil {
			return nil, errPointed(`a \u escape names half a surrogate pair`)
		}
		return b.kept(at), nil
	case jsonscan.Object, jsonscan.Array:
		return nil, errPointed("want a string or a number there")
	}
	return v.Bytes(data), nil
}
