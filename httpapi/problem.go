package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// outcome is what a kind of refusal means to an HTTP client.
type outcome struct {
	status    int
	title     string
	retryable bool   // the same request may succeed later
	stored    string // "false", or "unknown" where a retry with the same id is the way to know
}

// outcomes maps every kind to its outcome; a kind that is missing here is Internal.
var outcomes = map[edged.Kind]outcome{ // read-only
	edged.BadRequest:           {400, "The request cannot be read", false, storedNo},
	edged.BadCursor:            {400, "The cursor cannot be used", false, storedNo},
	edged.Unauthenticated:      {401, "Credentials are missing", false, storedNo},
	edged.Forbidden:            {403, "Not allowed", false, storedNo},
	edged.StreamNotFound:       {404, "No such stream", false, storedNo},
	edged.CollectionNotFound:   {404, "No such collection", false, storedNo},
	edged.FunctionNotFound:     {404, "No such function", false, storedNo},
	edged.KeyNotFound:          {404, "No value under this key", false, storedNo},
	edged.NotFound:             {404, "Nothing here", false, storedNo},
	edged.MethodNotAllowed:     {405, "The path does not have this method", false, storedNo},
	edged.NotAcceptable:        {406, "No acceptable form", false, storedNo},
	edged.Conflict:             {409, "In conflict with what is there", false, storedNo},
	edged.LimitReached:         {409, "Not enough rights are held here", true, storedNo},
	edged.CursorExpired:        {410, "The cursor is older than what is kept", false, storedNo},
	edged.TooLarge:             {413, "Too large", false, storedNo},
	edged.UnsupportedMediaType: {415, "No reader for this content", false, storedNo},
	edged.Invalid:              {422, "A value is not allowed", false, storedNo},
	edged.SQLInvalid:           {422, "The query is refused", false, storedNo},
	edged.FilterInvalid:        {422, "The filter cannot be used", false, storedNo},
	edged.IdempotencyMismatch:  {422, "The id is known with other data", false, storedNo},
	edged.Overloaded:           {429, "Too much at once", true, storedNo},
	edged.Internal:             {500, "A fault of the node", true, storedNo},
	edged.Starting:             {503, "The node is starting", true, storedNo},
	edged.Draining:             {503, "The node is going away", true, storedNo},
	edged.Unavailable:          {503, "Not available now", true, storedNo},
	edged.LevelUnreachable:     {503, "The ack level cannot be reached now", true, storedNo},
	edged.SealPending:          {503, "The nodes do not agree yet", true, storedNo},
	edged.IdentityConflict:     {503, "Another node runs with this identity", true, storedNo},
	edged.AckTimeout:           {504, "Not confirmed in time", true, storedUnknown},
	edged.DiskFull:             {507, "The disk is full", true, storedNo},
}

const (
	storedNo      = "false"
	storedUnknown = "unknown"
)

// problem is an error as RFC 9457 has it, with the members that api.md adds.
type problem struct {
	Type      string // where /docs explains the code
	Title     string
	Status    int
	Detail    string
	Code      string
	Retryable bool
	Stored    string // storedNo, storedUnknown, or empty to say nothing about it
	Reached   string // the ack level that was reached
	Errors    []edged.Field
	Limit     int64
	Size      int64
	Cursor    string // CursorExpired: the earliest that can be read from
}

// problemOf makes the problem of any error: of the Refusal in its chain, else of its Kind, else
// of a context's end; what none of these explains is Internal and keeps its text to itself.
func problemOf(err error) problem {
	kind, detail := edged.Internal, "The node met a fault of its own; its log says more."
	var refusal *edged.Refusal
	switch {
	case errors.As(err, &refusal):
		kind, detail = refusal.Kind, refusal.Detail
	case errors.As(err, &kind) && kind != edged.Internal:
		detail = err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		kind, detail = edged.Unavailable, "The answer was not ready in time; ask again."
	case errors.Is(err, context.Canceled):
		kind, detail = edged.Unavailable, "The request was given up before it was answered; ask again."
	}
	out, ok := outcomes[kind]
	if !ok {
		kind, out = edged.Internal, outcomes[edged.Internal]
	}
	p := problem{
		Type: "/docs#" + string(kind), Title: out.title, Status: out.status, Detail: detail,
		Code: string(kind), Retryable: out.retryable, Stored: out.stored,
	}
	if refusal != nil {
		p.Errors, p.Limit, p.Size = refusal.Fields, refusal.Limit, refusal.Size
		p.Cursor, p.Reached = refusal.Earliest, refusal.Reached
	}
	return p
}

