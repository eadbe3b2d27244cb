package session

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// Bounds of what is taken over from peers.
const (
	joinsMax     = 4           // at a time
	joinAgain    = time.Second // until another peer is asked; twice as long with each try
	joinAgainMax = 16 * time.Second
	joinStalled  = 5 * time.Second // without a part; twice as long with each try
	joinKept     = time.Minute     // one that is over, for whom it has asked
	partBytes    = 256 << 10
)

// snapshots is the feature of a node that gives and takes states.
const snapshots = "snapshots"

// State names what a node keeps of a partition of a stream, beside its logs.
type State struct {
	Stream     string
	Generation edged.Generation
	Partition  edged.Partition
}

// join is the wish for a peer's state.
type join struct {
	state State
	pin   uint64   // of the transfer; 0 while there is none
	from  *session // who is asked; nil, too, when its link went while a part is taken
	after []byte   // the key behind which the next part begins
	next  []byte   // the key behind the part that is taken
	sent  time.Duration
	took  bool // a part of the transfer
	busy  bool // a Take is under way
	over  bool
	until time.Duration // nobody is asked before; of one that is over, when it is forgotten
	tries int
	asked map[string]time.Duration // nodes, and when
}

// joins are all of them: those with a transfer, and the others in the order in which they came.
type joins struct {
	byState map[State]*join
	active  []*join
	idle    []*join
	swept   time.Duration
}

// Join has a peer asked for its state, and others after it until the last part was taken.
func (t *Table) Join(now Now, of State) []Work {
	j := t.joins.byState[of]
	switch {
	case j == nil:
		j = &join{state: of, asked: make(map[string]time.Duration)}
		t.joins.byState[of] = j
		t.joins.idle = append(t.joins.idle, j)
	case j.over: // what it got was not enough
		j.over = false
		j.rest(now.Mono)
	}
	t.startJoins(now)
	return t.work()
}

// rest keeps a join from asking for a while.
func (j *join) rest(now time.Duration) {
	j.until = now + min(joinAgain<<min(j.tries, 10), joinAgainMax)
	j.tries++
}

// startJoins begins transfers while there is room for them.
func (t *Table) startJoins(now Now) {
	if len(t.joins.idle) == 0 || !slices.ContainsFunc(t.order, (*session).provides) {
		return
	}
	t.joins.idle = slices.DeleteFunc(t.joins.idle, func(j *join) bool {
		if j.over || j.until > now.Mono || len(t.joins.active) >= joinsMax {
			return false
		}
		t.joins.active = append(t.joins.active, j)
		t.pins++
		j.pin, j.from, j.after, j.took = t.pins, t.giver(j), nil, false
		j.asked[j.from.node] = now.Mono + 1
		t.askPart(now, j)
		return true
	})
}

// provides says whether a peer can be asked for states.
func (s *session) provides() bool {
	return s.up && !s.late && !s.ending && s.ticks > 0 && slices.Contains(s.hello.Features, snapshots)
}

// giver is the peer to ask: who was not asked for longest, then who is of this region, then of the
// shortest round trip.
func (t *Table) giver(j *join) (best *session) {
	for _, s := range t.order {
		if s.provides() && (best == nil || t.compareGivers(j, s, best) < 0) {
			best = s
		}
	}
	return best
}

