package expr

import (
	"encoding/hex"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/sql"
)

// Row is what expressions are evaluated over. It is reused: fill it, evaluate, Reset.
type Row struct {
	Columns []Value
	Event   *edged.Event // for meta columns; nil where there are none
	Region  string       // of the event's origin

	// Text holds what functions make, until Reset. What one event may make is bounded, so columns that
	// queries share are extracted into another Arena: a result depends on its own query alone.
	Text Arena

	// Mistyped counts operators that met a value of a wrong type and gave NULL.
	Mistyped uint64

	failed  bool
	failure Failure
	stack   []Value // arguments of the calls under way
	scan    scan
}

// Failure is a cast that failed, which makes the event a failed one.
type Failure struct {
	At    sql.Pos
	To    Type
	Value Value
}

// Error says what could not be cast, as it stands in the text.
func (f *Failure) Error() string {
	const most = 60
	text := string(appendText(nil, f.Value))
	if len(text) > most {
		text = text[:most] + "…"
	}
	text = strings.ToValidUTF8(text, "")
	return f.Value.Kind().String() + " " + text + " is no " + f.To.String() + ". TRY_CAST gives NULL instead."
}

// Reset makes the row ready for the next event. Mistyped counts on.
func (r *Row) Reset() {
	r.Text.Reset()
	r.failed = false
}

// Failure is the first cast that failed since Reset, or nil.
func (r *Row) Failure() *Failure {
	if !r.failed {
		return nil
	}
	return &r.failure
}

func (r *Row) fail(at sql.Pos, to Type, v Value) Value {
	if !r.failed {
		r.failed, r.failure = true, Failure{at, to, v}
	}
	return Value{}
}

// mistype counts, and gives NULL.
func (r *Row) mistype() Value {
	r.Mistyped++
	return Value{}
}

// made gives a text as a STRING, of what was appended to Text.open().
func (r *Row) made(b []byte) Value { return OfString(r.Text.close(b)) }

// Meta names a meta column.
type Meta uint8

// The meta columns.
const (
	NoMeta Meta = iota
	MetaKey
	MetaTime
	MetaIngest
	MetaOrigin
	MetaRegion
	MetaID
	MetaType
	MetaStream
	MetaHeader // one of _headers, by its name
)

// metaNames are the meta columns as queries write them.
var metaNames = map[string]Meta{ // read-only
	"_key": MetaKey, "_time": MetaTime, "_ingest": MetaIngest, "_origin": MetaOrigin, "_region": MetaRegion,
	"_id": MetaID, "_type": MetaType, "_stream": MetaStream, "_headers": MetaHeader,
}

// MetaOf gives the meta column of a name, or NoMeta.
func MetaOf(name string) Meta { return metaNames[name] }

// Type is what the column holds.
func (m Meta) Type() Type {
	if m == MetaTime || m == MetaIngest {
		return Type{Kind: Timestamp}
	}
	return Type{Kind: String}
}

// meta reads a meta column. A key, a type or a header that is not there is NULL.
func (r *Row) meta(m Meta, header string) Value {
	e := r.Event
	if e == nil {
		return Value{}
	}
	switch m {
	case MetaKey:
		return present(e.Key)
	case MetaTime:
		return OfTimestamp(e.Time)
	case MetaIngest:
		return OfTimestamp(e.HLC.Wall)
	case MetaOrigin:
		b := append(r.Text.open(), e.Origin.Label...)
		return r.made(hex.AppendEncode(append(b, '~'), e.Origin.ID[:]))
	case MetaRegion:
		return present(r.Region)
	case MetaID:
		if e.ID != "" {
			return OfString(e.ID)
		}
		return r.made(e.AppendID(r.Text.open()))
	case MetaType:
		return present(e.Type)
	case MetaStream:
		return OfString(e.Stream)
	}
	for i := range e.Headers {
		if e.Headers[i].Name == header {
			return OfString(e.Headers[i].Value)
		}
	}
	return Value{}
}

// present gives a text, or NULL where there is none.
func present(s string) Value {
	if s == "" {
		return Value{}
	}
	return OfString(s)
}