// each gives the members that are there, in order.
func (p *problem) each(member func(name string, value any)) {
	member("type", p.Type)
	member("title", p.Title)
	member("status", p.Status)
	member("detail", p.Detail)
	member("code", p.Code)
	member("retryable", p.Retryable)
	switch p.Stored {
	case storedNo:
		member("stored", false)
	case storedUnknown:
		member("stored", storedUnknown)
	}
	if p.Reached != "" {
		member("reached", p.Reached)
	}
	if p.Limit != 0 {
		member("limit", p.Limit)
	}
	if p.Size != 0 {
		member("size", p.Size)
	}
	if p.Cursor != "" {
		member("cursor", p.Cursor)
	}
	if len(p.Errors) > 0 {
		member("errors", p.fields())
	}
}

// problemView describes a problem for the documents.
type problemView struct {
	Type      string         `json:"type" format:"uri-reference" doc:"Where the code is explained"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"What was wrong and what would be right"`
	Code      string         `json:"code" doc:"A stable word, the same in logs, metrics and on the command line"`
	Retryable bool           `json:"retryable" doc:"Whether the same request may succeed later"`
	Stored    any            `json:"stored,omitempty" doc:"Of a publish or an update: false, or \"unknown\", when only a retry with the same id tells"`
	Reached   string         `json:"reached,omitempty" doc:"The ack level that was reached"`
	Limit     int64          `json:"limit,omitempty" doc:"too_large: what is allowed"`
	Size      int64          `json:"size,omitempty" doc:"too_large: what was given, or the least it is"`
	Cursor    string         `json:"cursor,omitempty" doc:"cursor_expired: the earliest place that can be read from"`
	Errors    []problemField `json:"errors,omitempty" nullable:"false" doc:"The single values that are at fault"`
}

// problemField is one entry of errors[].
type problemField struct {
	Location string `json:"location" doc:"Where: body.partitions, body[3].key, query.limit, header.Edged-Time, path.stream, sql"`
	Message  string `json:"message" doc:"What would be right"`
	Line     int    `json:"line,omitempty" doc:"Of SQL, from 1"`
	Column   int    `json:"column,omitempty" doc:"In characters, from 1"`
	Value    any    `json:"value,omitempty" doc:"What was given, cut short"`
}

// fields cuts long values short: a refusal must not be larger than what it refuses.
func (p *problem) fields() []problemField {
	const valueMax, fieldsMax = 200, 50
	out := make([]problemField, 0, min(len(p.Errors), fieldsMax))
	for _, f := range p.Errors[:min(len(p.Errors), fieldsMax)] {
		switch v := f.Value.(type) {
		case string:
			f.Value = cut(v, valueMax)
		case bool, int, int64, nil:
		default:
			b, err := json.Marshal(v)
			if err != nil || len(b) > valueMax {
				f.Value = nil
			}
		}
		out = append(out, problemField{f.Location, f.Message, f.Line, f.Column, f.Value})
	}
	return out
}

// cut shortens s to about n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// appendJSON appends the problem as a JSON object.
func (p *problem) appendJSON(b []byte) []byte {
	b = append(b, '{')
	p.each(func(name string, value any) {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, name)
		b = append(b, ':')
		b = appendJSONValue(b, value)
	})
	return append(b, '}')
}

// appendJSONValue appends what encoding/json makes of v, without its escapes for HTML.
func appendJSONValue(b []byte, v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return append(b, "null"...)
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// appendMsgpack appends the problem as a msgpack map.
func (p *problem) appendMsgpack(b []byte) []byte {
	n := 0
	p.each(func(string, any) { n++ })
	var buf bytes.Buffer
	enc := msgpack.NewEncoder(&buf)
	enc.SetCustomStructTag("json")
	enc.UseCompactInts(true)
	err := enc.EncodeMapLen(n)
	p.each(func(name string, value any) {
		err = errors.Join(err, enc.EncodeString(name), enc.Encode(value))
	})
	if err != nil { // a value of our own making that msgpack cannot hold
		panic("httpapi: a problem does not encode: " + err.Error())
	}
	return append(b, buf.Bytes()...)
}

// fail answers with the problem of err. After begun(w) a fault without a kind closes the
// connection instead, since nobody can say any more that nothing was stored.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Code == string(edged.Internal) {
		s.faulted(r, err)
		if hasBegun(w) {
			panic(http.ErrAbortHandler)
		}
	}
	if r.Method != http.MethodPost && !appends(w) { // only what writes is asked whether it was stored
		p.Stored = ""
	}
	s.requests.refused(p.Code)
	s.writeProblem(w, r, &p)
}

func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	var body []byte
	if accepts(r.Header.Get("Accept"), typeJSON, typeProblem, typeMsgpack) == typeMsgpack {
		h.Set("Content-Type", typeProblemMsgpack)
		body = p.appendMsgpack(nil)
	} else {
		h.Set("Content-Type", typeProblem)
		body = append(p.appendJSON(nil), '\n')
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whoever does not read the answer has gone
	}
}
