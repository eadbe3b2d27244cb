package transport

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// strangersEvery is how often a line about refused peers may be logged.
const strangersEvery = 10 * time.Second

// handshake is an incoming connection until the peer has shown a member's certificate.
type handshake struct {
	once sync.Once
	t    *Transport
	addr net.Addr
}

type handshakeKey struct{}

// admit counts an incoming connection as half open.
func (t *Transport) admit(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	h := &handshake{t: t, addr: info.RemoteAddr}
	t.halfOpen.Add(1)
	context.AfterFunc(ctx, func() { h.failed(context.Cause(ctx)) })
	return context.WithValue(ctx, handshakeKey{}, h), nil
}

// passed ends the handshake of an accepted connection.
func passed(conn *quic.Conn) {
	if h, ok := conn.Context().Value(handshakeKey{}).(*handshake); ok {
		h.once.Do(func() { h.t.halfOpen.Add(-1) })
	}
}

func (h *handshake) failed(cause error) {
	h.once.Do(func() {
		h.t.halfOpen.Add(-1)
		if quiet, ok := h.t.strangers.allow(time.Now()); ok {
			h.t.opts.Log.Warn("stranger refused", "address", h.addr, "err", cause, "others", quiet)
		}
	})
}

// seldom lets one through in a while and counts the others.
type seldom struct {
	mu    sync.Mutex
	next  time.Time
	quiet int
}

// allow tells how many were held back since the last that was let through.
func (s *seldom) allow(now time.Time) (quiet int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.next) {
		s.quiet++
		return 0, false
	}
	quiet, s.quiet, s.next = s.quiet, 0, now.Add(strangersEvery)
	return quiet, true
}
