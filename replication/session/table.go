package session

import (
	"math"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// Bounds and times of the protocol.
const (
	helloWithin   = 5 * time.Second
	lateAfter     = 3 * time.Second
	tickEvery     = time.Second
	ackDelay      = 20 * time.Millisecond
	ackBytes      = 256 << 10
	unackedMax    = 8 << 20 // bytes on the way to one peer
	rowsMax       = 16384
	rowKept       = time.Minute // a row whose log is equal
	writeBytes    = 64 << 10    // of blocks in one go
	fetchesMax    = 32          // at a time from one peer
	fetchesLarge  = 4           // of them, of fetchBytes; the others are of writeBytes
	fetchBytes    = 1 << 20
	fetchStalled  = 5 * time.Second
	needsMax      = 65536
	giveUpAfter   = time.Minute
	exchangesMax  = 2
	exchangeEnds  = 10 * time.Second
	ticksBack     = 2 // a digest is of the slower clock's second less this
	ticksKept     = 8
	compareEvery  = time.Minute
	lostWithin    = 250 * time.Millisecond // what was sent into a silence is repeated by then, or fetched
	settleWithin  = 2 * time.Second        // differences of current heads younger than this are on their way
	askWithin     = 2 * time.Second
	cloneWatch    = 4 * time.Second
	refusedKept   = time.Minute
	logsOfALane   = 65536
	second        = int64(time.Second)
	bytesPerEvent = 100 // where a size is not known
)

// Store is what the Table looks up in the node's store. It answers from memory.
type Store interface {
	// HeadOf tells one log; ok is false when nothing is known of it.
	HeadOf(log edged.LogID) (head edged.Head, ok bool)
	// Sums gives the digest of each shard at a tick, 0 for now.
	Sums(tick int64) [edged.Shards]edged.Sum
	// Origins lists every origin of which something is held.
	Origins() []edged.OriginState
}

// Self is what a node says of itself.
type Self struct {
	Mesh, Node, Name, Region string
	HTTP, Address            string
	Nonce                    [8]byte
	Started                  int64         // Unix nanoseconds
	BlockVersion             int           // the highest that this release reads
	Clean                    bool          // the last run ended well: one peer's word about our logs is enough
	RowsMax                  int           // of one session; 0: 16,384
	AwayAfter                time.Duration // that a member was not heard of, it does not count in Everywhere; 0: a week
}

// Table is the replication of one node. It is used by one goroutine at a time.
type Table struct {
	self   Self
	store  Store
	origin edged.Origin

	links map[LinkID]*session
	order []*session // by LinkID
	peers map[string]*peer
	names []*peer // by node id

	needs   needs
	joins   joins
	pins    uint64                        // given
	refused map[edged.LogID]time.Duration // logs that the store would not take, and until when

	appended uint64                         // events of our origin that became durable in this run
	floor    map[edged.LogID]edged.Sequence // how far peers held our logs when their rows went
	holes    map[edged.LogID]hole
	equal    int64                 // the newest tick at which a peer held all that we do
	young    map[edged.LogID]int64 // logs of ours that were on the way to the disk then, or have moved since, with the wall time of their newest stamp
	waits    waits

	held      map[edged.OriginID]*heldOrigin
	origins   []*heldOrigin // in order of their ids
	frontier  int64
	exchanges int

	began  time.Duration
	gate   gate
	filled bool // what the mesh keeps hidden was held at the start, or has been fetched
	out    []Work
}

// New makes the Table of a node whose run begins now.
func New(now Now, self Self, origin edged.Origin, store Store) *Table {
	if self.RowsMax == 0 {
		self.RowsMax = rowsMax
	}
	t := &Table{
		self: self, store: store, origin: origin,
		links:    make(map[LinkID]*session),
		peers:    make(map[string]*peer),
		refused:  make(map[edged.LogID]time.Duration),
		floor:    make(map[edged.LogID]edged.Sequence),
		holes:    make(map[edged.LogID]hole),
		young:    make(map[edged.LogID]int64),
		held:     make(map[edged.OriginID]*heldOrigin),
		frontier: math.MinInt64,
		began:    now.Mono,
		gate:     gate{until: now.Mono + askWithin},
	}
	t.joins.byState = make(map[State]*join)
	t.needs.byLog = make(map[edged.LogID]*need)
	t.knowOrigin(origin)
	for _, o := range store.Origins() {
		t.knowOrigin(o.Origin)
		t.filled = true
	}
	return t
}

// Receive tells of a frame from a link. Lanes are told in their own order, but for the first frame
// of lane 0, HELLO, which is told before any other.
func (t *Table) Receive(now Now, link LinkID, lane int, f wire.Frame) []Work {
	s := t.links[link]
	if s == nil || s.ending {
		return nil
	}
	s.heard = now.Mono
	if s.watch != 0 {
		if _, ok := f.(wire.Tick); ok {
			t.heardTwin(s)
		}
		return t.work()
	}
	if s.late {
		s.late = false
		t.report(s.peer, "up", "heard again")
		t.compareLost(now, s)
	}
	if hello, ok := f.(wire.Hello); ok {
		t.receiveHello(now, s, hello)
		return t.work()
	}
	switch f.(type) {
	case wire.Refuse, wire.Bye:
	default:
		if !s.up {
			t.close(s, "protocol", "a frame before HELLO")
			return t.work()
		}
	}
	t.dispatch(now, s, lane, f)
	t.schedule(now)
	return t.work()
}

func (t *Table) dispatch(now Now, s *session, lane int, f wire.Frame) {
	switch f := f.(type) {
	case wire.Refuse:
		t.receiveRefusal(s, f.Code, f.Detail)
	case wire.Bye:
		t.close(s, "bye", f.Code)
	case wire.Tick:
		t.receiveTick(now, s, f)
	case wire.Log:
		t.receiveLog(now, s, lane, f)
	case wire.Block:
		t.receiveBlock(now, s, lane, f)
	case wire.Ack:
		t.receiveAck(now, s, f)
	case wire.Digest:
		t.receiveDigest(s, f)
	case wire.Rows:
		t.receiveRows(now, s, f)
	case wire.Drop:
		t.receiveDrop(s, f)
	case wire.Fetch:
		t.receiveFetch(now, s, f)
	case wire.Fetched:
		t.receiveFetched(now, s, f)
	case wire.Promise:
		t.receivePromise(now, s, lane, f)
	case wire.Snapshot:
		t.receiveSnapshot(now, s, f)
	case wire.Part:
		t.receivePart(now, s, lane, f)
	}
}

// Durable tells which logs moved on disk, in the order in which they did.
func (t *Table) Durable(now Now, heads []edged.Head) []Work {
	for i := range heads {
		h := &heads[i]
		if h.Name.Origin.ID == t.origin.ID {
			t.push(now, h)
			t.young[h.Log] = h.Newest.Wall
		}
		t.acknowledge(now, h)
		t.settleNeed(now, h)
		if gap, ok := t.holes[h.Log]; ok && h.Head >= gap.to {
			delete(t.holes, h.Log)
		}
		t.knowOrigin(h.Name.Origin)
	}
	t.schedule(now)
	return t.work()
}

// Tick is called when Due has come, or earlier.
func (t *Table) Tick(now Now) []Work {
	for _, s := range t.order {
		t.tickSession(now, s)
	}
	t.needs.due(now.Mono)
	t.sweep(now)
	t.sweepJoins(now)
	t.schedule(now)
	t.openGate(now)
	for log, until := range t.refused {
		if until <= now.Mono {
			delete(t.refused, log)
		}
	}
	return t.work()
}

// Due is when Tick wants to be called next.
func (t *Table) Due() time.Duration {
	due := time.Duration(math.MaxInt64)
	if t.needs.next != 0 {
		due = t.needs.next
	}
	if len(t.needs.byLog) > 0 {
		due = min(due, t.needs.swept+tickEvery)
	}
	if !t.gate.open {
		due = min(due, t.gate.until)
	}
	for _, s := range t.order {
		if !s.up {
			due = min(due, s.opened.Mono+helloWithin)
			continue
		}
		due = min(due, s.nextAt)
		if len(s.in.due) > 0 {
			due = min(due, s.in.ackAt)
		}
	}
	return due
}

// work hands over what was gathered.
func (t *Table) work() []Work {
	w := t.out
	t.out = nil
	return w
}

func (t *Table) do(w Work) { t.out = append(t.out, w) }

func (t *Table) send(s *session, f wire.Frame) { t.do(Send{Link: s.link, Frame: f}) }

func (t *Table) close(s *session, code, detail string) {
	if s.ending {
		return
	}
	s.ending = true
	t.do(Close{Link: s.link, Code: code, Detail: detail})
}

func (t *Table) report(p *peer, what, detail string) {
	r := Report{What: what, Detail: detail}
	if p != nil {
		r.Peer = p.name
	}
	t.do(r)
}
