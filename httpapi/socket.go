package httpapi

import (
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// socket is one WebSocket. It has one goroutine that reads, whose stack and buffer are small
// while the client is silent; a second one, the pump, is there only while something waits to be
// written, and alone touches the feeds.
//
//	feed wakes, answer, ping ──▶ kick ──▶ pump: gather a turn, one write, again until empty
//	client ──▶ receive ──▶ request ──▶ answer (or publish, in a goroutine of its own)
type socket struct {
	server *Server
	conn   net.Conn
	kind   readerKind
	packed bool
	in     inlet

	heard atomic.Bool // the client has sent something since it was last asked

	mu       sync.Mutex
	pumping  bool   // a pump runs
	ended    bool   // the connection is closed, or about to be
	unread   bool   // the reader has left: the pump, if it runs, clears up
	out      []byte // frames that wait to be written before any event
	asking   pingState
	bye      []byte // the close frame; nothing is written after it
	byeSent  bool
	ready    []*tail       // that may have something, each at most once
	tails    []*tail       // live: by number, from 1; a single feed is alone
	busy     int           // live: publishes that are not answered
	busySize int           // live: bytes of them
	leaving  string        // live: reason to close with, once no publish is left
	changed  chan struct{} // closed when out, bye or busy change; nil when nobody waits

	next, prev *socket // these four belong to the wheel
	slot       int
	listed     bool
	asked      bool
}

// pingState is how far the last ping has come.
type pingState uint8

const (
	pingNone pingState = iota
	pingWaits
	pingSent
)

// outMax is what may wait in out before no more is read of the client.
const outMax = 64 << 10

// feedMessageMax bounds what a client may send on a socket with one feed.
const feedMessageMax = 4 << 10

// serveFeed makes the request a socket with one feed.
func (s *Server) serveFeed(w http.ResponseWriter, r *http.Request, q *reading) {
	h, err := s.checkUpgrade(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	form := codec.Text
	if h.packed() {
		form = codec.Binary
	}
	so := &socket{server: s, kind: readerWebSocket, packed: h.packed()}
	t := newTail(q, form)
	if _, err := s.feeds.join(so.kind); err != nil {
		s.fail(w, r, err)
		return
	}
	if t.feed, err = s.open(q, func() { so.woken(t) }); err != nil {
		s.feeds.leave(so.kind)
		s.fail(w, r, err)
		return
	}
	s.feeds.counts.resumed(t.feed)
	so.tails = []*tail{t}
	if so.open(w, r, h) {
		so.woken(t)
	}
}

// open takes the connection over and begins to read of it. When it cannot, all is undone.
func (so *socket) open(w http.ResponseWriter, r *http.Request, h handshake) bool {
	conn, ahead, err := upgrade(w, r, h)
	if err != nil {
		so.release()
		return false
	}
	so.conn, so.in.conn, so.in.ahead = conn, conn, ahead
	so.setRoom(sendRoom)
	late := so.server.feeds.enlist(so)
	go so.run()
	if late {
		so.drain(so.server.feeds.retryMS())
	}
	return true
}

// What the system may hold for a client that does not read: little, so that ten thousand of them
// cost a bounded amount, a ping is not stuck behind much, and what is written stays in the
// processor's cache until it is read. For the good-bye there is more.
const (
	sendRoom    = 128 << 10
	goodbyeRoom = 8 << 20
)

// setRoom is in vain where the connection has no such setting.
func (so *socket) setRoom(bytes int) {
	if c, ok := so.conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = c.SetWriteBuffer(bytes)
	}
}

// run reads until the socket's end; the last of reader and pump clears up.
func (so *socket) run() {
	err := so.receive()
	var v *violation
	if errors.As(err, &v) {
		so.server.feeds.counts.violations.Add(1)
		so.close(v.code, v.why)
		so.outlive()
	}
	so.cut()
	so.mu.Lock()
	so.unread = true
	last := !so.pumping
	so.mu.Unlock()
	if last {
		so.release()
	}
}

// cut closes the connection; what reads and writes ends by itself.
func (so *socket) cut() {
	so.mu.Lock()
	so.ended = true
	so.change()
	so.mu.Unlock()
	so.conn.Close()
}

// release gives back all that the socket held. Nobody uses it any more.
func (so *socket) release() {
	f := &so.server.feeds
	f.delist(so)
	for _, t := range so.tails {
		if t != nil {
			t.feed.Close()
		}
	}
	so.tails, so.ready = nil, nil
	f.leave(so.kind)
}

// change tells those who wait for it. The caller holds mu.
func (so *socket) change() {
	if so.changed != nil {
		close(so.changed)
		so.changed = nil
	}
}

// await blocks until the condition holds or the socket has ended, and says which.
func (so *socket) await(holds func() bool) bool {
	for {
		so.mu.Lock()
		if so.ended || holds() {
			ok := !so.ended
			so.mu.Unlock()
			return ok
		}
		if so.changed == nil {
			so.changed = make(chan struct{})
		}
		changed := so.changed
		so.mu.Unlock()
		<-changed
	}
}

// woken puts a tail in the queue of those that may have something.
func (so *socket) woken(t *tail) {
	so.mu.Lock()
	if !t.queued && !so.ended {
		t.queued = true
		so.ready = append(so.ready, t)
	}
	so.kick()
	so.mu.Unlock()
}

// reply queues a frame to be written before any event.
func (so *socket) reply(frame []byte) {
	so.mu.Lock()
	if !so.ended && so.bye == nil {
		so.out = append(so.out, frame...)
		so.kick()
	}
	so.mu.Unlock()
}

// pong queues the answer to a ping.
func (so *socket) pong(payload []byte) {
	so.mu.Lock()
	if !so.ended && so.bye == nil {
		so.out = append(append(so.out, 0x8a, byte(len(payload))), payload...)
		so.kick()
	}
	so.mu.Unlock()
}

// kick starts the pump unless it runs. The caller holds mu.
func (so *socket) kick() {
	if !so.pumping && !so.ended {
		so.pumping = true
		go so.pump()
	}
}

// close queues a close frame, and nothing after it.
func (so *socket) close(code int, reason string) {
	so.mu.Lock()
	if so.bye == nil && !so.ended {
		so.bye = closeFrame(code, reason)
		so.kick()
	}
	so.mu.Unlock()
}

// closeFrame is a close frame; code 0 has no body.
func closeFrame(code int, reason string) []byte {
	const reasonMax = 123
	if code == 0 {
		return []byte{0x88, 0}
	}
	reason = reason[:min(len(reason), reasonMax)]
	b := []byte{0x88, byte(2 + len(reason)), byte(code >> 8), byte(code)}
	return append(b, reason...)
}

// comeBack is the reason of a close after which the client should return.
func comeBack(retryMS int) string { return `{"retry_ms":` + strconv.Itoa(retryMS) + `}` }

// drain says that the node goes away, and closes once what is being published is answered.
func (so *socket) drain(retryMS int) {
	o := codec.Open(nil, so.packed)
	o.Text("op", "drain")
	o.Uint("retry_ms", uint64(retryMS))
	so.reply(codec.AppendFrame(nil, so.packed, o.Close()))
	so.mu.Lock()
	so.leaving = comeBack(retryMS)
	idle := so.busy == 0
	so.mu.Unlock()
	if idle {
		so.close(closeGoing, comeBack(retryMS))
	}
}

// ping asks the client whether it lives.
func (so *socket) ping() {
	so.mu.Lock()
	if so.bye == nil && so.asking == pingNone {
		so.out = append(so.out, 0x89, 0)
		so.asking = pingWaits
		so.kick()
	}
	so.mu.Unlock()
}

// answered closes the socket if a ping that has been written is not answered by anything. One
// that could not be written says nothing: a slow reader is found by what it does not take.
func (so *socket) answered() {
	so.mu.Lock()
	silent := so.asking == pingSent && !so.heard.Load()
	if so.asking == pingSent {
		so.asking = pingNone
	}
	so.mu.Unlock()
	if silent {
		f := &so.server.feeds
		f.counts.silent.Add(1)
		so.close(closeSilent, comeBack(f.retryMS()))
	}
}

// byeTime is how long a client may take to answer a close frame.
const byeTime = 2 * time.Second

// isTimeout says whether a deadline passed.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// closeCodeOf is the code that tells a client why its feed has ended.
func closeCodeOf(err error) int {
	switch {
	case errors.Is(err, edged.StreamNotFound), errors.Is(err, edged.CollectionNotFound):
		return closeDeleted
	case errors.Is(err, edged.Forbidden):
		return closeForbidden
	}
	return closeFault
}
