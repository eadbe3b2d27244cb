package httpapi

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/edgedhq/edged"
)

// shelf keeps streams in memory, of one origin and one partition each, for readers. A filter is a
// text that the data has to hold; one with a ? is refused.
type shelf struct {
	fakeParts
	mu      sync.Mutex
	streams map[string]*shelved
	err     error         // of every publish, if set
	block   chan struct{} // publishes wait for it, if set
}

type shelved struct {
	runs    []*shelvedRun
	head    edged.Sequence
	deleted bool
	notices []edged.Notice // for every feed that asks next
	waiting []func()
}

func newShelf() *shelf {
	return &shelf{fakeParts: *newFake(), streams: map[string]*shelved{}}
}

func shelvedOrigin() edged.Origin { return edged.Origin{Label: "n", ID: edged.OriginID{1}} }

func nameOfShelved(stream string) edged.LogName {
	return edged.LogName{Stream: stream, Generation: 1, Origin: shelvedOrigin()}
}

func cursorAt(stream string, s edged.Sequence) edged.Cursor {
	return edged.Cursor{Stream: stream, Generation: 1, Vector: edged.Vector{nameOfShelved(stream).Key(): s}}
}

// put appends events as one run; a text is the data, or KEY=data. No events make the stream.
func (sh *shelf) put(stream string, texts ...string) {
	sh.mu.Lock()
	of := sh.streams[stream]
	if of == nil {
		of = &shelved{}
		sh.streams[stream] = of
	}
	run := &shelvedRun{name: nameOfShelved(stream), base: cursorAt(stream, of.head).Base()}
	for _, text := range texts {
		of.head++
		e := edged.Event{
			Stream: stream, Origin: shelvedOrigin(), Sequence: of.head, ID: "e" + strconv.Itoa(int(of.head)),
			HLC: edged.Timestamp{Wall: int64(of.head)}, Data: []byte(text),
		}
		if key, data, ok := strings.Cut(text, "="); ok {
			e.Key, e.Data = key, []byte(data)
		}
		run.events = append(run.events, e)
	}
	if len(texts) > 0 {
		of.runs = append(of.runs, run)
	}
	sh.change(of)
}

// change wakes who waits. The caller holds mu, which it releases.
func (sh *shelf) change(of *shelved) {
	waiting := of.waiting
	of.waiting = nil
	sh.mu.Unlock()
	for _, wake := range waiting {
		wake()
	}
}

func (sh *shelf) notify(stream string, n edged.Notice) {
	sh.mu.Lock()
	of := sh.streams[stream]
	of.notices = append(of.notices, n)
	sh.change(of)
}

func (sh *shelf) drop(stream string) {
	sh.mu.Lock()
	of := sh.streams[stream]
	of.deleted = true
	sh.change(of)
}

func (sh *shelf) Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error) {
	if sh.block != nil {
		select {
		case <-sh.block:
		case <-ctx.Done():
			return edged.Receipt{}, ctx.Err()
		}
	}
	if sh.err != nil {
		return edged.Receipt{}, sh.err
	}
	var texts []string
	for i := range p.Drafts {
		texts = append(texts, string(p.Drafts[i].Data))
	}
	sh.put(p.Stream, texts...)
	return edged.Receipt{Stream: p.Stream, Count: len(texts), Origin: shelvedOrigin()}, nil
}

