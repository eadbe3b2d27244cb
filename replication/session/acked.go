package session

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// receiveAck takes the places up to which the peer holds our logs.
func (t *Table) receiveAck(now Now, s *session, f wire.Ack) {
	s.peer.progress = now.Wall
	blocked := s.out.unacked >= unackedMax
	for _, e := range f.Entries {
		if r := s.out.find(e.Lane, e.Number); r != nil && e.Durable > r.acked {
			t.acked(now, s, r, min(e.Durable, r.head))
			t.checkWaits(r.log)
		}
	}
	if blocked && s.out.unacked < unackedMax {
		for lane := range s.out.lanes {
			if len(s.out.lanes[lane].ready) > 0 {
				t.do(Wake{Link: s.link, Lane: lane})
			}
		}
	}
}

// find gives the row of a number on a lane.
func (o *outgoing) find(lane int, number uint64) *row {
	if lane < 0 || lane >= len(o.lanes) {
		return nil
	}
	return o.lanes[lane].named[number]
}

func (t *Table) acked(now Now, s *session, r *row, to edged.Sequence) {
	r.acked = max(r.acked, to)
	if r.sent < r.acked {
		r.sent = r.acked
		s.out.lanes[r.lane].reach(r)
	}
	r.since = now.Mono
	for len(r.pieces) > 0 && r.pieces[0].last <= r.acked {
		s.out.unacked -= r.pieces[0].bytes
		r.pieces = r.pieces[1:]
	}
	if len(r.pieces) > 0 {
		r.since = r.pieces[0].at
	}
}

// receiveDrop stops a log that the peer does not take.
func (t *Table) receiveDrop(s *session, f wire.Drop) {
	if r := s.out.find(f.Lane, f.Number); r != nil {
		r.dropped = true
		s.out.lanes[r.lane].reach(r)
		for _, p := range r.pieces {
			s.out.unacked -= p.bytes
		}
		r.pieces = nil
		t.report(s.peer, "dropped", f.Reason+": "+r.name.Stream)
		if f.Reason == edged.Sealed.String() && r.name.Origin.ID == t.origin.ID {
			t.mint(ended, false)
		}
	}
}
