package session

import (
	"slices"
	"time"

	"github.com/edgedhq/edged/replication/wire"
)

// Bounds of what is provided to one peer.
const (
	transfersMax = 16
	transferKept = 30 * time.Second // without a SNAPSHOT
	partBytesMax = 4 * partBytes    // that a peer may ask for
)

// transfer is a state that a peer takes over from here. At most one part of it is on its way, and
// the next is read when it is asked for.
type transfer struct {
	state State
	theirs,
	ours uint64 // pins
	busy bool          // a part is read, or waits to be written
	at   time.Duration // when it was last asked for
}

// receiveSnapshot has the part read that a peer asks for.
func (t *Table) receiveSnapshot(now Now, s *session, f wire.Snapshot) {
	if len(s.out.parts) >= 2*transfersMax {
		t.close(s, "protocol", "too many states asked for at a time")
		return
	}
	state := State{Stream: f.Stream, Generation: f.Generation, Partition: f.Partition}
	at := slices.IndexFunc(s.out.transfers, func(x *transfer) bool { return x.theirs == f.Pin })
	var x *transfer
	switch {
	case at >= 0:
		x = s.out.transfers[at]
		if x.busy || x.state != state || len(f.After) == 0 {
			t.close(s, "protocol", "a part asked for out of turn")
			return
		}
	case len(f.After) > 0:
		t.refusePart(s, f, "this state is not kept any more")
		return
	default:
		if x = t.newTransfer(now, s, state, f.Pin); x == nil {
			t.refusePart(s, f, "too many states are taken over at a time")
			return
		}
	}
	x.busy, x.at = true, now.Mono
	t.do(Provide{Link: s.link, State: state, Pin: x.ours, After: f.After, BytesMax: min(max(f.BytesMax, 1), partBytesMax)})
}

// newTransfer makes room by dropping those that were given up: of the same state, and those not
// asked for any more.
func (t *Table) newTransfer(now Now, s *session, state State, pin uint64) *transfer {
	s.out.transfers = slices.DeleteFunc(s.out.transfers, func(x *transfer) bool {
		return x.state == state || !x.busy && now.Mono-x.at >= transferKept
	})
	if len(s.out.transfers) >= transfersMax {
		return nil
	}
	t.pins++
	x := &transfer{state: state, theirs: pin, ours: t.pins}
	s.out.transfers = append(s.out.transfers, x)
	return x
}

func (t *Table) refusePart(s *session, f wire.Snapshot, why string) {
	t.queuePart(s, wire.Part{Pin: f.Pin, Stream: f.Stream, Generation: f.Generation, Partition: f.Partition, Refused: why})
}

// Provided tells of the part that a Provide asked for: no next with the last, or why there is
// none.
func (t *Table) Provided(_ Now, p Provide, part, next []byte, why string) []Work {
	s := t.links[p.Link]
	if s == nil || !s.up {
		return nil
	}
	at := slices.IndexFunc(s.out.transfers, func(x *transfer) bool { return x.ours == p.Pin })
	if at < 0 {
		return nil
	}
	f := wire.Part{
		Pin: s.out.transfers[at].theirs, Stream: p.Stream, Generation: p.Generation, Partition: p.Partition,
		Bytes: part, Next: next, Last: next == nil, Refused: why,
	}
	if len(part)+len(next)+len(p.Stream) > wire.PartBytesMax {
		f.Refused = "a part that is too long to be sent"
	}
	if f.Refused != "" {
		f.Bytes, f.Next, f.Last = nil, nil, false
	}
	if f.Last || f.Refused != "" {
		s.out.transfers = slices.Delete(s.out.transfers, at, at+1)
	}
	t.queuePart(s, f)
	return t.work()
}

func (t *Table) queuePart(s *session, f wire.Part) {
	s.out.parts = append(s.out.parts, f)
	t.do(Wake{Link: s.link, Lane: wire.LaneSnapshot})
}

// nextPart is what the lane of snapshots writes next.
func (s *session) nextPart() (Output, bool) {
	if len(s.out.parts) == 0 {
		return Output{}, false
	}
	f := s.out.parts[0]
	s.out.parts = slices.Delete(s.out.parts, 0, 1)
	for _, x := range s.out.transfers {
		if x.theirs == f.Pin {
			x.busy = false
		}
	}
	return Output{Frame: f}, true
}