func (sh *shelf) Follow(q edged.Query, wake func()) (edged.Feed, error) {
	if at := strings.IndexByte(q.Match.Filter, '?'); at >= 0 {
		return nil, &edged.Refusal{Kind: edged.FilterInvalid, Detail: "there is no ?", Fields: []edged.Field{
			{Location: "filter", Message: "there is no ?", Value: "?", Line: 1, Column: at + 1},
		}}
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	of := sh.streams[q.Stream]
	if of == nil {
		if !q.Await {
			return nil, edged.Refuse(edged.StreamNotFound, "no stream %q here", q.Stream)
		}
		of = &shelved{}
		sh.streams[q.Stream] = of
	}
	f := &shelvedFeed{shelf: sh, of: of, query: q, wake: wake, resume: "start"}
	switch q.Start.Kind {
	case edged.Latest:
		f.at = of.head
	case edged.AtCursor, edged.AtCursorOrGap:
		f.at, f.resume = q.Start.Cursor.Vector[nameOfShelved(q.Stream).Key()], "complete"
	}
	return f, nil
}

// shelvedFeed stands after sequence at.
type shelvedFeed struct {
	shelf  *shelf
	of     *shelved
	query  edged.Query
	wake   func()
	resume string
	at     edged.Sequence
	told   int // notices given
	closed bool
}

func (f *shelvedFeed) Resume() string       { return f.resume }
func (f *shelvedFeed) Cursor() edged.Cursor { return cursorAt(f.query.Stream, f.at) }

func (f *shelvedFeed) Close() {
	f.shelf.mu.Lock()
	defer f.shelf.mu.Unlock()
	if f.closed {
		panic("a feed is closed twice")
	}
	f.closed = true
}

func (f *shelvedFeed) Next(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	f.shelf.mu.Lock()
	defer f.shelf.mu.Unlock()
	if f.closed {
		panic("a closed feed is used")
	}
	if f.of.deleted {
		kind := edged.StreamNotFound
		if strings.HasPrefix(f.query.Stream, edged.CollectionStream("")) {
			kind = edged.CollectionNotFound
		}
		if strings.HasPrefix(f.query.Stream, edged.FunctionStream("")) {
			kind = edged.FunctionNotFound
		}
		return dst, edged.Refuse(kind, "%q has been deleted", f.query.Stream)
	}
	before := len(dst)
	for ; f.told < len(f.of.notices); f.told++ {
		dst = append(dst, edged.Delivery{Notice: &f.of.notices[f.told]})
	}
	for _, run := range f.of.runs {
		last := run.events[len(run.events)-1].Sequence
		if f.at >= last || eventsMax <= 0 || bytesMax <= 0 {
			continue
		}
		d := edged.Delivery{Run: run, To: len(run.events)}
		if first := run.events[0].Sequence; f.at >= first {
			d.From = int(f.at-first) + 1
		}
		d.To = min(d.To, d.From+eventsMax)
		if !f.query.Match.All() {
			d.Picks = []int32{}
			for i := d.From; i < d.To; i++ {
				m, key := f.query.Match, run.events[i].Key
				if (len(m.Keys) == 0 || slices.Contains(m.Keys, key)) && strings.HasPrefix(key, m.KeyPrefix) &&
					strings.Contains(string(run.events[i].Data), m.Filter) {
					d.Picks = append(d.Picks, int32(i))
				}
			}
		}
		f.at = run.events[d.To-1].Sequence
		if d.Len() > 0 {
			dst = append(dst, d)
			eventsMax -= d.Len()
			bytesMax -= run.Bytes() * d.Len() / run.Len()
		}
	}
	if len(dst) == before {
		f.of.waiting = append(f.of.waiting, f.wake)
	}
	return dst, nil
}

// shelvedRun is a run held in memory.
type shelvedRun struct {
	name   edged.LogName
	base   edged.Base
	events []edged.Event
	mu     sync.Mutex
	forms  [edged.FormSlots]any
}

func (r *shelvedRun) Name() edged.LogName { return r.name }
func (r *shelvedRun) Base() edged.Base    { return r.base }
func (r *shelvedRun) Len() int            { return len(r.events) }

func (r *shelvedRun) Events(from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		for i := from; i < to; i++ {
			if !yield(i, r.events[i]) {
				return
			}
		}
	}
}

func (r *shelvedRun) Bytes() int {
	n := 0
	for i := range r.events {
		n += 32 + len(r.events[i].Data)
	}
	return n
}

func (r *shelvedRun) Form(slot int, build func() any) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[slot] == nil {
		r.forms[slot] = build()
	}
	return r.forms[slot]
}

// reader is the part of a Server that readers meet.
func (sh *shelf) reader(t testing.TB, opts Options) (*Server, http.Handler) {
	t.Helper()
	s, err := New(Parts{Streams: sh, Catalog: sh, Cluster: sh, Health: sh, Metrics: sh}, opts)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/streams/{stream}/events", s.read)
	mux.HandleFunc("GET /v1/live", s.live)
	return s, mux
}

// listen serves on loopback until the test ends.
func listen(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprintf(`{"n":%d}`, i))
	}
	return out
}
