package link

import (
	"bytes"
	"net"
	"time"
)

// backlogMax is how long a packet may wait for a link with a rate; beyond it is dropped, as the
// buffer of a router would drop it.
const backlogMax = 500 * time.Millisecond

// Policy is what a link does to packets, each way. The zero value does nothing.
type Policy struct {
	Delay  time.Duration // one way
	Jitter time.Duration // the delay varies evenly by as much, up and down
	Loss   float64       // the part of the packets that is lost, 0 to 1
	Rate   int64         // bytes per second; 0: no bound
	Cut    bool          // nothing passes
}

// side is one direction of all links of a Conn: what waits, and until when rated links are busy.
type side struct {
	queue Queue
	busy  map[string]time.Time // by remote address
}

// admit puts a copy of a packet into the queue, or drops it.
func (s *side) admit(b []byte, addr net.Addr, p Policy, opts Options) {
	if p.Cut || s.queue.Len() >= opts.PacketsMax || p.Loss > 0 && opts.Random() < p.Loss {
		return
	}
	now := time.Now()
	leaves, ok := s.depart(len(b), addr, p.Rate, now)
	if !ok {
		return
	}
	delay := p.Delay
	if p.Jitter > 0 {
		delay += time.Duration((2*opts.Random() - 1) * float64(p.Jitter))
	}
	s.queue.Push(Packet{Bytes: bytes.Clone(b), Addr: addr, Due: leaves.Add(max(delay, 0))})
}

// depart is when the last byte of a packet has been put on a link of this rate.
func (s *side) depart(size int, addr net.Addr, rate int64, now time.Time) (leaves time.Time, ok bool) {
	if rate <= 0 {
		return now, true
	}
	at := addr.String()
	starts := s.busy[at]
	if starts.Before(now) {
		starts = now
	}
	if starts.Sub(now) > backlogMax {
		return time.Time{}, false
	}
	leaves = starts.Add(time.Duration(float64(size) / float64(rate) * float64(time.Second)))
	s.busy[at] = leaves
	return leaves, true
}
