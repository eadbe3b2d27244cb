package session

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/edgedhq/edged"
)

// waits are the publishers that wait for other nodes.
type waits struct {
	byID  map[WaitID]*wait
	byLog map[edged.LogID][]*wait
	asked time.Duration // when one last came
	any   bool
}

type wait struct {
	id    WaitID
	level edged.Ack
	all   bool // every connected peer, instead of a level
	logs  []edged.Head
	since time.Duration // all of them are durable here since
}

// recent says whether publishers wait these days: blocks then ask for an ack at once.
func (w *waits) recent(now time.Duration) bool { return w.any && now-w.asked < time.Second }

// Possible says why a level cannot be reached with the nodes connected now; empty when it can.
func (t *Table) Possible(now Now, level edged.Ack) (why string) {
	t.waits.asked, t.waits.any = now.Mono, true
	regions := map[string]bool{t.self.Region: true}
	near := false
	for _, s := range t.order {
		if s.up && !s.late {
			regions[s.hello.Region] = true
			near = near || s.hello.Region == t.self.Region
		}
	}
	switch {
	case level.InRegion() && !near:
		return fmt.Sprintf("no other node of region %q is connected", t.self.Region)
	case level.RegionCount() > len(regions):
		return fmt.Sprintf("it takes %d regions, and this one is connected to %d others", level.RegionCount(), len(regions)-1)
	}
	return ""
}

// Wait asks for Reached once all of the logs are held, up to their heads, at a level. It says
// true when they are now.
func (t *Table) Wait(now Now, id WaitID, level edged.Ack, logs []edged.Head) bool {
	return t.wait(now, &wait{id: id, level: level, logs: logs})
}

// WaitAll asks for Reached once every peer that is connected then holds the logs.
func (t *Table) WaitAll(now Now, id WaitID, logs []edged.Head) bool {
	return t.wait(now, &wait{id: id, all: true, logs: logs})
}

func (t *Table) wait(now Now, w *wait) bool {
	t.waits.asked, t.waits.any = now.Mono, true
	w.since = now.Mono
	if t.met(w) {
		return true
	}
	if t.waits.byID == nil {
		t.waits.byID, t.waits.byLog = make(map[WaitID]*wait), make(map[edged.LogID][]*wait)
	}
	t.waits.byID[w.id] = w
	for _, h := range w.logs {
		t.waits.byLog[h.Log] = append(t.waits.byLog[h.Log], w)
	}
	return false
}

// GiveUp takes a wait back.
func (t *Table) GiveUp(id WaitID) {
	w := t.waits.byID[id]
	if w == nil {
		return
	}
	delete(t.waits.byID, id)
	for _, h := range w.logs {
		left := slices.DeleteFunc(t.waits.byLog[h.Log], func(o *wait) bool { return o == w })
		if len(left) == 0 {
			delete(t.waits.byLog, h.Log)
		} else {
			t.waits.byLog[h.Log] = left
		}
	}
}

// checkWaits answers those whose level is met, after news of one log.
func (t *Table) checkWaits(log edged.LogID) {
	for _, w := range slices.Clone(t.waits.byLog[log]) {
		if t.met(w) {
			t.GiveUp(w.id)
			t.do(Reached{Wait: w.id})
		}
	}
}

// logs are those that publishers wait for, in order.
func (w *waits) logs() []edged.LogID {
	return slices.SortedFunc(maps.Keys(w.byLog), func(a, b edged.LogID) int { return bytes.Compare(a[:], b[:]) })
}

// checkAllWaits does so after a peer was found equal.
func (t *Table) checkAllWaits() {
	for _, log := range t.waits.logs() {
		t.checkWaits(log)
	}
}

// met says whether enough places hold all of the logs.
func (t *Table) met(w *wait) bool {
	regions := map[string]bool{t.self.Region: true}
	for _, s := range t.order {
		if !s.up {
			continue
		}
		if !t.holds(s, w) {
			if w.all {
				return false
			}
			continue
		}
		if w.level.InRegion() && s.hello.Region == t.self.Region {
			return true
		}
		regions[s.hello.Region] = true
	}
	return w.all || !w.level.InRegion() && len(regions) >= w.level.RegionCount()
}

// holds says whether a peer has all of the logs on disk. That it was equal at a tick after them
// counts when it was found so after they were durable here: before, the tick was without them.
func (t *Table) holds(s *session, w *wait) bool {
	for i := range w.logs {
		h := &w.logs[i]
		r := s.out.byLog[h.Log]
		switch {
		case r != nil && r.acked >= h.Head:
		case s.hello.Origin.ID == h.Name.Origin.ID: // it wrote them
		case s.equalAt > w.since && s.equal*second > t.newestOf(h):
		default:
			return false
		}
	}
	return true
}

// newestOf is the stamp of a log's last event that is waited for, or a later one.
func (t *Table) newestOf(h *edged.Head) int64 {
	if h.Newest.Wall > 0 {
		return h.Newest.Wall
	}
	if held, ok := t.store.HeadOf(h.Log); ok && held.Newest.Wall > 0 {
		return held.Newest.Wall
	}
	return math.MaxInt64
}

// pushWaiting makes rows on a new session for the logs of ours that publishers wait for.
func (t *Table) pushWaiting(now Now, s *session) {
	for _, log := range t.waits.logs() {
		if h, ok := t.store.HeadOf(log); ok && h.Name.Origin.ID == t.origin.ID {
			if r := t.addRow(now, s, &h, h.Head); r != nil {
				t.ready(s, r)
			}
		}
	}
}

// Replicated is the highest sequence of a log of ours that two nodes hold; all of it while no
// other node is known.
func (t *Table) Replicated(h edged.Head) edged.Sequence {
	if len(t.gate.known) == 0 && len(t.peers) == 0 || h.Newest.Wall < t.equal*second && t.young[h.Log] == 0 {
		return h.Head
	}
	most := t.floor[h.Log]
	for _, s := range t.order {
		if r := s.out.byLog[h.Log]; r != nil && s.up {
			most = max(most, r.acked)
		}
	}
	return min(most, h.Head)
}
