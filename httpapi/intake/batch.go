package intake

import (
	"cmp"
	"strconv"
	"strings"
	"unsafe"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
	"github.com/edgedhq/edged/httpapi/packscan"
)

// Param is a value that the request gives beside its body. Location says where it stood, as in
// query.key; it is empty when nothing was given.
type Param struct {
	Value    string
	Location string
}

func (p Param) given() bool { return p.Location != "" }

// Request is one body and what the request says about it.
type Request struct {
	Form        Form
	ContentType string
	Body        []byte
	Root        string              // what locations call the body; empty is "body"
	Header      map[string][]string // for Binary; names canonical
	Key         Param               // of Lines, a value that begins with a slash is a JSON Pointer
	Time        Param               // the same
	Type        Param
	ID          Param // the idempotency key
	Limits      Limits
}

// Batch is the events of one request. The zero Batch is ready; one that is used again keeps its
// memory. Not safe for concurrent use.
type Batch struct {
	// Drafts point into the body and into the batch. They are good until the next Read or Reset.
	Drafts []edged.Draft

	headers []edged.Header
	scratch []byte
	request *Request
	body    []byte
	every   edged.Draft // what the request says of each event
	keyAt   jsonscan.Pointer
	timeAt  jsonscan.Pointer

	// The content type that was sorted last, for the events of one batch are often alike.
	lastGiven, lastStored string
	lastClass             class
}

// scratchBytesMax and headersKeptMax bound what Reset keeps.
const (
	scratchBytesMax = 1 << 20
	headersKeptMax  = 16 << 10
	draftsKeptMax   = 10_000
)

// Reset lets go of the body and of memory that an ordinary request does not need.
func (b *Batch) Reset() {
	if cap(b.scratch) > scratchBytesMax {
		b.scratch = nil
	}
	if cap(b.headers) > headersKeptMax {
		b.headers = nil
	}
	if cap(b.Drafts) > draftsKeptMax {
		b.Drafts = nil
	}
	clear(b.headers)
	clear(b.Drafts)
	*b = Batch{Drafts: b.Drafts[:0], headers: b.headers[:0], scratch: b.scratch[:0]}
}

// Read makes drafts of the body. An error is a *edged.Refusal, and leaves no drafts.
func (b *Batch) Read(req *Request) error {
	b.Reset()
	b.request, b.body = req, req.Body
	err := b.read()
	if err == nil {
		err = b.identify()
	}
	if err != nil {
		b.Drafts = b.Drafts[:0]
	}
	return err
}

func (b *Batch) read() error {
	if limit := b.request.Form.BytesMax(b.request.Limits); int64(len(b.body)) > limit {
		return b.request.Form.tooLarge(b.root(), limit, int64(len(b.body)))
	}
	if err := b.readParams(); err != nil {
		return err
	}
	switch b.request.Form {
	case Binary:
		return b.cloudBinary()
	case Cloud:
		return b.cloudOne()
	case Lines:
		return b.lines()
	case Envelopes, CloudBatch:
		return b.array()
	case Packed:
		return b.packed()
	}
	return b.one()
}

// readParams checks what the request says of every event.
func (b *Batch) readParams() error {
	key, at, typ := b.request.Key, b.request.Time, b.request.Type
	lines := b.request.Form == Lines
	var err error
	switch {
	case !key.given():
	case lines && strings.HasPrefix(key.Value, "/"):
		b.keyAt, err = pointer(key)
	default:
		b.every.Key = b.keepString(key.Value)
		err = checkKey(key.Location, b.every.Key)
	}
	if err != nil {
		return err
	}
	switch {
	case !at.given():
	case lines && strings.HasPrefix(at.Value, "/"):
		b.timeAt, err = pointer(at)
	default:
		err = b.setTime(&b.every, at.Location, []byte(at.Value))
	}
	if err == nil && typ.given() {
		b.every.Type = b.keepString(typ.Value)
		err = checkText(typ.Location, typ.Value, typeBytesMax)
	}
	return err
}

func pointer(p Param) (jsonscan.Pointer, error) {
	at, err := jsonscan.ParsePointer(p.Value)
	if err != nil {
		return nil, edged.RefuseField(edged.Invalid, p.Location, cut(p.Value),
			"want a JSON Pointer (RFC 6901), as in /user/id, with ~0 for a tilde and ~1 for a slash")
	}
	return at, nil
}

