package session

import (
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

const (
	rowsAtOnce   = 64  // of a range: with more of them the answer is to look deeper
	rowsPerFrame = 800 // stays below the bound of a control frame
	listAtOnce   = 4096
	deeperMax    = 64 // ranges; with more of them all rows are asked for
)

// comparison is one exchange that this side asks for, and the ones that it answers.
type comparison struct {
	running bool
	since   time.Duration
	tick    int64
	wait    time.Duration // before what it finds is fetched
	lost    bool          // what was on its way may be lost: it gets no more time than wait
	deeper  [][]byte      // ranges to be looked into
	next    time.Duration // not before, for a peer that flaps
	nextAll time.Duration // of the current sums

	// Of the peer's exchange:
	asked     int64       // its tick
	answers   [][]byte    // ranges to be answered with rows
	theirSums []edged.Sum // of the range that is being added up
}

// listing says what a List is for.
type listing uint8

const (
	listRows   listing = iota // the rows of a range, or that there are too many
	listAll                   // all rows, in pages
	listDeeper                // the sums one byte below a range
)

// compareAt asks a peer with another root at a tick for what differs.
func (t *Table) compareAt(now Now, s *session, tick int64) {
	if s.compare.running || s.fetches > 0 || t.exchanges >= exchangesMax || now.Mono < s.compare.next {
		return
	}
	t.beginComparison(now, s, tick, 0)
}

// compareNow compares the current sums. After a HELLO what is found is fetched at once, later
// only if it has not come by itself.
func (t *Table) compareNow(now Now, s *session) {
	if s.compare.running {
		return
	}
	var wait time.Duration
	if s.ticks > 0 {
		wait = settleWithin
	}
	t.beginComparison(now, s, 0, wait)
}

// compareLost compares with a peer that was silent. Each connection of a link repeats what was lost
// only when its own back-off is over, which is up to as long as the silence was.
func (t *Table) compareLost(now Now, s *session) {
	t.endComparison(s)
	t.beginComparison(now, s, 0, lostWithin)
	s.compare.lost = true
}

func (t *Table) beginComparison(now Now, s *session, tick int64, wait time.Duration) {
	c := &s.compare
	c.running, c.since, c.tick, c.wait, c.lost, c.deeper = true, now.Mono, tick, wait, false, nil
	if flaps(s.peer, now.Mono) {
		c.next = now.Mono + exchangeEnds
	}
	t.exchanges++
	sums := t.store.Sums(tick)
	f := wire.Digest{Tick: tick, Sums: sums[:]}
	if root(sums) == (edged.Sum{}) {
		f.Sums = nil // nothing is held here: all rows
	}
	t.send(s, f)
}

// flaps says whether a peer went three times within a minute.
func flaps(p *peer, now time.Duration) bool {
	return len(p.downs) >= 3 && now-p.downs[len(p.downs)-3] < time.Minute
}

func (t *Table) endComparison(s *session) {
	if s.compare.running {
		s.compare.running = false
		t.exchanges--
	}
}

// receiveDigest answers with the rows of the ranges that differ.
func (t *Table) receiveDigest(s *session, f wire.Digest) {
	c := &s.compare
	c.asked = f.Tick
	if len(f.Prefix) > 2 || len(f.Sums) != 0 && len(f.Sums) != edged.Shards {
		t.close(s, "protocol", "a digest of another form")
		return
	}
	switch {
	case len(f.Sums) == 0:
		t.do(List{Link: s.link, Tick: f.Tick, Prefix: f.Prefix, Limit: rowsPerFrame, why: listAll})
	case len(f.Prefix) == 0:
		t.answerSums(s, nil, f.Sums, t.store.Sums(f.Tick))
	default:
		s.compare.theirSums = f.Sums
		t.do(List{Link: s.link, Tick: f.Tick, Prefix: f.Prefix, Limit: listAtOnce, why: listDeeper, sums: new([edged.Shards]edged.Sum)})
	}
}

// answerSums finds the ranges that differ and answers them one after the other.
func (t *Table) answerSums(s *session, prefix []byte, theirs []edged.Sum, ours [edged.Shards]edged.Sum) {
	s.compare.answers = nil
	for i := range ours {
		if ours[i] != theirs[i] {
			s.compare.answers = append(s.compare.answers, append(slices.Clone(prefix), byte(i)))
		}
	}
	if len(s.compare.answers) == 0 {
		t.send(s, wire.Rows{Tick: s.compare.asked})
		return
	}
	t.answerNext(s)
}

func (t *Table) answerNext(s *session) {
	prefix := s.compare.answers[0]
	limit := rowsAtOnce + 1
	if len(prefix) > 1 {
		limit = rowsPerFrame // there is nothing deeper
	}
	t.do(List{Link: s.link, Tick: s.compare.asked, Prefix: prefix, Limit: limit, why: listRows})
}

// Listed takes the heads that a List asked for.
func (t *Table) Listed(now Now, l List, heads []edged.Head) []Work {
	s := t.links[l.Link]
	if s == nil || !s.up {
		return nil
	}
	switch l.why {
	case listAll:
		t.listedAll(s, l, heads)
	case listRows:
		t.listedRows(s, l, heads)
	case listDeeper:
		t.listedDeeper(s, l, heads)
	}
	return t.work()
}

func (t *Table) listedAll(s *session, l List, heads []edged.Head) {
	more := len(heads) >= l.Limit
	t.send(s, wire.Rows{Tick: l.Tick, Prefix: l.Prefix, Rows: rowsOf(heads), More: more})
	if more {
		l.After = heads[len(heads)-1].Log
		t.do(l)
	}
}

func (t *Table) listedRows(s *session, l List, heads []edged.Head) {
	c := &s.compare
	if len(c.answers) == 0 {
		return // of an exchange that was given up
	}
	full := len(heads) >= l.Limit
	if full && len(l.Prefix) > 1 {
		t.send(s, wire.Rows{Tick: l.Tick, Prefix: l.Prefix, Rows: rowsOf(heads), More: true})
		l.After = heads[len(heads)-1].Log
		t.do(l)
		return
	}
	c.answers = c.answers[1:]
	f := wire.Rows{Tick: l.Tick, Prefix: l.Prefix, More: len(c.answers) > 0, Deeper: full}
	if !full {
		f.Rows = rowsOf(heads)
	}
	t.send(s, f)
	if f.More {
		t.answerNext(s)
	}
}

// rowsOf turns heads into rows.
func rowsOf(heads []edged.Head) []wire.Row {
	rows := make([]wire.Row, 0, len(heads))
	for i := range heads {
		h := &heads[i]
		if h.Head > 0 {
			rows = append(rows, wire.Row{Log: h.Log, Start: h.Start, Head: h.Head, Chain: h.Chain, Hidden: hidden(h.Name)})
		}
	}
	return rows
}

// listedDeeper adds up the sums one byte below a range: of our own exchange to be sent, of the
// peer's to be answered.
func (t *Table) listedDeeper(s *session, l List, heads []edged.Head) {
	c := &s.compare
	for i := range heads {
		if h := &heads[i]; h.Head > 0 {
			l.sums[h.Log[len(l.Prefix)]].Add(h.Term())
		}
	}
	if len(heads) >= l.Limit {
		l.After = heads[len(heads)-1].Log
		t.do(l)
		return
	}
	if c.theirSums != nil && !l.ours {
		theirs := c.theirSums
		c.theirSums = nil
		t.answerSums(s, l.Prefix, theirs, *l.sums)
		return
	}
	t.send(s, wire.Digest{Tick: l.Tick, Prefix: l.Prefix, Sums: l.sums[:]})
}

// receiveRows takes what the peer holds into the needs.
func (t *Table) receiveRows(now Now, s *session, f wire.Rows) {
	c := &s.compare
	if !c.running {
		return
	}
	c.since = now.Mono
	if f.Deeper && len(f.Prefix) > 0 {
		c.deeper = append(c.deeper, f.Prefix)
	}
	for _, r := range f.Rows {
		t.compareRow(now, s, r)
	}
	if f.More {
		return
	}
	switch {
	case len(c.deeper) > deeperMax:
		c.deeper = nil
		t.send(s, wire.Digest{Tick: c.tick})
	case len(c.deeper) > 0:
		prefix := c.deeper[0]
		c.deeper = c.deeper[1:]
		t.do(List{Link: s.link, Tick: c.tick, Prefix: prefix, Limit: listAtOnce, why: listDeeper, ours: true, sums: new([edged.Shards]edged.Sum)})
	default:
		t.endComparison(s)
	}
}

// compareRow holds one row of a peer against what is held here.
func (t *Table) compareRow(now Now, s *session, r wire.Row) {
	h, ok := t.store.HeadOf(r.Log)
	switch {
	case !ok || r.Head > h.Head:
		if ok && h.Name.Origin.ID == t.origin.ID {
			t.mint("a peer holds later events of ours", false)
			return
		}
		wait := s.compare.wait
		if a := s.in.live[r.Log]; a != nil && !s.compare.lost && now.Mono-a.moved < settleWithin {
			wait = settleWithin // it is on its way
		}
		t.need(now, s, r, h.Head, wait)
	case r.Head == h.Head && r.Chain != h.Chain && t.refused[r.Log] == 0:
		t.refused[r.Log] = now.Mono + refusedKept
		t.report(s.peer, "fork", h.Name.Stream)
		if h.Name.Origin.ID == t.origin.ID {
			t.mint("a peer holds other events of ours", false)
		}
	}
}
