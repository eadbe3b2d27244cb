package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// readDefault is the limit of a read that says none; readBytesMax ends an answer early, and its
// cursor goes on from there.
const (
	readDefault  = 100
	readBytesMax = 8 << 20
)

// read answers GET on a stream's events in whichever way the client asks for: a page, server-sent
// events, lines without end, or a WebSocket.
func (s *Server) read(w http.ResponseWriter, r *http.Request) { s.readAs(w, r, "stream", s.reading) }

// readAs answers a read of what the part of the path names, by its parameters.
func (s *Server) readAs(w http.ResponseWriter, r *http.Request, part string, understand func(name string, p params, live bool) (reading, error)) {
	form, live, err := readForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := nameIn(r, part)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p, err := s.queryParams(r, live)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	q, err := understand(name, p, live)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	switch {
	case wantsSocket(r):
		s.serveFeed(w, r, &q)
	case form == typeSSE:
		s.follow(w, r, &q, codec.SSE)
	case form == typeNDJSON:
		s.follow(w, r, &q, codec.Lines)
	default:
		s.readPage(w, r, &q)
	}
}

// readForm is the form that a reader asks for, and whether it is that of a feed. A WebSocket has none.
func readForm(r *http.Request) (form string, live bool, err error) {
	if wantsSocket(r) {
		return "", true, nil
	}
	header := r.Header.Get("Accept")
	form = accepts(header, typeJSON, typeNDJSON, typeSSE, typeMsgpack)
	if form == "" {
		return "", false, edged.RefuseField(edged.NotAcceptable, "header.Accept", cut(header, 100),
			"want application/json, application/x-ndjson, text/event-stream or application/msgpack among what is accepted")
	}
	return form, form == typeNDJSON || form == typeSSE, nil
}

// queryParams reads the parameters of a request. An EventSource that comes back says where it was in a
// header; its address is the one that it began with.
func (s *Server) queryParams(r *http.Request, live bool) (params, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return params{}, edged.Refuse(edged.BadRequest, "the query cannot be read; want name=value pairs, percent-encoded, with & between them")
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" && live {
		values["cursor"] = []string{last}
	}
	return params{values: values, where: "query", now: s.opts.Now()}, nil
}

// open opens the feed that a reading asks for.
func (s *Server) open(q *reading, wake func()) (feed edged.Feed, err error) {
	switch {
	case q.shape.Change:
		return s.parts.Entries.Changes(q.Query, wake)
	case q.shape.Row:
		feed, err = s.parts.Functions.RowChanges(q.Query, wake)
		return feed, placed(err, "filter", q.where+".where")
	}
	feed, err = s.parts.Streams.Follow(q.Query, wake)
	return feed, placed(err, "filter", q.where+".filter")
}

// placed moves what a refusal says of one location to that of the request.
func placed(err error, from, to string) error {
	refusal, ok := errors.AsType[*edged.Refusal](err)
	if !ok || !slices.ContainsFunc(refusal.Fields, func(f edged.Field) bool { return f.Location == from }) {
		return err
	}
	moved := *refusal
	moved.Fields = slices.Clone(refusal.Fields)
	for i := range moved.Fields {
		if moved.Fields[i].Location == from {
			moved.Fields[i].Location = to
		}
	}
	return &moved
}

// page is what a plain read has gathered.
type page struct {
	given    []edged.Delivery
	gaps     []gapView
	events   int
	bytes    int
	start    string // of changes: the cursor that the page has to get past
	cursor   string
	caughtUp bool
}

// gapView tells a reader of pages of events that are not held any more.
type gapView struct {
	Origin    string `json:"origin"`
	Partition uint32 `json:"partition"`
	From      uint64 `json:"from" doc:"First sequence missing"`
	To        uint64 `json:"to" doc:"Last sequence missing"`
	Reason    string `json:"reason" enum:"retired,forced,lost,forked,corrupt"`
}

