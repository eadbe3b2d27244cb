package httpapi

import (
	"net"
	"time"

	"github.com/edgedhq/edged/httpapi/codec"
)

// pump writes all that waits, a turn at a time, and ends when nothing does.
func (so *socket) pump() {
	f := &so.server.feeds
	u := f.turn()
	for so.gather(u) {
		if err := so.write(u); err != nil {
			so.lose(u, err)
			break
		}
		so.wrote(u)
		u.clear()
	}
	f.release(u)
}

// gather takes up what waits: answers first, then each feed in turn, at the very end the close
// frame. Without anything it ends the pump and says so.
func (so *socket) gather(u *turn) bool {
	for {
		so.mu.Lock()
		if so.ended || so.byeSent {
			return so.rest()
		}
		so.takeOut(u)
		t := so.nextReady()
		if t == nil && so.bye != nil {
			u.add(so.bye)
			u.bye = true
		}
		if t == nil && len(u.pieces) == 0 {
			return so.rest()
		}
		so.mu.Unlock()
		if t == nil {
			return true
		}
		so.give(u, t)
		if u.full() {
			return true
		}
	}
}

// rest ends the pump. The caller holds mu, which it releases.
func (so *socket) rest() bool {
	so.pumping = false
	last := so.unread
	so.mu.Unlock()
	if last {
		so.release()
	}
	return false
}

func (so *socket) takeOut(u *turn) {
	if len(so.out) == 0 {
		return
	}
	u.add(so.out)
	so.out = nil
	if so.asking == pingWaits {
		u.asks = true
		so.heard.Store(false)
	}
	so.change()
}

// nextReady takes a tail out of the queue. Before a close frame nothing more is given.
func (so *socket) nextReady() *tail {
	for so.bye == nil && len(so.ready) > 0 {
		t := so.ready[0]
		n := copy(so.ready, so.ready[1:])
		so.ready[n] = nil
		so.ready = so.ready[:n]
		t.queued = false
		if !t.gone {
			return t
		}
	}
	return nil
}

// give adds what a tail has, and puts it back into the queue if there may be more.
func (so *socket) give(u *turn, t *tail) {
	so.mu.Lock()
	closing := t.closing
	so.mu.Unlock()
	if closing {
		so.unsubscribed(u, t)
		return
	}
	more, err := so.server.feeds.take(u, t)
	switch {
	case err != nil:
		so.server.unexpected(err)
		t.trouble(u, err)
		if t.sub == 0 {
			so.close(closeCodeOf(err), problemOf(err).Code)
			return
		}
		so.drop(t)
	case t.finished && t.sub == 0:
		so.close(closeBye, "limit")
	case t.finished:
		so.unsubscribed(u, t)
	case more:
		so.woken(t)
	}
}

// wrote marks what the turn has brought to the client.
func (so *socket) wrote(u *turn) {
	so.server.feeds.counts.wrote(so.kind, u)
	if !u.asks && !u.bye {
		return
	}
	so.mu.Lock()
	if u.asks {
		so.asking = pingSent
	}
	so.byeSent = u.bye
	so.change()
	so.mu.Unlock()
	if u.bye {
		_ = so.conn.SetReadDeadline(time.Now().Add(byeTime))
	}
}

// write sends the turn with as few system calls as it takes. A client that takes nothing for
// slowAfter is an error; one that takes little at a time is not.
func (so *socket) write(u *turn) error {
	const step = slowAfter / 5 // a write tells how much was taken, and not when
	u.rest = append(u.left[:0], u.pieces...)
	for stalled := time.Duration(0); ; stalled += step {
		if err := so.conn.SetWriteDeadline(time.Now().Add(step)); err != nil {
			return err
		}
		n, err := writeRest(so.conn, &u.rest)
		u.written += n
		if n > 0 {
			stalled = -step
		}
		if err == nil || !isTimeout(err) || stalled+step >= slowAfter {
			return err
		}
	}
}

func writeRest(conn net.Conn, rest *net.Buffers) (int, error) {
	if len(*rest) == 1 {
		n, err := conn.Write((*rest)[0])
		(*rest)[0] = (*rest)[0][n:]
		return n, err
	}
	n, err := rest.WriteTo(conn)
	return int(n), err
}

// lose gives a connection up. A client that was too slow is told so if it starts to read just
// now: what is left of the frame that it has part of, then the close frame. In any case it may
// come back with its last cursor.
func (so *socket) lose(u *turn, err error) {
	f := &so.server.feeds
	if isTimeout(err) {
		f.counts.slow.Add(1)
		last := append(u.halfFrame(), closeFrame(closeSlow, comeBack(f.retryMS()))...)
		so.setRoom(goodbyeRoom) // so that the system takes it, whether or not the client does
		_ = so.conn.SetWriteDeadline(time.Now().Add(byeTime))
		_, _ = so.conn.Write(last) // it is closed either way
	}
	so.cut()
	so.mu.Lock()
	so.rest()
}

// halfFrame is what is left of the frame that has been written in part.
func (u *turn) halfFrame() []byte {
	skip := u.written
	for _, p := range u.pieces {
		if skip >= len(p) {
			skip -= len(p)
			continue
		}
		for skip > 0 {
			n := codec.FrameLen(p)
			if skip < n {
				return append([]byte(nil), p[skip:n]...)
			}
			p, skip = p[n:], skip-n
		}
		return nil
	}
	return nil
}
