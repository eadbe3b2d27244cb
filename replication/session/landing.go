package session

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// announced is a log that the peer has named on a lane.
type announced struct {
	lane   int
	number uint64
	name   edged.LogName
	log    edged.LogID
	head   edged.Sequence // held on disk, as far as acks have to tell
	due    bool           // an ACK waits to be sent
	urgent bool           // a publisher waits for it
	moved  time.Duration  // when a block of it last went in without a hole
}

// incoming is what a session receives.
type incoming struct {
	lanes    [wire.Lanes]inLane
	live     map[edged.LogID]*announced // on the lanes 1 to 5: those are acked
	due      []*announced
	ackAt    time.Duration // when they are sent
	ackBytes int
	lastAck  time.Duration
	since    int64 // the newest stamp that the peer had given when it said HELLO
	compared bool  // it was equal at a tick after that
}

// inLane is one lane of them. An epoch ends with each promise.
type inLane struct {
	logs    map[uint64]*announced
	epoch   uint64
	flying  map[uint64]int // blocks by epoch that have not landed
	waiting []marker       // promises behind blocks that have not landed
	lost    bool           // a block of this epoch was not taken
	time    int64          // the last promise for which all before it has landed
}

func (in *incoming) init() {
	in.live = make(map[edged.LogID]*announced)
	for i := range in.lanes {
		in.lanes[i].logs = make(map[uint64]*announced)
		in.lanes[i].flying = make(map[uint64]int)
	}
}

func (t *Table) receiveLog(now Now, s *session, lane int, f wire.Log) {
	l := &s.in.lanes[lane]
	if f.Name.Stream == "" {
		if a := l.logs[f.Number]; a != nil && s.in.live[a.log] == a {
			delete(s.in.live, a.log)
		}
		delete(l.logs, f.Number)
		return
	}
	if len(l.logs) >= logsOfALane {
		t.close(s, "protocol", "too many logs on one lane")
		return
	}
	a := &announced{lane: lane, number: f.Number, name: f.Name, log: f.Name.ID()}
	l.logs[f.Number] = a
	if lane == wire.LaneFetch {
		if d := t.needs.byLog[a.log]; d != nil {
			d.name = a.name
		}
		return
	}
	s.in.live[a.log] = a
	if h, ok := t.store.HeadOf(a.log); ok && h.Head > 0 {
		t.ackLater(now, s, a, h.Head, 0)
	}
}

func (t *Table) receiveBlock(now Now, s *session, lane int, f wire.Block) {
	l := &s.in.lanes[lane]
	a := l.logs[f.Number]
	if a == nil {
		t.close(s, "protocol", "a block of a log that was not named")
		return
	}
	a.urgent = a.urgent || f.Flags&flagWaits != 0
	l.flying[l.epoch]++
	s.peer.progress = now.Wall
	t.offered(now, a, f.Bytes)
	t.do(Ingest{Link: s.link, Lane: lane, Number: f.Number, Epoch: l.epoch, Name: a.name, Bytes: f.Bytes})
}

// span reads the first sequence of a block and the chain value before it, at their frozen places.
func span(block []byte) (first edged.Sequence, prev edged.Chain) {
	const header = 100
	if len(block) < header {
		return 0, prev
	}
	return edged.Sequence(binary.LittleEndian.Uint64(block[24:])), edged.Chain(block[76:92])
}

// Landed tells what became of a block that an Ingest handed over.
func (t *Table) Landed(now Now, in Ingest, landing edged.Landing) []Work {
	s := t.links[in.Link]
	if s != nil && s.up {
		l := &s.in.lanes[in.Lane]
		if l.flying[in.Epoch]--; l.flying[in.Epoch] == 0 {
			delete(l.flying, in.Epoch)
		}
		switch landing.Outcome {
		case edged.Damaged, edged.Refused:
			l.lose(in.Epoch)
		}
		t.settleBlock(now, s, l.logs[in.Number], landing)
		t.takePromises(now, s)
		t.raiseFrontier()
	}
	t.schedule(now)
	return t.work()
}

