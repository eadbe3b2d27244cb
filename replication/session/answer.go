package session

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// jobsMax bounds the fetches of one peer that wait for their answer; it asks for half as many.
const jobsMax = 2 * fetchesMax

// job is a FETCH that is being answered on its lane: LOG, blocks, FETCHED, and the number taken
// back.
type job struct {
	name   edged.LogName
	log    edged.LogID
	number uint64 // 0: not named yet
	next   edged.Sequence
	to     edged.Sequence
	budget int
	start  edged.Sequence
	done   bool // no more blocks
	told   bool // FETCHED was sent
}

func (t *Table) receiveFetch(now Now, s *session, f wire.Fetch) {
	lane := &s.out.lanes[wire.LaneFetch]
	if len(lane.jobs) >= jobsMax {
		t.close(s, "protocol", "too many fetches at a time")
		return
	}
	j := &job{log: f.Log, next: f.From, to: f.To, budget: min(f.Budget, fetchesLarge*fetchBytes), done: true}
	if h, ok := t.store.HeadOf(f.Log); ok && travels(h.Name, s.hello.Region) {
		j.name, j.start = h.Name, h.Start
		j.to = min(f.To, h.Head)
		j.done = j.next > j.to
		if h.Name.Origin.ID == t.origin.ID && s.out.byLog[f.Log] == nil && !s.lagging {
			// What it fetches of ours counts for our publishers, so it has to be acked.
			if r := t.addRow(now, s, &h, h.Head); r != nil {
				t.ready(s, r)
			}
		}
	}
	lane.jobs = append(lane.jobs, j)
	t.do(Wake{Link: s.link, Lane: wire.LaneFetch})
}

// nextAnswer is what the lane of fetches writes next.
func (t *Table) nextAnswer(s *session) (Output, bool) {
	lane := &s.out.lanes[wire.LaneFetch]
	if len(lane.jobs) == 0 {
		return Output{}, false
	}
	j := lane.jobs[0]
	switch {
	case j.number == 0 && j.name.Stream != "":
		lane.numbers++
		j.number = lane.numbers
		return Output{Frame: wire.Log{Number: j.number, Name: j.name, Region: t.self.Region}}, true
	case !j.done:
		return Output{Log: j.log, Number: j.number, From: j.next, To: j.to, Budget: min(j.budget, writeBytes)}, true
	case !j.told:
		j.told = true
		return Output{Frame: wire.Fetched{Log: j.log, Next: j.next, Start: j.start}}, true
	}
	lane.jobs = lane.jobs[1:]
	if j.number == 0 {
		return t.nextAnswer(s)
	}
	return Output{Frame: wire.Log{Number: j.number}}, true
}

// answered takes what was written of the first job. What was not there has been retired since:
// the peer sees it by Start.
func (t *Table) answered(s *session, last edged.Sequence, bytes int) {
	lane := &s.out.lanes[wire.LaneFetch]
	if len(lane.jobs) == 0 {
		return
	}
	j := lane.jobs[0]
	if h, ok := t.store.HeadOf(j.log); ok {
		j.start = h.Start
	}
	j.budget -= bytes
	j.next = max(j.next, last+1)
	j.done = last == 0 || j.next > j.to || j.budget <= 0
	t.do(Wake{Link: s.link, Lane: wire.LaneFetch})
}
