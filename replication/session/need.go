package session

import (
	"container/heap"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// need is a run of events of one log that this node lacks and others hold.
type need struct {
	log     edged.LogID
	name    edged.LogName // empty until a LOG told it
	hidden  bool
	to      edged.Sequence // the last one that somebody holds
	asked   edged.Sequence // the next one to ask for; 0: the one after the head
	holders []holder
	from    *session      // who is asked now
	sent    time.Duration // when it was asked
	moved   time.Duration // when it last came nearer
	after   time.Duration // not asked before
	waits   bool          // in later
	landing bool          // all of it was fetched and is on its way to the disk
	again   bool          // a block of it was not taken: it has to be asked from its beginning
	failed  string        // the node that was asked in vain
	order   uint64        // of making, to break ties
	index   int           // in the heap; -1 outside

	// What is known of the end of the hole, should nobody hold what is in it.
	first edged.Sequence // of the lowest block above the hole that was offered
	prev  edged.Chain    // the chain value before it
	since time.Duration  // when one was first
}

// holder is a peer that holds the end of a need.
type holder struct {
	s     *session
	start edged.Sequence
	head  edged.Sequence
	chain edged.Chain
}

// needs are all of them: in the heap those that wait to be asked, in later those that wait for
// their time.
type needs struct {
	byLog map[edged.LogID]*need
	queue []*need
	later []*need
	made  uint64
	swept time.Duration // when all were looked over
	next  time.Duration // when one of later is due; 0 for never
}

// Len, Less, Swap, Push and Pop make the heap: hidden logs first, then the smallest need.
func (n *needs) Len() int { return len(n.queue) }

func (n *needs) Less(i, j int) bool {
	a, b := n.queue[i], n.queue[j]
	switch {
	case a.hidden != b.hidden:
		return a.hidden
	case a.to-a.asked != b.to-b.asked:
		return a.to-a.asked < b.to-b.asked
	}
	return a.order < b.order
}

func (n *needs) Swap(i, j int) {
	n.queue[i], n.queue[j] = n.queue[j], n.queue[i]
	n.queue[i].index, n.queue[j].index = i, j
}

func (n *needs) Push(x any) {
	d := x.(*need)
	d.index = len(n.queue)
	n.queue = append(n.queue, d)
}

func (n *needs) Pop() any {
	last := len(n.queue) - 1
	d := n.queue[last]
	n.queue[last] = nil
	n.queue = n.queue[:last]
	d.index = -1
	return d
}

// need notes that a peer holds a log up to row.Head, which is held here up to head. It is not
// asked before wait is over.
func (t *Table) need(now Now, s *session, row wire.Row, head edged.Sequence, wait time.Duration) {
	if row.Head <= head || t.refused[row.Log] > now.Mono {
		return
	}
	d := t.needs.byLog[row.Log]
	if d == nil {
		if len(t.needs.byLog) >= needsMax {
			return // the next comparison finds it again
		}
		t.needs.made++
		d = &need{log: row.Log, hidden: row.Hidden, order: t.needs.made, index: -1, moved: now.Mono, asked: head + 1}
		t.needs.byLog[row.Log] = d
	}
	d.landing = d.landing && row.Head <= d.to
	d.to = max(d.to, row.Head)
	d.add(holder{s: s, start: row.Start, head: row.Head, chain: row.Chain})
	switch {
	case d.index >= 0:
		heap.Fix(&t.needs, d.index)
	case d.from == nil && !d.landing:
		d.after = now.Mono + wait
		t.needs.put(now.Mono, d)
	}
}

func (d *need) add(h holder) {
	for i := range d.holders {
		if d.holders[i].s == h.s {
			d.holders[i].start = max(d.holders[i].start, h.start)
			if h.head >= d.holders[i].head {
				d.holders[i].head, d.holders[i].chain = h.head, h.chain
			}
			return
		}
	}
	d.holders = append(d.holders, h)
}

// put queues a need that nobody is asked for.
func (n *needs) put(now time.Duration, d *need) {
	if d.after > now {
		if !d.waits {
			d.waits = true
			n.later = append(n.later, d)
		}
		if n.next == 0 || d.after < n.next {
			n.next = d.after
		}
		return
	}
	heap.Push(n, d)
}

// due queues those whose time has come.
func (n *needs) due(now time.Duration) {
	if n.next == 0 || n.next > now {
		return
	}
	waiting := n.later
	n.later, n.next = nil, 0
	for _, d := range waiting {
		d.waits = false
		if n.byLog[d.log] == d && d.from == nil && d.index < 0 {
			n.put(now, d)
		}
	}
}

// drop forgets a need.
func (n *needs) drop(log edged.LogID) {
	d := n.byLog[log]
	if d == nil {
		return
	}
	delete(n.byLog, log)
	if d.index >= 0 {
		heap.Remove(n, d.index)
	}
	if d.from != nil {
		d.from.fetches--
		d.from = nil
	}
}

// stall lets a need be asked anew from its beginning, once what is asked now has come: a block of
// it was not taken.
func (n *needs) stall(now time.Duration, log edged.LogID) {
	d := n.byLog[log]
	if d == nil {
		return
	}
	d.again = true
	if d.from == nil {
		n.restart(now, d)
	}
}

// restart asks from the beginning after a while.
func (n *needs) restart(now time.Duration, d *need) {
	if d.index >= 0 {
		heap.Remove(n, d.index)
	}
	d.again, d.landing, d.asked, d.moved = false, false, 0, now
	d.after = now + settleWithin
	n.put(now, d)
}

// leave takes a session out of all needs.
func (n *needs) leave(s *session) {
	for _, d := range n.sorted() {
		if d.from == s {
			d.from = nil
			d.asked = 0
		}
		d.holders = slices.DeleteFunc(d.holders, func(h holder) bool { return h.s == s })
		switch {
		case len(d.holders) == 0:
			n.drop(d.log) // the next comparison finds it again
		case d.from == nil && d.index < 0 && d.after == 0:
			heap.Push(n, d)
		}
	}
	s.fetches = 0
}

// sorted gives all needs in the order in which they were made.
func (n *needs) sorted() []*need {
	all := make([]*need, 0, len(n.byLog))
	for _, d := range n.byLog {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *need) int {
		if a.order < b.order {
			return -1
		}
		return 1
	})
	return all
}

// size is how much is lacking, in events and about how many bytes.
func (n *needs) size() (events, bytes int64) {
	for _, d := range n.byLog {
		events += int64(d.to - min(d.to, max(d.asked, 1)-1))
	}
	return events, events * bytesPerEvent
}
