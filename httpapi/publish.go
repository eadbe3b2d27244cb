package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/intake"
)

const (
	ackTimeoutDefault = 5 * time.Second
	ackTimeoutMax     = time.Minute
)

// inbox is what publishes and updates leave for one another. The zero inbox is ready.
type inbox struct {
	inflater inflater
	parcels  sync.Pool // of *parcel
	errands  sync.Pool // of *errand
}

// parcel is one publish on its way.
type parcel struct {
	said    publishQuery
	room    bodyRoom
	batch   intake.Batch
	request intake.Request
	handed  edged.Publication
	answer  []byte
}

func (in *inbox) get() *parcel {
	p, ok := in.parcels.Get().(*parcel)
	if !ok {
		p = new(parcel)
	}
	return p
}

// put takes back a parcel whose bytes nobody uses any more.
func (in *inbox) put(p *parcel) {
	p.batch.Reset()
	p.said, p.request, p.handed = publishQuery{}, intake.Request{}, edged.Publication{}
	p.room.trim()
	in.parcels.Put(p)
}

// publish answers POST /v1/streams/{stream}/events. All refusals but those of Append come before
// anything is handed over, so that "stored": false is true of them.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) {
	p := s.inbox.get()
	form, err := s.collect(p, r)
	if err != nil {
		s.inbox.put(p)
		s.fail(w, r, err)
		return
	}
	begun(w) // a panic from here on loses the parcel, which is as well: who knows who holds it
	rec, err := s.handOver(r.Context(), p)
	if err != nil {
		s.inbox.put(p)
		s.fail(w, r, err)
		return
	}
	p.answer = receiptAnswer(p.answer[:0], form, &rec)
	h := w.Header()
	h["Content-Type"] = receiptJSON
	if form == typeMsgpack {
		h["Content-Type"] = receiptMsgpack
	}
	h["Cache-Control"] = noStore
	if len(p.answer) > bufferedMax {
		h["Content-Length"] = []string{strconv.Itoa(len(p.answer))}
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(p.answer) // whoever does not read the answer has gone
	s.inbox.put(p)
}

// bufferedMax is the largest answer to which net/http gives its length by itself; a larger one
// would go out in chunks.
const bufferedMax = 2 << 10

// Header values of the answers, made once.
var (
	receiptJSON    = []string{typeJSON}    // read-only
	receiptMsgpack = []string{typeMsgpack} // read-only
	noStore        = []string{"no-store"}  // read-only
)

// collect does all that comes before the append: it reads what the request says, the body, and
// the events in it. It tells the form of the answer.
func (s *Server) collect(p *parcel, r *http.Request) (form string, err error) {
	stream, err := streamOf(r)
	if err != nil {
		return "", err
	}
	if form, err = publishForm(r); err != nil {
		return "", err
	}
	if p.said, err = parsePublishQuery(r.URL.RawQuery, s.opts.Ack); err != nil {
		return "", err
	}
	q := &p.request
	q.Limits = s.intakeLimits()
	q.ContentType = first(r.Header["Content-Type"])
	q.Form = intake.FormOf(q.ContentType, r.Header)
	q.Header = r.Header
	q.Key = paramOr(p.said.key, r.Header, "Edged-Key")
	q.Time = paramOr(p.said.time, r.Header, "Edged-Time")
	q.Type = paramOr(p.said.kind, r.Header, "Edged-Type")
	q.ID = paramOr(intake.Param{}, r.Header, "Idempotency-Key")
	tooLarge := func(size int64) error { return q.Form.TooLarge(q.Limits, size) }
	if q.Body, err = s.readBody(&p.room, r, q.Form.BytesMax(q.Limits), tooLarge); err != nil {
		return "", err
	}
	if err := p.batch.Read(q); err != nil {
		return "", err
	}
	p.handed = edged.Publication{Stream: stream, Drafts: p.batch.Drafts, Ack: p.said.ack, After: p.said.after}
	return form, nil
}

// publishForm is answerForm without its cost for what nearly every client sends.
func publishForm(r *http.Request) (string, error) {
	switch first(r.Header["Accept"]) {
	case "", "*/*", typeJSON:
		return typeJSON, nil
	}
	return answerForm(r)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// paramOr is what the query has said, else what the header says.
func paramOr(said intake.Param, h http.Header, name string) intake.Param {
	if values := h[name]; said.Location == "" && len(values) > 0 {
		return intake.Param{Value: values[0], Location: "header." + name}
	}
	return said
}

func (s *Server) intakeLimits() intake.Limits {
	l := &s.opts.Limits
	return intake.Limits{EventBytesMax: l.EventBytesMax, BatchBytesMax: l.BatchBytesMax, BatchEventsMax: l.BatchEventsMax}
}

// handOver appends what the parcel holds, and waits for the ack no longer than was said. Its errors
// of no known kind are faults after which nobody can say that nothing was stored.
func (s *Server) handOver(ctx context.Context, p *parcel) (edged.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, p.said.timeout)
	defer cancel()
	start := time.Now()
	rec, err := s.parts.Streams.Append(ctx, &p.handed)
	if err != nil {
		ended := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
		if ended || errors.Is(err, edged.AckTimeout) {
			return rec, p.said.notConfirmed(err, "the events", "are", "sending them again with the same ids is safe")
		}
		return rec, err
	}
	s.publishes.answered(p.handed.Ack, &rec, time.Since(start))
	return rec, nil
}

// isFault says whether err has no kind that a client could make sense of.
func isFault(err error) bool { return problemOf(err).Code == string(edged.Internal) }

// publishFrame appends the events of a frame of the live socket: an array of envelopes, in JSON or
// in msgpack. Key is the idempotency key; ack, timeout and key may be empty. The bytes are the
// caller's again when it returns.
func (s *Server) publishFrame(ctx context.Context, stream string, events []byte, msgpack bool, ack string, timeout string, key string) (edged.Receipt, error) {
	if s.draining.Load() {
		return edged.Receipt{}, edged.Refuse(edged.Draining, "this node is going away; publish to another, or here after its restart")
	}
	if err := edged.CheckName("frame.stream", stream); err != nil {
		return edged.Receipt{}, err
	}
	said, err := s.publishSaid(ack, timeout)
	if err != nil {
		return edged.Receipt{}, err
	}
	p := s.inbox.get()
	p.said = said
	p.request = intake.Request{Form: intake.Envelopes, Body: events, Root: "frame.events", Limits: s.intakeLimits()}
	if msgpack {
		p.request.Form = intake.Packed
	}
	if key != "" {
		p.request.ID = intake.Param{Value: key, Location: "frame.idempotency_key"}
	}
	if err := p.batch.Read(&p.request); err != nil {
		s.inbox.put(p)
		return edged.Receipt{}, err
	}
	p.handed = edged.Publication{Stream: stream, Drafts: p.batch.Drafts, Ack: said.ack}
	rec, err := s.handOver(ctx, p)
	s.inbox.put(p)
	if err != nil && isFault(err) {
		// A frame has no status that says nothing: unknown is what is true.
		s.opts.Log.Error("publish failed", "stream", stream, "err", err)
		err = edged.Refuse(edged.AckTimeout, "the node met a fault of its own; whether the events are stored is unknown, and sending them again with the same ids is safe")
	}
	return rec, err
}
