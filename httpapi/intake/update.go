package intake

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
	"github.com/edgedhq/edged/httpapi/packscan"
)

// What one request may bring for the keys of a collection.
const (
	UpdateBytesMax = 1 << 20 // its body, inflated
	updatesMax     = 10_000
)

// UpdateForm is how a body holds operations on keys.
type UpdateForm uint8

// The forms.
const (
	JSONUpdates   UpdateForm = iota
	LineUpdates              // application/x-ndjson: a key a line; blank lines do not count
	PackedUpdates            // msgpack
)

// UpdateFormOf tells how a body of the content type holds its operations. What curl -d says of any
// body is taken for JSON; lines are for many keys.
func UpdateFormOf(contentType string, many bool) (UpdateForm, error) {
	const form = "application/x-www-form-urlencoded"
	switch {
	case contentType == "" || contentType == "application/json" || contentType == form:
		return JSONUpdates, nil
	case many && isMedia(contentType, "application/x-ndjson"):
		return LineUpdates, nil
	case isMedia(contentType, "application/msgpack"), isMedia(contentType, "application/x-msgpack"),
		isMedia(contentType, "application/vnd.msgpack"):
		return PackedUpdates, nil
	case isMedia(contentType, "application/json"):
		_, _, err := sortType("header.Content-Type", contentType)
		return JSONUpdates, err
	}
	want := "want application/json in UTF-8, or application/msgpack"
	if many {
		want = "want application/json in UTF-8, application/x-ndjson, or application/msgpack"
	}
	return 0, edged.RefuseField(edged.UnsupportedMediaType, "header.Content-Type", cut(contentType), "%s", want)
}

// UpdatesTooLarge refuses a body that is past UpdateBytesMax; size is what is known of it.
func UpdatesTooLarge(size int64) error {
	return tooLarge("body", "the body of an update", UpdateBytesMax, size)
}

// Updates are what one request does to the keys of a collection. The zero Updates is ready; one
// that is used again keeps its memory. What an operation means is for its type to say.
type Updates struct {
	// List has Key and Ops. They point into the body and into the Updates, and are good until the
	// next Read, Ops or Reset.
	List []edged.Update

	grouped []bool // whether the operations stood under ops
	scratch []byte
}

// Reset lets go of the body and of memory that an ordinary request does not need.
func (u *Updates) Reset() {
	if cap(u.scratch) > scratchBytesMax {
		u.scratch = nil
	}
	clear(u.List)
	u.List, u.grouped, u.scratch = u.List[:0], u.grouped[:0], u.scratch[:0]
}

// Ops reads the body of a request to one key: an operation, or an array of them. It gives their
// JSON.
func (u *Updates) Ops(form UpdateForm, body []byte) ([]byte, error) {
	u.Reset()
	if form == PackedUpdates {
		var err error
		if body, err = u.unpack(body); err != nil {
			return nil, err
		}
	}
	v, err := jsonscan.Check(body)
	if err != nil {
		return nil, malformed("body", err)
	}
	if v.Kind != jsonscan.Object && v.Kind != jsonscan.Array {
		return nil, refuse("body", `want an operation, such as {"increment":1}, or an array of operations`)
	}
	return v.Bytes(body), nil
}

// Read reads the body of a request to many keys: an array, or lines, of objects that have a key
// and beside it an operation, or operations under ops.
func (u *Updates) Read(form UpdateForm, body []byte) error {
	u.Reset()
	var err error
	switch form {
	case LineUpdates:
		err = u.lines(body)
	case PackedUpdates:
		if body, err = u.unpack(body); err == nil {
			err = u.array(body)
		}
	default:
		err = u.array(body)
	}
	if err == nil && len(u.List) == 0 {
		err = refuse("body", "want at least one key with what to do to it")
	}
	if err != nil {
		u.List = u.List[:0]
	}
	return err
}

// unpack makes JSON of MessagePack.
func (u *Updates) unpack(body []byte) ([]byte, error) {
	if err := packscan.Check(body); err != nil {
		return nil, malformed("body", err)
	}
	var err error
	u.scratch, _, err = appendJSON(u.scratch, body, tokenOf(body, 0), UpdateBytesMax)
	switch {
	case errors.Is(err, errLong):
		return nil, tooLarge("body", "the body of an update, as JSON,", UpdateBytesMax, int64(len(u.scratch)))
	case err != nil:
		return nil, refuse("body", "%v", err)
	}
	return slices.Clip(u.scratch), nil
}

func (u *Updates) array(body []byte) error {
	r := jsonscan.NewReader(body)
	for r.Open('['); r.More(']'); {
		if err := u.entry(body, &r); err != nil {
			return err
		}
	}
	r.End()
	if r.Failed() {
		return malformed("body", r.Err())
	}
	return nil
}

