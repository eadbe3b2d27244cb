package gossip

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// wire joins ports in memory. A packet takes a while, or is lost; one to or from a port that is
// cut vanishes, and a stream to it is dialled in vain.
type wire struct {
	delay  time.Duration
	jitter time.Duration // give or take
	loss   int           // percent

	mutex sync.Mutex
	ports map[string]*port
	names map[string]string // host:port by name
	cut   map[string]bool
	first []byte // the first byte of each packet
	most  int    // bytes of the largest packet
	rand  *rand.Rand
}

func newWire() *wire {
	return &wire{
		delay: 20 * time.Millisecond,
		ports: map[string]*port{}, names: map[string]string{}, cut: map[string]bool{},
		rand: rand.New(rand.NewPCG(1, 2)),
	}
}

// port is a Carrier.
type port struct {
	wire    *wire
	addr    string
	packets chan packet
	streams chan net.Conn
}

type packet struct {
	b    []byte
	from string
}

var _ Carrier = (*port)(nil)

func (w *wire) open(addr string) *port {
	p := &port{w, addr, make(chan packet, 1024), make(chan net.Conn)}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.ports[addr] = p
	return p
}

func (w *wire) setCut(addr string, cut bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.cut[addr] = cut
}

func (w *wire) setName(name, addr string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.names[name] = addr
}

// find gives the port at an address, unless there is none or one end is cut.
func (w *wire) find(from, addr string) *port {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if to, ok := w.names[addr]; ok {
		addr = to
	}
	if w.cut[from] || w.cut[addr] {
		return nil
	}
	return w.ports[addr]
}

// firstBytes lists the first bytes that packets had.
func (w *wire) firstBytes() []byte {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	slices.Sort(w.first)
	return slices.Compact(w.first)
}

// largest is the number of bytes of the largest packet.
func (w *wire) largest() int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.most
}

// draw notes a packet and tells its fate.
func (w *wire) draw(b []byte) (delay time.Duration, lost bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.first = append(w.first, b[0])
	w.most = max(w.most, len(b))
	return w.delay - w.jitter + time.Duration(w.rand.Int64N(int64(2*w.jitter)+1)), w.rand.IntN(100) < w.loss
}

func (p *port) WritePacket(b []byte, addr string) error {
	delay, lost := p.wire.draw(b)
	if lost {
		return nil
	}
	sent := packet{slices.Clone(b), p.addr}
	time.AfterFunc(delay, func() {
		if to := p.wire.find(p.addr, addr); to != nil {
			select {
			case to.packets <- sent:
			default:
			}
		}
	})
	return nil
}

func (p *port) ReadPacket(ctx context.Context) ([]byte, net.Addr, time.Time, error) {
	select {
	case in := <-p.packets:
		return in.b, hostPort(in.from), time.Now(), nil
	case <-ctx.Done():
		return nil, nil, time.Time{}, ctx.Err()
	}
}

func (p *port) DialStream(ctx context.Context, addr string) (net.Conn, error) {
	to := p.wire.find(p.addr, addr)
	if to == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	select {
	case to.streams <- &conn{far, p.addr}:
		return &conn{near, to.addr}, nil
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), near.Close(), far.Close())
	}
}

func (p *port) AcceptStream(ctx context.Context) (net.Conn, error) {
	select {
	case c := <-p.streams:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// conn is one end of a pipe that knows who is at the other.
type conn struct {
	net.Conn
	remote string
}

func (c *conn) RemoteAddr() net.Addr { return hostPort(c.remote) }
