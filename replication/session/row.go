package session

import (
	"slices"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// row is what a session keeps about one log of ours that is not known to be equal at both ends.
type row struct {
	log     edged.LogID
	name    edged.LogName
	lane    int
	number  uint64 // on the lane; 0 until LOG was sent
	head    edged.Sequence
	taken   edged.Sequence // the peer was taken to hold all up to it when the row was made
	sent    edged.Sequence
	acked   edged.Sequence // by the peer's word, nothing taken
	pieces  []piece        // sent and not acked
	since   time.Duration
	queued  bool
	dropped bool           // the peer wants no more of it
	target  edged.Sequence // what the lane's next promise waits for; 0 for nothing
}

// piece is one write of blocks.
type piece struct {
	last  edged.Sequence
	bytes int
	at    time.Duration
}

// outgoing is what a session has to send of our own logs.
type outgoing struct {
	rows    []*row // in the order in which they were made
	byLog   map[edged.LogID]*row
	lanes   [wire.Lanes]outLane
	unacked int // bytes

	transfers []*transfer
	parts     []wire.Part // to be written
}

type outLane struct {
	ready     []*row          // with something to send
	named     map[uint64]*row // by number
	numbers   uint64
	promise   int64    // to be sent
	behind    bool     // blocks with stamps below the next promise were not pushed
	offered   int64    // was sent
	barrier   int      // rows that have not come to their target
	forgotten []uint64 // numbers to be taken back
	jobs      []*job
}

func (o *outgoing) init() {
	o.byLog = make(map[edged.LogID]*row)
	for i := range o.lanes {
		o.lanes[i].named = make(map[uint64]*row)
	}
}

// lag is how many events the rows have that the peer has not acked.
func (o *outgoing) lag() (events uint64) {
	for _, r := range o.rows {
		if !r.dropped {
			events += uint64(r.head - max(r.acked, r.taken))
		}
	}
	return events
}

// push gives a log of ours that grew to every peer.
func (t *Table) push(now Now, h *edged.Head) {
	t.appended += uint64(h.Head - h.Before)
	for _, p := range t.names {
		if p.session == nil && p.lagSince == 0 {
			p.lagSince = now.Mono
		}
	}
	for _, s := range t.order {
		if s.up && !s.lagging && travels(h.Name, s.hello.Region) {
			t.pushTo(now, s, h)
		}
	}
}

// travels says whether a log goes to a region: all of them go everywhere.
func travels(edged.LogName, string) bool { return true }

func (t *Table) pushTo(now Now, s *session, h *edged.Head) {
	r := s.out.byLog[h.Log]
	if r == nil {
		// The peer is taken to hold all before; where it does not it sees a hole, and fetches.
		if r = t.addRow(now, s, h, h.Before); r == nil {
			return
		}
	}
	if max(r.acked, r.taken) == r.head {
		r.since = now.Mono
	}
	r.head = max(r.head, h.Head)
	t.ready(s, r)
}

// hidden says whether a log is one of ours, which goes before those of users.
func hidden(name edged.LogName) bool { return strings.HasPrefix(name.Stream, "$") }

// stateful says whether nodes keep a state that a log is folded into, or the log's newest records
// hold all that those retired from it said.
func stateful(name edged.LogName) bool {
	return strings.HasPrefix(name.Stream, edged.CollectionStream("")) || strings.HasPrefix(name.Stream, edged.PartialsStream(""))
}

// addRow makes a row for a log that the peer is taken to hold up to sent. Of too many of them those
// that are equal go; where that is not enough all are dropped together, and the peer compares.
func (t *Table) addRow(now Now, s *session, h *edged.Head, sent edged.Sequence) *row {
	if len(s.out.rows) >= t.self.RowsMax {
		if t.dropQuietRows(now, s, 0); len(s.out.rows) > t.self.RowsMax/4*3 {
			t.dropRows(s)
			return nil
		}
	}
	r := &row{
		log: h.Log, name: h.Name, head: h.Head, taken: sent, sent: sent, since: now.Mono,
		lane: wire.LaneOf(h.Log, hidden(h.Name)),
	}
	s.out.byLog[r.log] = r
	s.out.rows = append(s.out.rows, r)
	return r
}

func (t *Table) dropRows(s *session) {
	t.keepFloor(s)
	for _, r := range s.out.rows {
		if r.number != 0 {
			t.forget(s, r)
		}
	}
	s.lagging = true
	before := s.out.lanes
	s.out = outgoing{}
	s.out.init()
	for i := range s.out.lanes {
		l := &s.out.lanes[i]
		l.forgotten = before[i].forgotten
		l.numbers, l.promise, l.offered, l.jobs = before[i].numbers, before[i].promise, before[i].offered, before[i].jobs
		l.behind = true
	}
	t.report(s.peer, "lagging", "too many logs have news for it; it compares")
}

// catchUp pushes again to a peer that was found equal. What was appended in between it finds itself:
// each lane's next promise still says so.
func (s *session) catchUp() {
	if !s.lagging {
		return
	}
	s.lagging = false
	for i := range s.out.lanes {
		s.out.lanes[i].behind = true
	}
}

// keepFloor remembers how far a peer held our logs, when its rows go.
func (t *Table) keepFloor(s *session) {
	for _, r := range s.out.rows {
		t.floor[r.log] = max(t.floor[r.log], r.acked)
	}
}

// ready queues a row that has something to send.
func (t *Table) ready(s *session, r *row) {
	if r.queued || r.dropped || (r.number != 0 && r.sent >= r.head) {
		return
	}
	r.queued = true
	lane := &s.out.lanes[r.lane]
	lane.ready = append(lane.ready, r)
	if s.out.unacked < unackedMax || r.lane == wire.LaneHidden {
		t.do(Wake{Link: s.link, Lane: r.lane})
	}
}

// Writable asks what a lane's writer does next; ok is false when it has to wait for a Wake. Nothing
// goes out before the peer's first TICK: that it has our HELLO, which another lane may overtake.
func (t *Table) Writable(now Now, link LinkID, lane int) (o Output, ok bool) {
	s := t.links[link]
	if s == nil || !s.up || s.ending || s.ticks == 0 {
		return Output{}, false
	}
	switch lane {
	case wire.LaneFetch:
		return t.nextAnswer(s)
	case wire.LaneSnapshot:
		return s.nextPart()
	}
	l := &s.out.lanes[lane]
	if n := len(l.forgotten); n > 0 {
		number := l.forgotten[n-1]
		l.forgotten = l.forgotten[:n-1]
		return Output{Frame: wire.Log{Number: number}}, true
	}
	if l.promise > l.offered && l.barrier == 0 {
		f := wire.Promise{Time: l.promise, Behind: l.behind}
		l.offered, l.behind = l.promise, s.lagging
		return Output{Frame: f}, true
	}
	if r := l.next(); r != nil && (s.out.unacked < unackedMax || lane == wire.LaneHidden) {
		if r.number == 0 {
			l.numbers++
			r.number = l.numbers
			l.named[r.number] = r
			return Output{Frame: wire.Log{Number: r.number, Name: r.name, Region: t.self.Region}}, true
		}
		o := Output{Log: r.log, Number: r.number, From: r.sent + 1, To: r.head, Budget: writeBytes}
		if t.waits.recent(now.Mono) {
			o.Flags = flagWaits
		}
		return o, true
	}
	return Output{}, false
}

// flagWaits is the flag of a BLOCK for which a publisher waits.
const flagWaits = 1

// next is the first row with something to send.
func (l *outLane) next() *row {
	for len(l.ready) > 0 {
		r := l.ready[0]
		if !r.dropped && (r.number == 0 || r.sent < r.head) {
			return r
		}
		r.queued = false
		l.reach(r)
		l.ready = slices.Delete(l.ready, 0, 1)
	}
	return nil
}

// reach notes that a row has come to where the lane's promise waits for it, or never will.
func (l *outLane) reach(r *row) {
	if r.target != 0 && (r.dropped || r.sent >= r.target) {
		r.target = 0
		l.barrier--
	}
}

// Sent tells what was written of an Output with blocks: up to and including last, bytes long.
// Nothing was there to write when last is 0.
func (t *Table) Sent(now Now, link LinkID, lane int, o Output, last edged.Sequence, bytes int) []Work {
	s := t.links[link]
	if s == nil || !s.up {
		return nil
	}
	if lane == wire.LaneFetch {
		t.answered(s, last, bytes)
		return t.work()
	}
	r := s.out.byLog[o.Log]
	if r == nil || r.number != o.Number {
		return nil
	}
	if last == 0 { // retired or deleted since
		last = o.To
	}
	r.sent = max(r.sent, last)
	if bytes > 0 && r.acked < last {
		r.pieces = append(r.pieces, piece{last: last, bytes: bytes, at: now.Mono})
		s.out.unacked += bytes
	}
	l := &s.out.lanes[r.lane]
	l.reach(r)
	// Its turn is over: the next one that waits goes first.
	if n := len(l.ready); n > 0 && l.ready[0] == r {
		copy(l.ready, l.ready[1:])
		l.ready = l.ready[:n-1]
		r.queued = false
		t.ready(s, r)
	}
	return t.work()
}

// dropQuietRows lets go of rows that have been equal for a while, and of those that the peer does
// not want.
func (t *Table) dropQuietRows(now Now, s *session, kept time.Duration) {
	s.out.rows = slices.DeleteFunc(s.out.rows, func(r *row) bool {
		quiet := r.dropped || r.number != 0 && r.acked >= r.head && now.Mono-r.since >= kept
		if !quiet || r.queued {
			return false
		}
		t.floor[r.log] = max(t.floor[r.log], r.acked)
		delete(s.out.byLog, r.log)
		delete(s.out.lanes[r.lane].named, r.number)
		if r.number != 0 {
			t.forget(s, r)
		}
		return true
	})
}

// forget tells the peer that a number will not come again.
func (t *Table) forget(s *session, r *row) {
	l := &s.out.lanes[r.lane]
	l.forgotten = append(l.forgotten, r.number)
	t.do(Wake{Link: s.link, Lane: r.lane})
}
