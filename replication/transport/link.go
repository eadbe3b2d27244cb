package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// CloseError is a link that one side has closed with intent.
type CloseError struct {
	Code   uint64
	Reason string
	Remote bool // the peer closed it
}

func (e *CloseError) Error() string {
	side := "here"
	if e.Remote {
		side = "by the peer"
	}
	return fmt.Sprintf("transport: link closed %s: %s (code %d)", side, e.Reason, e.Code)
}

// Link is a pair's way to one another: lanes over one connection or several, which are up or down
// together. Its methods may be called from any goroutine.
type Link struct {
	node   string
	dialed bool
	conns  []*quic.Conn // the first carries lane 0
	in     [lanes]io.Reader
	out    [lanes]io.Writer

	once sync.Once
	done chan struct{}
	err  error // set before done is closed
}

func (t *Transport) newLink(a *assembly) *Link {
	l := &Link{node: a.key.node, dialed: a.dialed, conns: a.conns, done: make(chan struct{})}
	for lane := range lanes {
		n := strandsOf(lane, len(a.conns))
		if n == 1 {
			l.in[lane], l.out[lane] = a.in[lane][0], a.out[lane][0]
			continue
		}
		l.in[lane] = t.join(l, a.in[lane][:n])
		l.out[lane] = t.split(l, lane, a.out[lane][:n])
	}
	return l
}

// Node is the peer's node id, proven by its certificate.
func (l *Link) Node() string { return l.node }

// Dialed says whether this side dialled.
func (l *Link) Dialed() bool { return l.dialed }

// RemoteAddr is where the peer's mesh port is reached.
func (l *Link) RemoteAddr() net.Addr { return l.conns[0].RemoteAddr() }

// Read is what the peer writes to a lane; one goroutine at a time. It fails when the link ends.
func (l *Link) Read(lane int) io.Reader { return l.in[lane] }

// Write is this side of a lane; one goroutine at a time. A write waits until all but a little has
// been sent, and needs no flush. It fails when the link ends.
func (l *Link) Write(lane int) io.Writer { return l.out[lane] }

// RTT is the smoothed round trip of the connection that carries lane 0.
func (l *Link) RTT() time.Duration { return l.conns[0].ConnectionStats().SmoothedRTT }

// Stats are the bytes received and sent so far, repeats and QUIC's own included.
func (l *Link) Stats() (bytesIn, bytesOut uint64) {
	for _, conn := range l.conns {
		s := conn.ConnectionStats()
		bytesIn += s.BytesReceived
		bytesOut += s.BytesSent
	}
	return bytesIn, bytesOut
}

// Close ends the link at once: what is written but not sent yet is lost. The peer sees code, below
// 1<<32, and reason in Err.
func (l *Link) Close(code uint64, reason string) error {
	l.end(&CloseError{Code: code, Reason: reason})
	return nil
}

// Done is closed when the link has ended.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err is nil while the link is up, then why it ended; a *CloseError when a side closed it.
func (l *Link) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

// end closes all connections; the first cause counts.
func (l *Link) end(cause error) {
	l.once.Do(func() {
		code, reason := codeTorn, "another connection of the link ended"
		var closed *CloseError
		if errors.As(cause, &closed) {
			code, reason = quic.ApplicationErrorCode(closed.Code), closed.Reason
		}
		l.err = causeOf(cause)
		for _, conn := range l.conns {
			_ = conn.CloseWithError(code, reason)
		}
		close(l.done)
	})
}

// causeOf puts QUIC's reasons into words of this package.
func causeOf(err error) error {
	var app *quic.ApplicationError
	var tls *quic.TransportError
	var closed *CloseError
	switch {
	case errors.As(err, &closed):
		return closed
	case errors.As(err, &app):
		return &CloseError{Code: uint64(app.ErrorCode), Reason: app.ErrorMessage, Remote: app.Remote}
	case errors.As(err, &tls) && tls.ErrorCode.IsCryptoError():
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("transport: link: %w", err)
}