// readPage answers with what there is, and if there is nothing waits for a first event.
func (s *Server) readPage(w http.ResponseWriter, r *http.Request, q *reading) {
	wake := make(chan struct{}, 1)
	feed, err := s.open(q, func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer feed.Close()
	p := page{}
	if q.shape.Change {
		p.start = feed.Cursor().String()
	}
	limit := q.limit
	if limit == 0 {
		limit = readDefault
	}
	if err = p.gather(feed, limit); err == nil && p.events == 0 && p.caughtUp && q.wait > 0 && r.Method != http.MethodHead {
		ctx, cancel := context.WithTimeout(r.Context(), q.wait)
		defer cancel()
		err = s.waitFor(ctx, &p, feed, wake, limit)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	form, body := typeJSON, s.feeds.pageJSON(&p, q.shape)
	if accepts(r.Header.Get("Accept"), typeJSON, typeMsgpack) == typeMsgpack {
		form, body = typeMsgpack, s.feeds.pageMsgpack(&p, q.shape)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pageWriteMax))
	writeBytes(w, form, http.StatusOK, body)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
}

// pageWriteMax is how long a client may take to read a page.
const pageWriteMax = time.Minute

// waitFor gathers whenever there is more, until there is an event or ctx ends.
func (s *Server) waitFor(ctx context.Context, p *page, feed edged.Feed, wake <-chan struct{}, limit int) error {
	closing, err := s.feeds.join(readerPoll)
	if err != nil {
		return nil // what there is, is the answer
	}
	defer s.feeds.leave(readerPoll)
	for p.events == 0 && p.caughtUp {
		select {
		case <-ctx.Done():
			return nil
		case <-closing:
			return nil
		case <-wake:
			if err := p.gather(feed, limit); err != nil {
				return err
			}
		}
	}
	return nil
}

// gather takes events up to the limit, and looks whether more is held. An error after some
// events ends the page; whoever goes on from its cursor meets it again.
func (p *page) gather(feed edged.Feed, limit int) error {
	p.caughtUp = false
	for !p.full(feed, limit) && p.bytes < readBytesMax {
		before, more := len(p.given), limit-p.events
		if more <= 0 {
			more = limit
		}
		var err error
		p.given, err = feed.Next(p.given, readBytesMax-p.bytes, more)
		for i := before; i < len(p.given); i++ {
			p.count(&p.given[i])
		}
		if err != nil && p.events == 0 {
			return err
		}
		if err != nil || len(p.given) == before {
			p.caughtUp = err == nil
			p.cursor = feed.Cursor().String()
			return nil
		}
	}
	p.cursor = feed.Cursor().String()
	rest, err := feed.Next(nil, 1, 1)
	p.caughtUp = err == nil && len(rest) == 0
	return nil
}

// full says whether a page may end. Where keys are listed a cursor stands before those that are
// listed together: a page that ended among the first of them would be given again for ever.
func (p *page) full(feed edged.Feed, limit int) bool {
	return p.events >= limit && (p.start == "" || feed.Cursor().String() != p.start)
}

func (p *page) count(d *edged.Delivery) {
	if n := d.Notice; n != nil {
		if n.Op == "gap" {
			p.gaps = append(p.gaps, gapView{
				n.Log.Origin.String(), uint32(n.Log.Partition), uint64(n.From), uint64(n.To), n.Reason,
			})
		}
		return
	}
	p.events += d.Len()
	p.bytes += d.Run.Bytes() * d.Len() / d.Run.Len()
}

// itemsName is the member of a page that holds what is read.
func itemsName(shape codec.Shape) string {
	if shape.Change {
		return "changes"
	}
	return "events"
}

// pageJSON is the page as a JSON document.
func (f *feeds) pageJSON(p *page, shape codec.Shape) []byte {
	b := append(make([]byte, 0, p.bytes+p.events*300+200), `{"`...)
	b = append(append(b, itemsName(shape)...), `":[`...)
	b = f.appendEvents(b, p, codec.Items, shape)
	if p.events > 0 {
		b = b[:len(b)-1] // the comma after the last
	}
	b = append(b, ']')
	if p.gaps != nil {
		b = appendJSONValue(append(b, `,"gaps":`...), p.gaps)
	}
	b = append(append(append(b, `,"cursor":"`...), p.cursor...), `","caught_up":`...)
	return append(appendJSONValue(b, p.caughtUp), "}\n"...)
}

// pageMsgpack is the same in msgpack.
func (f *feeds) pageMsgpack(p *page, shape codec.Shape) []byte {
	events := codec.AppendArrayLen(make([]byte, 0, p.bytes+p.events*300+200), p.events)
	events = f.appendEvents(events, p, codec.Packed, shape)
	o := codec.Open(nil, true)
	o.Encoded(itemsName(shape), events)
	if p.gaps != nil {
		gaps := codec.AppendArrayLen(nil, len(p.gaps))
		for _, g := range p.gaps {
			one := codec.Open(gaps, true)
			one.Text("origin", g.Origin)
			one.Uint("partition", uint64(g.Partition))
			one.Uint("from", g.From)
			one.Uint("to", g.To)
			one.Text("reason", g.Reason)
			gaps = one.Close()
		}
		o.Encoded("gaps", gaps)
	}
	o.Text("cursor", p.cursor)
	o.Bool("caught_up", p.caughtUp)
	return o.Close()
}

// appendEvents encodes what the page holds. Readers of pages are seldom at one place, so it is
// not kept with the runs.
func (f *feeds) appendEvents(b []byte, p *page, form codec.Form, shape codec.Shape) []byte {
	encoder := f.encoder()
	defer f.encoders.Put(encoder)
	for i := range p.given {
		d := &p.given[i]
		if d.Run == nil {
			continue
		}
		if d.Picks == nil {
			b = encoder.Append(b, d.Run, form, shape, d.From, d.To)
		}
		for _, at := range d.Picks {
			b = encoder.Append(b, d.Run, form, shape, int(at), int(at)+1)
		}
	}
	return b
}
