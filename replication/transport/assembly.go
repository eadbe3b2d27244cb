package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quic-go/quic-go"
)

// lanes is how many ways a link has in each direction, for its life.
const lanes = 8

const laneMagic = 0xED

// laneHead is what each strand of a lane begins with: the magic byte, the lane's number, the number
// of the connection, how many there are, the link's id.
type laneHead [4 + 8]byte

func (h laneHead) lane() int        { return int(h[1]) }
func (h laneHead) strand() int      { return int(h[2]) }
func (h laneHead) connections() int { return int(h[3]) }
func (h laneHead) link() [8]byte    { return [8]byte(h[4:]) }

func (h laneHead) valid() bool {
	return h[0] == laneMagic && h.lane() < lanes && h.connections() > 0 && h.connections() <= strandsMax &&
		h.strand() < strandsOf(h.lane(), h.connections())
}

func newLaneHead(lane, strand, connections int, link [8]byte) (h laneHead) {
	h[0], h[1], h[2], h[3] = laneMagic, byte(lane), byte(strand), byte(connections)
	copy(h[4:], link[:])
	return h
}

type linkKey struct {
	node string
	link [8]byte
}

// assembly is a link that is not complete: lanes still have to come from the peer. The
// transport's lock guards it.
type assembly struct {
	key    linkKey
	dialed bool
	conns  []*quic.Conn // the dialling side chooses how many
	in     [lanes][strandsMax]*quic.ReceiveStream
	out    [lanes][strandsMax]*quic.SendStream
	opened bool          // out is there: at once on the side that dials, else when all of in is
	came   int           // how many of in are there
	link   *Link         // when complete
	err    error         // when it never will be
	done   chan struct{} // closed when either is there
}

// ready says whether the link can be made.
func (a *assembly) ready() bool {
	return len(a.conns) > 0 && a.came == 1+(lanes-1)*len(a.conns) && a.opened == a.dialed
}

func (a *assembly) over() bool { return a.link != nil || a.err != nil }

func (a *assembly) fail(err error) {
	if !a.over() {
		a.err = err
		close(a.done)
	}
}

// attend serves a connection; with a nil assembly the peer's lanes say to which link it belongs.
func (t *Transport) attend(conn *quic.Conn, a *assembly) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return ErrStopped
	}
	t.conns[conn] = a
	t.group.Go(func() { t.acceptLanes(conn) })
	t.group.Go(func() { t.acceptStreams(conn) })
	return nil
}

// acceptLanes takes the peer's lanes, until the connection ends.
func (t *Transport) acceptLanes(conn *quic.Conn) {
	for {
		stream, err := conn.AcceptUniStream(context.Background())
		if err != nil {
			t.leave(conn, err)
			return
		}
		if err := t.acceptLane(conn, stream); err != nil {
			_ = conn.CloseWithError(codeProtocol, err.Error())
		}
	}
}

func (t *Transport) acceptLane(conn *quic.Conn, stream *quic.ReceiveStream) error {
	node, err := t.authority.verify(conn.ConnectionState().TLS.PeerCertificates)
	if err != nil {
		return err
	}
	if err := stream.SetReadDeadline(time.Now().Add(handshakeTime)); err != nil {
		return err
	}
	var head laneHead
	if _, err := io.ReadFull(stream, head[:]); err != nil {
		return fmt.Errorf("transport: head of a lane: %w", err)
	}
	if !head.valid() {
		return fmt.Errorf("transport: no lane begins with %x", head[:4])
	}
	if err := stream.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	a, err := t.gather(conn, node, head, stream)
	if err != nil || a == nil {
		return err
	}
	return t.complete(a)
}

