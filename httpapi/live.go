package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// Limits of a live socket.
const (
	subscriptionsMax = 1000
	publishesMax     = 64 // that are not answered; then no more is read
)

// live answers GET /v1/live: one WebSocket for many subscriptions, and for publishes.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	if !wantsSocket(r) {
		w.Header().Set("Upgrade", "websocket")
		s.fail(w, r, edged.RefuseField(edged.BadRequest, "header.Upgrade", nil, "want websocket; here is nothing else"))
		return
	}
	h, err := s.checkUpgrade(r)
	if err == nil {
		_, err = s.feeds.join(readerLive)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	so := &socket{server: s, kind: readerLive, packed: h.packed()}
	so.open(w, r, h)
}

// handle answers a request that is not a publish.
func (so *socket) handle(q *request) {
	err := q.err
	if err == nil {
		err = so.perform(q)
	}
	if err != nil {
		so.problem(q.id, err)
	}
}

func (so *socket) perform(q *request) error {
	if so.kind != readerLive && q.op != "ping" && q.op != "pong" {
		return edged.RefuseField(edged.Invalid, "frame.op", cut(q.op, 40), "this socket has one feed and takes ping; /v1/live takes more")
	}
	switch q.op {
	case "subscribe", "watch":
		return so.subscribe(q)
	case "unsubscribe":
		return so.unsubscribe(q)
	case "credit":
		return so.addCredit(q)
	case "ping":
		o := so.answer("pong", q.id)
		so.send(&o)
		return nil
	case "pong":
		return nil
	}
	ops := []string{"credit", "ping", "pong", "publish", "subscribe", "unsubscribe", "watch"}
	return edged.RefuseField(edged.Invalid, "frame.op", cut(q.op, 40), "there is no such op; %s", suggest(q.op, ops))
}

// wanted reads what a subscription or a watch asks for.
func (so *socket) wanted(q *request) (reading, error) {
	s := so.server
	p := params{values: q.values(), where: "frame", now: s.opts.Now()}
	switch {
	case q.op == "subscribe":
		if err := edged.CheckName("frame.stream", q.stream); err != nil {
			return reading{}, err
		}
		return s.reading(q.stream, p, true)
	case q.function != "":
		return so.wantedRows(q, p)
	case s.parts.Collections == nil:
		return reading{}, edged.Refuse(edged.NotFound, "%s to watch; subscribe to a stream", noCollections)
	}
	if err := edged.CheckName("frame.collection", q.collection); err != nil {
		return reading{}, err
	}
	return s.watching(q.collection, p, true)
}

// wantedRows reads what a watch of a function's rows asks for.
func (so *socket) wantedRows(q *request, p params) (reading, error) {
	s := so.server
	if s.parts.Functions == nil {
		return reading{}, edged.Refuse(edged.NotFound, "%s to watch; subscribe to a stream", noFunctions)
	}
	if q.collection != "" {
		return reading{}, edged.RefuseField(edged.Invalid, "frame.function", nil, "want a function or a collection, not both")
	}
	if err := edged.CheckName("frame.function", q.function); err != nil {
		return reading{}, err
	}
	return s.followingRows(q.function, p, true)
}

// subscribe opens a feed and puts it among the socket's.
func (so *socket) subscribe(q *request) error {
	if so.server.draining.Load() {
		return edged.Refuse(edged.Draining, "this node is going away; subscribe at another, or here after its restart")
	}
	reading, err := so.wanted(q)
	if err != nil {
		return err
	}
	form := codec.LiveText
	if so.packed {
		form = codec.LiveBinary
	}
	t := newTail(&reading, form)
	t.paced = q.paced
	t.credit.Store(int64(q.credit))
	so.mu.Lock()
	t.sub = so.freeNumber()
	so.mu.Unlock()
	if t.sub > subscriptionsMax {
		return edged.Refuse(edged.Invalid, "a socket has at most %d subscriptions; unsubscribe from some, or open another", subscriptionsMax)
	}
	if t.feed, err = so.server.open(&reading, func() { so.woken(t) }); err != nil {
		return err
	}
	so.server.feeds.counts.resumed(t.feed)
	o := so.answer("subscribed", q.id)
	o.Uint("sub", uint64(t.sub))
	o.Text("cursor", t.feed.Cursor().String())
	o.Text("resume", t.feed.Resume())
	so.send(&o)
	so.adopt(t)
	so.woken(t)
	return nil
}

// values are the parameters that a subscription has in common with a read.
func (q *request) values() url.Values {
	if q.params == nil {
		return url.Values{}
	}
	return q.params
}

