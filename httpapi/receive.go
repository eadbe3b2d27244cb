package httpapi

import (
	"fmt"
	"time"

	"github.com/gobwas/ws"

	"github.com/edgedhq/edged/httpapi/codec"
)

// controlsMax bounds the control frames of one second, and of one message.
const controlsMax = 1000

// receive reads what the client sends until its end: nil when it said good-bye or is gone, a
// violation when it must be told to go.
func (so *socket) receive() error {
	a := assembly{bytesMax: feedMessageMax}
	if so.kind == readerLive {
		a.bytesMax = int(so.server.opts.Limits.BatchBytesMax) + messageKept
	}
	defer func() { so.server.feeds.discard(a.m) }()
	flood := flood{}
	for {
		h, err := so.in.head()
		if err != nil {
			return err
		}
		so.heard.Store(true)
		if h.OpCode.IsControl() {
			if err := flood.count(); err != nil {
				return err
			}
			if done, err := so.control(h); done || err != nil {
				return err
			}
			continue
		}
		if err := a.begin(&so.server.feeds, h); err != nil {
			return err
		}
		if a.m.b, err = so.in.payload(a.m.b, h); err != nil {
			return err
		}
		if !h.Fin {
			continue
		}
		m, err := a.end()
		if err != nil {
			return err
		}
		if a.text == so.packed {
			so.server.feeds.discard(m)
			return violate(closeBadFrame, "edged.v1.json is spoken in text frames, edged.v1.msgpack in binary ones")
		}
		if err := so.request(m); err != nil {
			return err
		}
	}
}

// flood counts control frames, which nothing else holds back.
type flood struct {
	n     int
	since time.Time
}

func (f *flood) count() error {
	if f.n++; f.n%controlsMax != 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(f.since) < time.Second {
		return violate(closeBadFrame, fmt.Sprintf("want at most %d control frames a second", controlsMax))
	}
	f.since = now
	return nil
}

// control answers a control frame and says whether it was the last.
func (so *socket) control(h ws.Header) (done bool, err error) {
	p, err := so.in.control(h)
	if err != nil {
		return true, err
	}
	switch h.OpCode {
	case ws.OpPing:
		if !so.await(func() bool { return len(so.out) < outMax }) {
			return true, nil
		}
		so.pong(p)
	case ws.OpClose:
		code, err := closing(p)
		if err != nil {
			return true, err
		}
		so.close(code, "")
		so.await(func() bool { return so.byeSent })
		return true, nil
	}
	return false, nil
}

// outlive reads on after a violation, so that the client gets to see why it is closed: a
// connection that is closed with bytes unread takes back what was sent last. The pump sets the
// deadline.
func (so *socket) outlive() {
	const most = 1 << 20
	for left := most; left > 0; {
		n, err := so.in.read(so.in.buf[:])
		if err != nil {
			return
		}
		left -= n
	}
}

// request answers a message. On a socket with one feed only ping is a request.
func (so *socket) request(m *message) error {
	if !so.await(func() bool { return len(so.out) < outMax }) {
		so.server.feeds.discard(m)
		return nil
	}
	q, err := parseRequest(m.b, so.packed)
	if err != nil {
		so.problem(nil, err)
		so.server.feeds.discard(m)
		return violate(closeBadFrame, "the frame cannot be read")
	}
	if so.kind == readerLive && q.op == "publish" {
		return so.publish(m, &q) // which keeps m until it is answered
	}
	so.handle(&q)
	so.server.feeds.discard(m)
	return nil
}

// problem answers a request with an error.
func (so *socket) problem(id []byte, err error) {
	p := problemOf(err)
	p.Stored = ""
	so.refuse(id, &p, err)
}

func (so *socket) refuse(id []byte, p *problem, err error) {
	so.server.requests.refused(p.Code)
	so.server.unexpected(err)
	o := so.answer("error", id)
	o.Encoded("problem", p.encoded(so.packed))
	so.send(&o)
}

// answer starts an answer: its name, and the id of the request, if it had one.
func (so *socket) answer(op string, id []byte) codec.Object {
	o := codec.Open(nil, so.packed)
	o.Text("op", op)
	if len(id) > 0 {
		o.Encoded("id", id)
	}
	return o
}

func (so *socket) send(o *codec.Object) {
	so.reply(codec.AppendFrame(nil, so.packed, o.Close()))
}