func (t *Table) settleBlock(now Now, s *session, a *announced, landing edged.Landing) {
	switch landing.Outcome {
	case edged.Held, edged.Duplicate:
		if a != nil {
			a.moved = now.Mono
			if landing.Outcome == edged.Duplicate && a.lane != wire.LaneFetch {
				t.ackLater(now, s, a, landing.Head, 0)
			}
		}
	case edged.Sparse:
		t.openHole(a, landing)
		t.lack(now, s, landing.Log, landing.First-1, a)
	case edged.Crowded:
		t.openHole(a, landing)
		t.lack(now, s, landing.Log, landing.Last, a)
	case edged.Damaged:
		t.report(s.peer, "damaged", "a block that is not whole")
		t.needs.stall(now.Mono, landing.Log)
		if landing.Last > 0 {
			t.lack(now, s, landing.Log, landing.Last, a)
		}
	case edged.Refused:
		t.needs.stall(now.Mono, landing.Log)
	default: // Deleted, Forked, Sealed, Version
		t.refused[landing.Log] = now.Mono + refusedKept
		t.needs.drop(landing.Log)
		delete(t.holes, landing.Log)
		if a != nil {
			t.send(s, wire.Drop{Lane: a.lane, Number: a.number, Reason: landing.Outcome.String()})
		}
		if landing.Outcome == edged.Forked {
			t.report(s.peer, "fork", hex.EncodeToString(landing.Log[:]))
		}
	}
}

// openHole keeps promises of an origin from being taken until the log has come past the block.
func (t *Table) openHole(a *announced, landing edged.Landing) {
	if a != nil && landing.Head < landing.Last {
		t.holes[a.log] = hole{origin: a.name.Origin.ID, to: max(landing.Last, t.holes[a.log].to)}
	}
}

// lack notes a hole that a live block has shown: the peer that sent it holds what is missing.
func (t *Table) lack(now Now, s *session, log edged.LogID, to edged.Sequence, a *announced) {
	if a != nil {
		h, _ := t.store.HeadOf(log)
		t.need(now, s, wire.Row{Log: log, Start: 1, Head: to, Hidden: hidden(a.name)}, h.Head, 0)
	}
}

// acknowledge makes the acks due for a log that moved on disk.
func (t *Table) acknowledge(now Now, h *edged.Head) {
	if h.Head == h.Before {
		return
	}
	for _, s := range t.order {
		if a := s.in.live[h.Log]; a != nil && s.up {
			a.moved = now.Mono
			t.ackLater(now, s, a, h.Head, h.Bytes)
		}
	}
}

// ackLater sends the place of a log: at once when a publisher waits, when much has come or when
// nothing was acked for a while; else together with what comes soon.
func (t *Table) ackLater(now Now, s *session, a *announced, head edged.Sequence, bytes int) {
	a.head = max(a.head, head)
	if !a.due {
		a.due = true
		s.in.due = append(s.in.due, a)
	}
	s.in.ackBytes += bytes
	if len(s.in.due) == 1 {
		s.in.ackAt = max(now.Mono, s.in.lastAck+ackDelay)
	}
	if a.urgent || s.in.ackBytes >= ackBytes || s.in.ackAt <= now.Mono {
		t.flushAcks(now, s)
	}
}

// flushAcks sends all acks that are due, in frames of bounded size.
func (t *Table) flushAcks(now Now, s *session) {
	const most = wire.AckEntriesMax
	s.in.lastAck = now.Mono
	var f wire.Ack
	for _, a := range s.in.due {
		a.due, a.urgent = false, false
		f.Entries = append(f.Entries, wire.Acked{Lane: a.lane, Number: a.number, Durable: a.head})
		if len(f.Entries) == most {
			t.send(s, f)
			f = wire.Ack{}
		}
	}
	if len(f.Entries) > 0 {
		t.send(s, f)
	}
	clear(s.in.due)
	s.in.due, s.in.ackBytes = s.in.due[:0], 0
}