// setTime reads either form of a time out of plain text.
func (b *Batch) setTime(d *edged.Draft, location string, text []byte) (err error) {
	unixNano, why := parseTime(text)
	if why == wantTime {
		unixNano, why = parseMillis(text)
	}
	if why != "" {
		return edged.RefuseField(edged.Invalid, location, cut(string(text)), "%s", why)
	}
	d.Time, d.HasTime = unixNano, true
	return nil
}

// one reads a body that is the data of one event.
func (b *Batch) one() error {
	d, err := b.next()
	if err != nil {
		return err
	}
	return b.wholeBody(d)
}

// wholeBody makes the body a draft's data.
func (b *Batch) wholeBody(d *edged.Draft) error {
	stored, c, err := sortType("header.Content-Type", b.request.ContentType)
	if err != nil {
		return err
	}
	d.ContentType = bytesOf(stored)
	d.Data = b.body
	switch c {
	case jsonClass:
		v, err := jsonscan.Check(b.body)
		if err != nil {
			return malformed(b.root(), err)
		}
		d.Data = b.tight(v, b.body)
	case packClass:
		if err := packscan.Check(b.body); err != nil {
			return malformed(b.root(), err)
		}
	}
	return nil
}

// next begins another event.
func (b *Batch) next() (*edged.Draft, error) {
	if most := b.request.Limits.BatchEventsMax; len(b.Drafts) >= most && b.request.Form.Many() {
		return nil, &edged.Refusal{
			Kind: edged.TooLarge, Limit: int64(most), Size: int64(most) + 1,
			Detail: b.root() + ": a batch has at most " + strconv.Itoa(most) + " events; send the rest in another",
			Fields: []edged.Field{{Location: b.root(), Message: "want at most " + strconv.Itoa(most) + " events"}},
		}
	}
	b.Drafts = append(b.Drafts, b.every)
	return &b.Drafts[len(b.Drafts)-1], nil
}

// finish checks that a body of many events had one.
func (b *Batch) finish() error {
	if len(b.Drafts) == 0 {
		return refuse(b.root(), "want at least one event")
	}
	return nil
}

// identify gives ids to events that have none, if the request has an idempotency key.
func (b *Batch) identify() error {
	key := b.request.ID
	if !key.given() {
		return nil
	}
	if err := checkText(key.Location, key.Value, idempotencyBytesMax); err != nil {
		return err
	}
	for i := range b.Drafts {
		d := &b.Drafts[i]
		if d.ID != nil {
			continue
		}
		at := len(b.scratch)
		b.scratch = append(b.scratch, key.Value...)
		if b.request.Form.Many() {
			b.scratch = append(b.scratch, ':')
			b.scratch = strconv.AppendInt(b.scratch, int64(i), 10)
		}
		d.ID = b.kept(at)
	}
	return nil
}

// root names the body.
func (b *Batch) root() string { return cmp.Or(b.request.Root, "body") }

// where names a member of the event that is being read.
func (b *Batch) where(member string) string {
	s := b.root()
	if b.request.Form.Many() {
		s += "[" + strconv.Itoa(max(len(b.Drafts)-1, 0)) + "]"
	}
	if member != "" {
		s += "." + member
	}
	return s
}

// kept is what the scratch has gained since it was at bytes long. When the scratch grows it
// moves; what was kept before stays where it is.
func (b *Batch) kept(at int) []byte { return b.scratch[at:len(b.scratch):len(b.scratch)] }

func (b *Batch) keepString(s string) []byte {
	at := len(b.scratch)
	b.scratch = append(b.scratch, s...)
	return b.kept(at)
}

// tight is a JSON value without line ends.
func (b *Batch) tight(v jsonscan.Value, text []byte) []byte {
	if v.Marks&jsonscan.Lined == 0 {
		return v.Bytes(text)
	}
	at := len(b.scratch)
	b.scratch = jsonscan.Compact(b.scratch, v.Bytes(text))
	return b.kept(at)
}

// stringOf and bytesOf turn one into the other without a copy. The bytes are those of the request,
// which nothing changes while its drafts are in use.
func stringOf(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