// gather adds a strand to its link. It gives the assembly when it is ready.
func (t *Transport) gather(conn *quic.Conn, node string, head laneHead, stream *quic.ReceiveStream) (*assembly, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := linkKey{node, head.link()}
	lane, strand := head.lane(), head.strand()
	a := t.conns[conn]
	if a == nil {
		if a = t.waiting[key]; a == nil {
			a = t.begin(key)
			a.conns = make([]*quic.Conn, head.connections())
		}
		t.conns[conn] = a
	}
	if a.dialed && a.key.node == "" {
		a.key.node = key.node
	}
	if a.key != key || a.over() || len(a.conns) != head.connections() || a.in[lane][strand] != nil ||
		a.conns[strand] != nil && a.conns[strand] != conn {
		return nil, fmt.Errorf("transport: strand %d of lane %d does not belong here", strand, lane)
	}
	a.in[lane][strand], a.conns[strand] = stream, conn
	a.came++
	if !a.ready() {
		return nil, nil
	}
	return a, nil
}

// begin waits for the lanes of a link that a peer dials. The lock is held.
func (t *Transport) begin(key linkKey) *assembly {
	a := &assembly{key: key, done: make(chan struct{})}
	t.waiting[key] = a
	t.group.Go(func() {
		late := time.NewTimer(handshakeTime)
		defer late.Stop()
		select {
		case <-a.done:
		case <-late.C:
			t.giveUp(a, errors.New("transport: the link was not complete in time"))
		}
	})
	return a
}

// giveUp ends a link that is not complete, with its connections.
func (t *Transport) giveUp(a *assembly, err error) {
	t.mu.Lock()
	var conns []*quic.Conn
	if a.link == nil {
		a.fail(err)
		delete(t.waiting, a.key)
		for conn, of := range t.conns {
			if of == a {
				conns = append(conns, conn)
			}
		}
	}
	t.mu.Unlock()
	for _, conn := range conns {
		_ = conn.CloseWithError(codeUnfinished, err.Error())
	}
}

// complete makes the link of an assembly that is ready.
func (t *Transport) complete(a *assembly) error {
	if !a.dialed {
		if err := t.openLanes(a); err != nil {
			return err
		}
	}
	l, err := t.link(a)
	if err != nil || a.dialed {
		return err
	}
	select {
	case t.links <- l:
	default:
		l.end(&CloseError{Code: uint64(codeBusy), Reason: "too many links wait"})
	}
	return nil
}

func (t *Transport) link(a *assembly) (*Link, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.over() { // the dialling side may come here twice
		return a.link, a.err
	}
	if t.stopped {
		return nil, ErrStopped
	}
	delete(t.waiting, a.key)
	a.link = t.newLink(a)
	t.byAddr[a.link.RemoteAddr().String()] = a.link
	close(a.done)
	return a.link, nil
}

// openLanes opens this side's lanes.
func (t *Transport) openLanes(a *assembly) (err error) {
	var out [lanes][strandsMax]*quic.SendStream
	t.mu.Lock()
	conns := a.conns
	t.mu.Unlock()
	for lane := range lanes {
		for i := range strandsOf(lane, len(conns)) {
			if out[lane][i], err = openStrand(conns[i], newLaneHead(lane, i, len(conns), a.key.link)); err != nil {
				return fmt.Errorf("transport: lane %d: %w", lane, err)
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a.out, a.opened = out, true
	return nil
}

func openStrand(conn *quic.Conn, head laneHead) (*quic.SendStream, error) {
	stream, err := conn.OpenUniStream()
	if err != nil {
		return nil, err
	}
	stream.SetPriority(urgency(head.lane()), true)
	_, err = stream.Write(head[:])
	return stream, err
}

// urgency puts control before all blocks.
func urgency(lane int) int8 {
	if lane == 0 {
		return 0
	}
	return 2
}

// leave forgets a connection that has ended, and ends its link.
func (t *Transport) leave(conn *quic.Conn, cause error) {
	t.mu.Lock()
	a := t.conns[conn]
	delete(t.conns, conn)
	var l *Link
	if a != nil {
		a.fail(cause)
		if t.waiting[a.key] == a {
			delete(t.waiting, a.key)
		}
		l = a.link
	}
	if l != nil && t.byAddr[l.RemoteAddr().String()] == l {
		delete(t.byAddr, l.RemoteAddr().String())
	}
	t.mu.Unlock()
	if l != nil {
		l.end(cause)
	}
}
