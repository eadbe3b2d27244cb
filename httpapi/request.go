package httpapi

import (
	"fmt"
	"math"
	"net/url"
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
	"github.com/edgedhq/edged/httpapi/packscan"
)

// request is one frame of a live client. Its slices point into the frame.
type request struct {
	op         string
	id         []byte // as it came; echoed in the answer
	stream     string
	collection string // of a watch, or
	function   string
	sub        uint64
	add        uint64
	credit     uint64
	paced      bool   // credit was given
	events     []byte // an array of envelopes
	ack        string // the next three as in the query and headers of a publish
	timeout    string
	key        string     // Idempotency-Key
	params     url.Values // of a subscription
	err        error      // a member that is not as it should be
}

// idBytesMax bounds what is echoed.
const idBytesMax = 128

// memberKind is what a member's value is in either encoding.
type memberKind uint8

const (
	otherMember memberKind = iota
	textMember
	numberMember
	truthMember // true or false
	listMember  // of strings
)

// member is a value in either encoding.
type member struct {
	kind memberKind
	raw  []byte
	text string   // textMember; of a number, its digits; of a truth value, its name
	list []string // listMember
}

// parseRequest reads a frame. An error means that it is not an object in the encoding; what is
// wrong with a member is kept for the answer.
func parseRequest(b []byte, packed bool) (request, error) {
	q := request{}
	var err error
	if packed {
		err = eachPacked(b, q.member)
	} else {
		err = eachJSON(b, q.member)
	}
	if err != nil {
		return q, edged.Refuse(edged.BadRequest, "the frame cannot be read: %v", err)
	}
	return q, nil
}

// member takes one member up.
func (q *request) member(name string, m member) {
	switch name {
	case "op":
		q.op = q.text(name, &m)
	case "id":
		if m.kind != textMember && m.kind != numberMember || len(m.raw) > idBytesMax {
			q.refuse(name, "want a string or a number of at most %d bytes", idBytesMax)
			return
		}
		q.id = m.raw
	case "stream":
		q.stream = q.text(name, &m)
	case "collection":
		q.collection = q.text(name, &m)
	case "function":
		q.function = q.text(name, &m)
	case "ack":
		q.ack = q.text(name, &m)
	case "timeout":
		q.timeout = q.text(name, &m)
	case "idempotency_key":
		q.key = q.text(name, &m)
	case "sub":
		q.sub = q.number(name, &m)
	case "add":
		q.add = q.number(name, &m)
	case "credit":
		q.credit, q.paced = q.number(name, &m), true
	case "events":
		q.events = m.raw
	default:
		q.param(name, &m)
	}
}

func (q *request) refuse(name, why string, args ...any) {
	if q.err == nil {
		q.err = edged.RefuseField(edged.Invalid, "frame."+cut(name, 100), nil, why, args...)
	}
}

func (q *request) text(name string, m *member) string {
	if m.kind != textMember {
		q.refuse(name, "want a string")
	}
	return m.text
}

func (q *request) number(name string, m *member) uint64 {
	n, err := strconv.ParseUint(m.text, 10, 64)
	if m.kind != numberMember || err != nil || n > math.MaxInt32 {
		q.refuse(name, "want a whole number from 0 to %d", math.MaxInt32)
	}
	return n
}

// param takes up what a subscription has in common with a read.
func (q *request) param(name string, m *member) {
	if q.params == nil {
		q.params = url.Values{}
	}
	if len(q.params) > len(readNames) {
		q.refuse(name, "there is no such member")
		return
	}
	switch m.kind {
	case textMember, numberMember:
		q.params[name] = append(q.params[name], m.text)
	case listMember:
		q.params[name] = append(q.params[name], m.list...)
	default:
		q.refuse(name, "want a string, a number or an array of strings")
	}
}