// freeNumber is the lowest number that no subscription has. Only the reader gives numbers, so it
// stays free until adopt. The caller holds mu.
func (so *socket) freeNumber() int {
	for i, t := range so.tails {
		if t == nil {
			return i + 1
		}
	}
	return len(so.tails) + 1
}

func (so *socket) adopt(t *tail) {
	so.mu.Lock()
	defer so.mu.Unlock()
	if t.sub > len(so.tails) {
		so.tails = append(so.tails, nil)
	}
	so.tails[t.sub-1] = t
}

// subscription finds an open one by its number. The caller holds mu.
func (so *socket) subscription(sub uint64) (*tail, error) {
	if sub >= 1 && sub <= uint64(len(so.tails)) {
		if t := so.tails[sub-1]; t != nil && !t.closing {
			return t, nil
		}
	}
	return nil, edged.RefuseField(edged.Invalid, "frame.sub", int64(sub), "there is no such subscription on this socket")
}

// unsubscribe has the pump close a feed, since only the pump uses it.
func (so *socket) unsubscribe(q *request) error {
	so.mu.Lock()
	t, err := so.subscription(q.sub)
	if err == nil {
		t.closing, t.id = true, slices.Clone(q.id)
	}
	so.mu.Unlock()
	if err == nil {
		so.woken(t)
	}
	return err
}

func (so *socket) addCredit(q *request) error {
	so.mu.Lock()
	t, err := so.subscription(q.sub)
	so.mu.Unlock()
	if err != nil {
		return err
	}
	if !t.paced {
		return edged.RefuseField(edged.Invalid, "frame.sub", int64(q.sub), "this subscription has no bound; subscribe with credit to set one")
	}
	t.credit.Store(min(t.credit.Load()+int64(q.add), unlimited))
	so.woken(t)
	return nil
}

// unsubscribed ends a subscription and says so.
func (so *socket) unsubscribed(u *turn, t *tail) {
	so.drop(t)
	o := so.answer("unsubscribed", t.id)
	o.Uint("sub", uint64(t.sub))
	u.add(codec.AppendFrame(nil, so.packed, o.Close()))
}

// drop closes a subscription's feed. Only the pump calls it.
func (so *socket) drop(t *tail) {
	so.mu.Lock()
	so.tails[t.sub-1] = nil
	t.gone = true
	so.mu.Unlock()
	t.feed.Close()
}

// publish starts a publish, which is answered when it is done: several may be under way, and
// when there are too many or they are too large, no more is read until some are answered.
func (so *socket) publish(m *message, q *request) error {
	f := &so.server.feeds
	if q.err != nil {
		so.unpublished(q, q.err)
		f.discard(m)
		return nil
	}
	sizeMax := int(so.server.opts.Limits.BatchBytesMax)
	free := func() bool {
		return so.busy == 0 || so.busy < publishesMax && so.busySize+len(m.b) <= sizeMax
	}
	if !so.await(free) {
		f.discard(m)
		return nil
	}
	so.mu.Lock()
	so.busy++
	so.busySize += len(m.b)
	so.mu.Unlock()
	go so.carryOut(m, *q)
	return nil
}

// carryOut publishes and answers. The socket may end meanwhile: what was handed over is stored
// all the same, within its own time limit.
func (so *socket) carryOut(m *message, q request) {
	so.answerPublish(&q)
	so.mu.Lock()
	so.busy--
	so.busySize -= len(m.b)
	idle, leaving := so.busy == 0, so.leaving
	so.change()
	so.mu.Unlock()
	so.server.feeds.discard(m)
	if idle && leaving != "" {
		so.close(closeGoing, leaving)
	}
}

func (so *socket) answerPublish(q *request) {
	for name := range q.params {
		words := []string{"ack", "events", "id", "idempotency_key", "op", "stream", "timeout"}
		so.unpublished(q, edged.RefuseField(edged.Invalid, "frame."+cut(name, 100), nil,
			"there is no such member; %s", suggest(name, words)))
		return
	}
	rec, err := so.server.publishFrame(context.Background(), q.stream, q.events, so.packed, q.ack, q.timeout, q.key)
	if err != nil {
		so.unpublished(q, err)
		return
	}
	o := so.answer("published", q.id)
	if so.packed {
		o.Members(appendReceiptMsgpack(nil, &rec))
	} else {
		o.Members(1, appendReceiptJSON(nil, &rec))
	}
	so.send(&o)
}

// unpublished answers a publish that has failed; the problem says what is stored.
func (so *socket) unpublished(q *request, err error) {
	p := problemOf(err)
	so.refuse(q.id, &p, err)
}
