package storage

import (
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
)

const (
	// ticksBack is how many seconds back a tick may lie, windowBack how many memory covers: the
	// asker's clock and ours are not read at once.
	ticksBack  = 8
	windowBack = 10
	// placesMax bounds what is kept of one log. Only stamps from the future can fill it.
	placesMax = 64
)

// place is where a log stood.
type place struct {
	head   edged.Sequence
	chain  edged.Chain
	newest edged.Timestamp
	term   edged.Sum // where the digest keeps the place
}

func (s *State) place() place { return place{head: s.Head, chain: s.Chain, newest: s.Newest} }

// of gives the place with its term in a log.
func (at place) of(id edged.LogID) place {
	h := edged.Head{Log: id, Head: at.head, Chain: at.chain}
	at.term = h.Term()
	return at
}

// mark is where a log stood before its first block of another second.
type mark struct {
	log *Log
	at  place
}

// second is the whole second that a wall time lies in.
func second(wall int64) int64 {
	s := wall / int64(time.Second)
	if wall < s*int64(time.Second) {
		s--
	}
	return s
}

// digest sums up what is durable: the sums of all logs' terms, where the logs that were active in
// the last seconds stood at each of them, and the newest stamp of each origin. It is made from the
// logs' records when the store is opened, which costs about 5 s for a million logs and saves a
// write in every group.
type digest struct {
	mu      sync.Mutex
	sums    [edged.Shards]edged.Sum
	active  map[edged.LogID]*past
	swept   int64 // the second in which active was swept last
	origins map[edged.OriginID]edged.OriginState
}

// past is where a log stands, and where it stood at the ends of earlier seconds, in order.
type past struct {
	now    place
	places []place
}

// at is where the log stood at a tick: after its last block with a stamp before it.
func (p *past) at(tick int64) place {
	if second(p.now.newest.Wall) < tick {
		return p.now
	}
	for i := len(p.places) - 1; i >= 0; i-- {
		if second(p.places[i].newest.Wall) < tick {
			return p.places[i]
		}
	}
	return place{}
}

// trim forgets what no tick from the one given on asks for.
func (p *past) trim(oldest int64) {
	n := 0
	for n+1 < len(p.places) && second(p.places[n+1].newest.Wall) < oldest {
		n++
	}
	p.places = slices.Delete(p.places, 0, n)
}

// mark notes where a log stood at the end of a second.
func (d *digest) mark(id edged.LogID, at place) {
	p := d.active[id]
	if p == nil {
		p = &past{}
		d.active[id] = p
	}
	if len(p.places) == placesMax {
		p.places = p.places[:placesMax-1]
	}
	p.places = append(p.places, at.of(id))
}

// move takes over a log's new durable state.
func (d *digest) move(l *Log, from, to State) {
	d.saw(l.name.Origin, to.Newest)
	if from.Forked {
		return
	}
	sum, p := &d.sums[l.id[0]], d.active[l.id]
	if p != nil && p.now.head == from.Head && p.now.chain == from.Chain {
		sum.Subtract(p.now.term)
	} else {
		sum.Subtract(from.place().of(l.id).term)
	}
	if to.Forked {
		delete(d.active, l.id)
		return
	}
	now := to.place().of(l.id)
	sum.Add(now.term)
	if p != nil {
		p.now = now
	}
}

// drop forgets a log.
func (d *digest) drop(l *Log, was State) {
	if !was.Forked {
		d.sums[l.id[0]].Subtract(was.place().of(l.id).term)
	}
	delete(d.active, l.id)
}

// saw notes a stamp of an origin.
func (d *digest) saw(origin edged.Origin, at edged.Timestamp) {
	if o := d.origins[origin.ID]; o.Newest.Compare(at) < 0 {
		d.origins[origin.ID] = edged.OriginState{Origin: origin, Newest: at}
	}
}

// sweep forgets, once a second, the logs that stand still.
func (d *digest) sweep(now int64) {
	if now == d.swept {
		return
	}
	d.swept = now
	for id, p := range d.active {
		if p.trim(now - windowBack); second(p.now.newest.Wall) < now-windowBack {
			delete(d.active, id)
		}
	}
}

// asked is the tick that a question is about; 0 is now.
func (s *Store) asked(tick int64) int64 {
	if tick < s.opts.Now().Unix()-ticksBack {
		return 0
	}
	return tick
}

// Sums gives the sums of the durable logs' terms, by the first byte of their ids, as they stood at
// a tick (Unix seconds): each log after its last block with a stamp before the tick, whenever that
// came. A tick of 0, or more than 8 s ago, is now. Frozen logs are left out.
func (s *Store) Sums(tick int64) [edged.Shards]edged.Sum {
	tick = s.asked(tick)
	d := &s.digest
	d.mu.Lock()
	defer d.mu.Unlock()
	sums := d.sums
	if tick == 0 {
		return sums
	}
	for id, p := range d.active {
		if then := p.at(tick); then != p.now {
			sum := &sums[id[0]]
			sum.Subtract(p.now.term)
			sum.Add(then.term)
		}
	}
	return sums
}

// Origins gives every origin of which events are or were held, in the order of their ids, with the
// newest durable stamp.
func (s *Store) Origins() []edged.OriginState {
	d := &s.digest
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]edged.OriginState, 0, len(d.origins))
	for _, o := range d.origins {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b edged.OriginState) int { return a.Origin.ID.Compare(b.Origin.ID) })
	return all
}