func (u *Updates) lines(body []byte) error {
	for at, line := range eachLine(body) {
		r := jsonscan.NewReader(line)
		if err := u.entry(line, &r); err != nil {
			return err
		}
		r.End()
		if r.Failed() {
			return malformed(u.where(""), shifted(r.Err(), at.offset, at.number))
		}
	}
	return nil
}

// entry reads one object. Where the text is at fault the reader knows it.
func (u *Updates) entry(text []byte, r *jsonscan.Reader) error {
	if len(u.List) == updatesMax {
		return &edged.Refusal{
			Kind: edged.TooLarge, Limit: updatesMax, Size: updatesMax + 1,
			Detail: "body: a request updates at most " + strconv.Itoa(updatesMax) + " keys; send the rest in another",
			Fields: []edged.Field{{Location: "body", Message: "want at most " + strconv.Itoa(updatesMax) + " keys"}},
		}
	}
	u.List, u.grouped = append(u.List, edged.Update{}), append(u.grouped, false)
	d, at := &u.List[len(u.List)-1], len(u.scratch)
	u.scratch = append(u.scratch, '{')
	var key, ops jsonscan.Value
	for more := r.Open('{') && r.More('}'); more; more = r.More('}') {
		name, v := r.NameValue(), r.Value()
		if r.Failed() {
			return nil
		}
		var known *jsonscan.Value
		switch string(u.plain(name.Content(text), name.Marks)) {
		case "key":
			known = &key
		case "ops":
			known = &ops
		default:
			if len(u.scratch) > at+1 {
				u.scratch = append(u.scratch, ',')
			}
			u.scratch = append(append(u.scratch, name.Bytes(text)...), ':')
			u.scratch = append(u.scratch, v.Bytes(text)...)
			continue
		}
		if known.Kind != jsonscan.None {
			return refuse(u.where("."+string(name.Content(text))), "is there twice")
		}
		*known = v
	}
	if r.Failed() {
		return nil
	}
	u.scratch = append(u.scratch, '}')
	return u.settle(d, text, key, ops, u.scratch[at:len(u.scratch):len(u.scratch)])
}

// settle takes up a key, and either what stood under ops or the members that stood beside it.
func (u *Updates) settle(d *edged.Update, text []byte, key, ops jsonscan.Value, beside []byte) error {
	const none = len("{}")
	switch {
	case key.Kind == jsonscan.None:
		return refuse(u.where(".key"), "is missing; want the key to update")
	case key.Kind != jsonscan.String:
		return refuse(u.where(".key"), "want a string")
	case ops.Kind == jsonscan.None && len(beside) == none:
		return refuse(u.where(""), `want an operation beside the key, such as "increment", or operations under "ops"`)
	case ops.Kind != jsonscan.None && len(beside) > none:
		return refuse(u.where(".ops"), "want either this or an operation beside the key")
	case ops.Kind == jsonscan.None:
		d.Ops = beside
	case ops.Kind != jsonscan.Object && ops.Kind != jsonscan.Array:
		return refuse(u.where(".ops"), "want an operation or an array of operations")
	default:
		d.Ops = ops.Bytes(text)
		u.grouped[len(u.grouped)-1] = true
	}
	plain := u.plain(key.Content(text), key.Marks)
	if plain == nil {
		return refuse(u.where(".key"), `a \u escape names half a surrogate pair`)
	}
	if checkKey("", plain) != nil {
		return checkKey(u.where(".key"), plain)
	}
	d.Key = stringOf(plain)
	return nil
}

// plain is what a string's content stands for; nil when that has no UTF-8 form.
func (u *Updates) plain(content []byte, marks jsonscan.Marks) []byte {
	if marks&jsonscan.Escaped == 0 {
		return content
	}
	plain, err := jsonscan.Unescape([]byte{}, content)
	if err != nil {
		return nil
	}
	return plain
}

// where names a place in the object that is being read.
func (u *Updates) where(member string) string {
	return "body[" + strconv.Itoa(max(len(u.List)-1, 0)) + "]" + member
}

// Placed is a refusal of operations with the places where they stood: whoever carries List out knows
// that body[3] is at fault, and not that its operations were under ops.
func (u *Updates) Placed(err error) error {
	r, ok := errors.AsType[*edged.Refusal](err)
	if !ok {
		return err
	}
	out := *r
	out.Fields = slices.Clone(r.Fields)
	for i := range out.Fields {
		was := out.Fields[i].Location
		out.Fields[i].Location = u.place(was)
		if why, ok := strings.CutPrefix(out.Detail, was+":"); ok {
			out.Detail = out.Fields[i].Location + ":" + why
		}
	}
	return &out
}

func (u *Updates) place(location string) string {
	number, inside, ok := strings.Cut(strings.TrimPrefix(location, "body["), "]")
	i, err := strconv.Atoi(number)
	if !ok || err != nil || i < 0 || i >= len(u.grouped) || !u.grouped[i] || strings.HasPrefix(inside, ".key") {
		return location
	}
	return "body[" + number + "].ops" + inside
}
