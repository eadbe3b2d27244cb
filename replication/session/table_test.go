package session

import (
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// shelf is a store of a few logs.
type shelf struct{ heads map[edged.LogID]edged.Head }

func (s shelf) HeadOf(log edged.LogID) (edged.Head, bool) { h, ok := s.heads[log]; return h, ok }

func (s shelf) Sums(int64) (sums [edged.Shards]edged.Sum) {
	for log, h := range s.heads {
		sums[log[0]].Add(h.Term())
	}
	return sums
}

func (s shelf) Origins() []edged.OriginState { return nil }

// pair is a Table with one peer that said HELLO and sent a TICK.
func pair(t *testing.T) (*Table, *session, shelf) {
	t.Helper()
	store := shelf{heads: map[edged.LogID]edged.Head{}}
	table := New(Now{}, Self{Mesh: "m", Node: "a", Region: "r"}, edged.Origin{ID: edged.OriginID{1}}, store)
	table.Connected(Now{}, 1, "b", true)
	table.Receive(Now{}, 1, wire.LaneControl, wire.Hello{
		Mesh: "m", Node: "b", Region: "r", Origin: edged.Origin{ID: edged.OriginID{2}}, VersionMin: version, VersionMax: version,
	})
	table.Receive(Now{}, 1, wire.LaneControl, wire.Tick{Sent: 1})
	s := table.links[1]
	if s == nil || !s.up || s.ending {
		t.Fatalf("the session is not up: %+v", s)
	}
	return table, s, store
}

// grow moves a log on in the store and tells the Table.
func grow(table *Table, store shelf, now Now, name edged.LogName, head edged.Sequence, newest int64) edged.Head {
	before := store.heads[name.ID()]
	h := edged.Head{Name: name, Log: name.ID(), Start: 1, Head: head, Before: before.Head, Newest: edged.Timestamp{Wall: newest}}
	store.heads[h.Log] = h
	table.Durable(now, []edged.Head{h})
	return h
}

func TestARowIsNoAck(t *testing.T) {
	table, _, store := pair(t)
	name := edged.LogName{Stream: "s", Generation: 1, Origin: table.origin}
	store.heads[name.ID()] = edged.Head{Name: name, Log: name.ID(), Start: 1, Head: 6}
	h := grow(table, store, Now{}, name, 7, 1)
	h.Head = 4
	if table.Wait(Now{}, 1, edged.Region(), []edged.Head{h}) {
		t.Fatal("the peer has acked nothing, and counts as holding event 4")
	}
}

func TestEqualBeforeItWasDurableIsNoAck(t *testing.T) {
	table, s, store := pair(t)
	table.equalAt(Now{Mono: time.Second, Wall: 9 * second}, s, 9)
	name := edged.LogName{Stream: "s", Generation: 1, Origin: table.origin}
	now := Now{Mono: 2 * time.Second, Wall: 11 * second}
	h := grow(table, store, now, name, 1, 8*second) // its fsync took three seconds
	if table.Wait(now, 1, edged.Region(), []edged.Head{h}) {
		t.Fatal("the tick was compared without the event")
	}
	if at := table.Replicated(h); at != 0 {
		t.Fatalf("replicated up to %d, and may be retired", at)
	}
	table.equalAt(Now{Mono: 3 * time.Second, Wall: 12 * second}, s, 10)
	if !table.holds(s, &wait{logs: []edged.Head{h}, since: now.Mono}) {
		t.Fatal("equal at a later tick, with the event, counts")
	}
}

func TestNoLaneGoesAheadOfTheFirstTick(t *testing.T) {
	table, s, store := pair(t)
	name := edged.LogName{Stream: "s", Generation: 1, Origin: table.origin}
	h := grow(table, store, Now{}, name, 1, 1)
	lane := wire.LaneOf(h.Log, false)
	s.ticks = 0
	if o, ok := table.Writable(Now{}, 1, lane); ok {
		t.Fatalf("wrote %+v, which may overtake HELLO", o)
	}
	s.ticks = 1
	if _, ok := table.Writable(Now{}, 1, lane); !ok {
		t.Fatal("nothing to write after the first TICK")
	}
}

func TestAPromiseWaitsForWhatCameBeforeOnly(t *testing.T) {
	table, _, store := pair(t)
	name := edged.LogName{Stream: "s", Generation: 1, Origin: table.origin}
	h := grow(table, store, Now{}, name, 1, 1)
	lane := wire.LaneOf(h.Log, false)
	table.Promise(Now{}, 5)
	var wrote []string
	for range 10 {
		o, ok := table.Writable(Now{}, 1, lane)
		if !ok {
			break
		}
		switch f := o.Frame.(type) {
		case nil:
			wrote = append(wrote, "blocks")
			grow(table, store, Now{}, name, 2, 6) // while they are written
			table.Sent(Now{}, 1, lane, o, o.To, 100)
		case wire.Log:
			wrote = append(wrote, "log")
		case wire.Promise:
			wrote = append(wrote, "promise")
			if f.Behind {
				t.Error("the promise says that something was not pushed")
			}
		}
		if len(wrote) == 4 {
			break
		}
	}
	want := []string{"log", "blocks", "promise", "blocks"}
	for i := range want {
		if i >= len(wrote) || wrote[i] != want[i] {
			t.Fatalf("wrote %v, want %v", wrote, want)
		}
	}
}

func TestALostBlockTakesBackThePromiseBehindIt(t *testing.T) {
	for _, outcome := range []edged.Outcome{edged.Refused, edged.Damaged} {
		table, s, _ := pair(t)
		s.in.compared = true
		name := edged.LogName{Stream: "s", Generation: 1, Origin: s.hello.Origin}
		table.Receive(Now{}, 1, 1, wire.Log{Number: 1, Name: name})
		var in Ingest
		for _, w := range table.Receive(Now{}, 1, 1, wire.Block{Number: 1, Bytes: make([]byte, 100)}) {
			if w, ok := w.(Ingest); ok {
				in = w
			}
		}
		for lane := wire.LaneLive; lane <= wire.LaneHidden; lane++ {
			table.Receive(Now{}, 1, lane, wire.Promise{Time: 7})
		}
		table.Landed(Now{}, in, edged.Landing{Log: name.ID(), Outcome: outcome})
		if held := table.held[s.hello.Origin.ID].time; held >= 7 {
			t.Errorf("%s: held up to %d", outcome, held)
		}
	}
}

func TestPromisesTellWhoWasHeardAndWhen(t *testing.T) {
	table, s, _ := pair(t)
	s.in.compared = true
	silent := edged.Origin{ID: edged.OriginID{3}}
	table.Met(silent)
	at := func(mono time.Duration) Now { return Now{Mono: mono, Wall: int64(time.Hour + mono)} }
	of := func(now Now, id edged.OriginID) edged.Promise {
		t.Helper()
		for _, p := range table.Promises(now) {
			if p.Origin.ID == id {
				return p
			}
		}
		t.Fatalf("nothing of origin %v", id)
		return edged.Promise{}
	}

	table.Promise(at(time.Second), 7)
	if p := of(at(2*time.Second), table.origin.ID); p.Held != 7 || p.Heard != at(2*time.Second).Wall || p.Sealed {
		t.Errorf("our own: %+v; it holds its newest promise and has just been heard", p)
	}
	for lane := wire.LaneLive; lane <= wire.LaneHidden; lane++ {
		table.Receive(at(3*time.Second), 1, lane, wire.Promise{Time: 9})
	}
	if p := of(at(9*time.Second), s.hello.Origin.ID); p.Held != 9 || p.Heard != at(3*time.Second).Wall {
		t.Errorf("a peer's: %+v; it promised at 3 s", p)
	}
	for lane := wire.LaneLive; lane <= wire.LaneHidden; lane++ {
		table.Receive(at(4*time.Second), 1, lane, wire.Promise{Time: 9, Behind: true})
	}
	if p := of(at(9*time.Second), s.hello.Origin.ID); p.Held != 9 || p.Heard != at(4*time.Second).Wall {
		t.Errorf("a peer's: %+v; it was heard at 4 s, though behind", p)
	}
	if p := of(at(9*time.Second), silent.ID); p.Held >= 0 || p.Heard != at(0).Wall {
		t.Errorf("a silent one's: %+v; it counts as heard when the run began", p)
	}

	s.theirs[silent.ID] = 5 * second
	table.equalAt(at(5*time.Second), s, 100)
	if p := of(at(9*time.Second), silent.ID); p.Held != 5*second || p.Heard != at(5*time.Second).Wall {
		t.Errorf("one heard through a peer: %+v; its held time rose at 5 s", p)
	}
	table.equalAt(at(6*time.Second), s, 101)
	if p := of(at(9*time.Second), silent.ID); p.Heard != at(5*time.Second).Wall {
		t.Errorf("one heard through a peer: %+v; nothing new came at 6 s", p)
	}
	table.Sealed(silent, 5*second, false)
	if p := of(at(9*time.Second), silent.ID); !p.Sealed {
		t.Errorf("one that has ended and is held whole: %+v", p)
	}
}

func TestAnOriginThatEndedIsNotUsed(t *testing.T) {
	table, _, _ := pair(t)
	for _, w := range table.Sealed(table.origin, 5, true) {
		if _, ok := w.(Mint); ok {
			return
		}
	}
	t.Fatal("no new origin is minted")
}

func TestANodeLearnsFromItsPeersThatItsOriginHasEnded(t *testing.T) {
	mints := func(works []Work) bool {
		for _, w := range works {
			if w, ok := w.(Mint); ok {
				return !w.Seal
			}
		}
		return false
	}
	table, s, _ := pair(t)
	table.Sealed(s.hello.Origin, 5, true)
	var told *wire.Tick
	for _, w := range table.Tick(Now{Mono: tickEvery}) {
		if w, ok := w.(Send); ok {
			if f, ok := w.Frame.(wire.Tick); ok {
				told = &f
			}
		}
	}
	if told == nil {
		t.Fatal("no TICK is sent")
	}

	other, _, _ := pair(t)
	if !mints(other.Receive(Now{}, 1, wire.LaneControl, wire.Tick{Sent: 2, Newest: told.Newest})) {
		t.Error("no new origin is minted after a TICK that says so")
	}

	pushing, _, store := pair(t)
	name := edged.LogName{Stream: "s", Generation: 1, Origin: pushing.origin}
	h := grow(pushing, store, Now{}, name, 1, 1)
	lane := wire.LaneOf(h.Log, false)
	o, ok := pushing.Writable(Now{}, 1, lane)
	log, named := o.Frame.(wire.Log)
	if !ok || !named {
		t.Fatalf("the log is not named first: %+v", o)
	}
	if mints(pushing.Receive(Now{}, 1, wire.LaneControl, wire.Drop{Lane: lane, Number: log.Number, Reason: edged.Deleted.String()})) {
		t.Error("a new origin is minted though only the stream is gone")
	}
	pushing, _, store = pair(t)
	grow(pushing, store, Now{}, name, 1, 1)
	pushing.Writable(Now{}, 1, lane)
	if !mints(pushing.Receive(Now{}, 1, wire.LaneControl, wire.Drop{Lane: lane, Number: log.Number, Reason: edged.Sealed.String()})) {
		t.Error("no new origin is minted after a DROP that says so")
	}
}

func TestTwinsWithTwoOriginsAreInConflict(t *testing.T) {
	table, _, _ := pair(t)
	table.Connected(Now{}, 2, "a", false)
	var refused, halts bool
	for _, w := range table.Receive(Now{}, 2, wire.LaneControl, wire.Hello{
		Mesh: "m", Node: "a", Origin: edged.Origin{ID: edged.OriginID{9}}, Nonce: [8]byte{1}, Started: -1, VersionMin: version, VersionMax: version,
	}) {
		switch w := w.(type) {
		case Send:
			f, ok := w.Frame.(wire.Refuse)
			refused = refused || ok && f.Code == conflict
		case Halt:
			halts = true
		}
	}
	if !refused || !halts {
		t.Fatalf("refused %t, halts %t: the later of two twins halts", refused, halts)
	}
}