// eachJSON calls take with each member of the object that b is.
func eachJSON(b []byte, take func(name string, m member)) error {
	r := jsonscan.NewReader(b)
	for more := r.Open('{') && r.More('}'); more; more = r.More('}') {
		name := r.NameValue()
		v := r.Value()
		if r.Err() != nil {
			break
		}
		text, err := jsonText(b, name)
		if err != nil {
			return fmt.Errorf("a name: %w", err)
		}
		if text == "events" { // which may be large, and is for the publish to read
			take(text, member{raw: v.Bytes(b)})
			continue
		}
		take(text, jsonMember(b, v))
	}
	r.End()
	return r.Err()
}

func jsonMember(b []byte, v jsonscan.Value) member {
	m := member{raw: v.Bytes(b)}
	switch v.Kind {
	case jsonscan.String:
		text, err := jsonText(b, v)
		if err == nil {
			m.kind, m.text = textMember, text
		}
	case jsonscan.Number:
		m.kind, m.text = numberMember, string(m.raw)
	case jsonscan.True, jsonscan.False:
		m.kind, m.text = truthMember, string(m.raw)
	case jsonscan.Array:
		m.kind, m.list = jsonList(m.raw)
	}
	return m
}

func jsonText(b []byte, v jsonscan.Value) (string, error) {
	if v.Marks&jsonscan.Escaped == 0 {
		return string(v.Content(b)), nil
	}
	text, err := jsonscan.Unescape(nil, v.Content(b))
	return string(text), err
}

// jsonList reads an array of strings; any other array is left alone.
func jsonList(b []byte) (memberKind, []string) {
	var list []string
	r := jsonscan.NewReader(b)
	for more := r.Open('[') && r.More(']'); more; more = r.More(']') {
		if r.Peek() != jsonscan.String {
			return otherMember, nil
		}
		text, err := jsonText(b, r.Value())
		if list = append(list, text); err != nil || len(list) > manyMax {
			return otherMember, nil
		}
	}
	return listMember, list
}

// eachPacked calls take with each member of the map that b is.
func eachPacked(b []byte, take func(name string, m member)) error {
	if err := packscan.Check(b); err != nil {
		return err
	}
	head, err := packscan.Next(b, 0)
	if err != nil || head.Kind != packscan.Map {
		return fmt.Errorf("want a map, found %s", head.Kind)
	}
	at := head.To
	for range head.Len {
		name, err := packscan.Next(b, at)
		if err != nil || name.Kind != packscan.String {
			return fmt.Errorf("byte %d: want a name, found %s", at, name.Kind)
		}
		end, err := packscan.End(b, name.To, packscan.DepthMax)
		if err != nil {
			return err
		}
		raw := b[name.To:end:end]
		at = end
		if string(name.Bytes(b)) == "events" { // which may be large, and is for the publish to read
			take("events", member{raw: raw})
			continue
		}
		take(string(name.Bytes(b)), packedMember(raw))
	}
	return nil
}

func packedMember(raw []byte) member {
	m := member{raw: raw}
	head, err := packscan.Next(raw, 0)
	if err != nil {
		return m
	}
	switch head.Kind {
	case packscan.String:
		m.kind, m.text = textMember, string(head.Bytes(raw))
	case packscan.Uint:
		m.kind, m.text = numberMember, strconv.FormatUint(head.Uint(), 10)
	case packscan.Int:
		m.kind, m.text = numberMember, strconv.FormatInt(head.Int(), 10)
	case packscan.Float:
		m.kind, m.text = numberMember, strconv.FormatFloat(head.Float(), 'g', -1, 64)
	case packscan.Bool:
		m.kind, m.text = truthMember, strconv.FormatBool(head.Bool())
	case packscan.Array:
		m.kind, m.list = packedList(raw, head)
	}
	return m
}

// packedList reads an array of strings; any other array is left alone.
func packedList(raw []byte, head packscan.Token) (memberKind, []string) {
	if head.Len > manyMax {
		return otherMember, nil
	}
	list := make([]string, 0, head.Len)
	at := head.To
	for range head.Len {
		one, err := packscan.Next(raw, at)
		if err != nil || one.Kind != packscan.String {
			return otherMember, nil
		}
		list, at = append(list, string(one.Bytes(raw))), one.To
	}
	return listMember, list
}