func (t *Table) compareGivers(j *join, a, b *session) int {
	far := func(s *session) int {
		if s.hello.Region == t.self.Region {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(j.asked[a.node], j.asked[b.node]), cmp.Compare(far(a), far(b)),
		cmp.Compare(a.rtt, b.rtt), strings.Compare(a.node, b.node))
}

func (t *Table) askPart(now Now, j *join) {
	j.sent = now.Mono
	t.send(j.from, wire.Snapshot{
		Pin: j.pin, Stream: j.state.Stream, Generation: j.state.Generation, Partition: j.state.Partition,
		After: j.after, BytesMax: partBytes,
	})
}

// joining gives the join of a transfer.
func (t *Table) joining(pin uint64) *join {
	at := slices.IndexFunc(t.joins.active, func(j *join) bool { return j.pin == pin })
	if at < 0 {
		return nil
	}
	return t.joins.active[at]
}

// receivePart hands on the part that was asked for; others are of transfers that were given up.
func (t *Table) receivePart(now Now, s *session, lane int, f wire.Part) {
	if lane != wire.LaneSnapshot {
		t.close(s, "protocol", "a part on a lane without snapshots")
		return
	}
	j := t.joining(f.Pin)
	if j == nil || j.from != s || j.busy {
		return
	}
	s.peer.progress = now.Wall
	switch {
	case f.Refused != "":
		t.failJoin(now, j, f.Refused)
		return
	case !f.Last && bytes.Compare(f.Next, j.after) <= 0:
		t.failJoin(now, j, "a part that leads nowhere")
		return
	}
	j.busy, j.next = true, f.Next
	t.do(Take{State: j.state, Pin: j.pin, Part: f.Bytes, First: !j.took, Last: f.Last})
}

// Took tells what became of a Take: why it failed, or nothing.
func (t *Table) Took(now Now, k Take, why string) []Work {
	j := t.joining(k.Pin)
	if j == nil {
		return nil
	}
	j.busy, j.took = false, true
	switch {
	case why != "":
		t.failJoin(now, j, why)
	case k.Last:
		t.report(j.peer(), "joined", j.state.Stream)
		j.over, j.until = true, now.Mono+joinKept
		t.endTransfer(j)
		t.startJoins(now)
	case j.from == nil:
		t.failJoin(now, j, "the link is gone")
	default:
		j.after = j.next
		t.askPart(now, j)
	}
	return t.work()
}

func (j *join) peer() *peer {
	if j.from == nil {
		return nil
	}
	return j.from.peer
}

// failJoin ends a transfer; another begins after a while.
func (t *Table) failJoin(now Now, j *join, why string) {
	t.report(j.peer(), "join failed", j.state.Stream+": "+why)
	j.rest(now.Mono)
	t.endTransfer(j)
	t.startJoins(now)
}

func (t *Table) endTransfer(j *join) {
	j.pin, j.from, j.after, j.next, j.busy = 0, nil, nil, nil, false
	t.joins.active = slices.DeleteFunc(t.joins.active, func(o *join) bool { return o == j })
	t.joins.idle = append(t.joins.idle, j)
}

// leaveJoins ends the transfers from a session that goes. A part that is being taken may be the
// last.
func (t *Table) leaveJoins(now Now, s *session) {
	for _, j := range slices.Clone(t.joins.active) {
		switch {
		case j.from != s:
		case j.busy:
			j.from = nil
		default:
			t.failJoin(now, j, "the link is gone")
		}
	}
}

// sweepJoins is done once a second: it gives up transfers that stand still, and forgets what is
// over.
func (t *Table) sweepJoins(now Now) {
	if now.Mono < t.joins.swept+tickEvery {
		return
	}
	t.joins.swept = now.Mono
	for _, j := range slices.Clone(t.joins.active) {
		if !j.busy && now.Mono-j.sent >= joinStalled<<min(j.tries, 3) {
			t.failJoin(now, j, "no part came in time")
		}
	}
	t.joins.idle = slices.DeleteFunc(t.joins.idle, func(j *join) bool {
		forgotten := j.over && now.Mono >= j.until
		if forgotten {
			delete(t.joins.byState, j.state)
		}
		return forgotten
	})
	t.startJoins(now)
}

// wakeJoins lets those that rest ask a peer that has come.
func (t *Table) wakeJoins(now Now) {
	for _, j := range t.joins.idle {
		if !j.over {
			j.until = now.Mono
		}
	}
	t.startJoins(now)
}
