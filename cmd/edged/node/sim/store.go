package sim

import (
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
)

// store is a running node's store: changes are staged at once and durable a group at a time. It
// tells the Table what is durable, in order.
type store struct {
	p       *process
	durable *image // the disk itself
	staged  *image
	flying  []*op // the group whose fsync is under way
	pending []*op
	news    []func()
	telling bool
}

func newStore(p *process) *store {
	return &store{p: p, durable: p.h.disk, staged: p.h.disk.clone()}
}

// HeadOf, Sums and Origins are what the Table asks for; they speak of the disk only.
func (s *store) HeadOf(log edged.LogID) (edged.Head, bool) {
	l := s.shown().logs[log]
	if l == nil {
		return edged.Head{}, false
	}
	return s.shown().tell(l), true
}

func (s *store) Sums(tick int64) [edged.Shards]edged.Sum { return s.shown().sums(s.near(tick)) }

func (s *store) Origins() []edged.OriginState { return s.shown().origins() }

// shown is what other nodes may see.
func (s *store) shown() *image { return s.durable }

// near is a tick as far as memory goes back; 0 for now.
func (s *store) near(tick int64) int64 {
	const back = 8
	if tick != 0 && s.p.h.wall()/1e9-tick > back {
		return 0
	}
	return tick
}

func (s *store) submit(o *op) {
	if o.kind != opRefuse && o.kind != opDamaged {
		o.landing, _ = s.staged.apply(o)
	}
	s.pending = append(s.pending, o)
	if o.kind != opWrite {
		s.flush()
	}
}

// flush begins the next fsync when none is under way.
func (s *store) flush() {
	if len(s.flying) > 0 || len(s.pending) == 0 {
		return
	}
	s.flying, s.pending = s.pending, nil
	s.p.later(s.p.h.fsyncTakes(), s.complete)
}

// complete is the return of an fsync: what was staged is on the disk.
func (s *store) complete() {
	group := s.flying
	s.flying = nil
	var heads []edged.Head
	at := make(map[edged.LogID]int)
	for _, o := range group {
		before := s.before(o)
		landing, moved := s.durable.apply(o)
		s.p.w.checkLanding(s.p, o, landing)
		if moved == nil {
			continue
		}
		h := s.durable.tell(moved)
		h.Before = before
		for _, b := range s.p.w.moved(s.p, moved, before) {
			h.Bytes += len(b.bytes)
		}
		if i, ok := at[h.Log]; ok {
			h.Before, h.Bytes = heads[i].Before, h.Bytes+heads[i].Bytes
			heads[i] = h
			continue
		}
		at[h.Log] = len(heads)
		heads = append(heads, h)
	}
	if len(heads) > 0 {
		s.tell(func() {
			s.p.do(func(now session.Now) []session.Work { return s.p.table.Durable(now, heads) })
			s.p.follow(heads)
			s.p.followStates(heads)
		})
	}
	for _, o := range group {
		if o.done != nil {
			landing := o.landing
			if l := s.durable.logs[landing.Log]; l != nil {
				landing.Head, _ = l.head()
			}
			s.tell(func() { o.done(landing) })
		}
	}
	s.flush()
}

func (s *store) before(o *op) edged.Sequence {
	id := edged.LogID{}
	switch {
	case o.block != nil:
		id = o.block.log
	case o.name.Stream != "":
		id = o.name.ID()
	}
	if l := s.durable.logs[id]; l != nil {
		head, _ := l.head()
		return head
	}
	return 0
}

// tell brings news to the rest of the node a little later, in order.
func (s *store) tell(news func()) {
	s.news = append(s.news, news)
	if s.telling {
		return
	}
	s.telling = true
	s.p.later(s.p.w.upTo(500*time.Microsecond), func() {
		list := s.news
		s.news, s.telling = nil, false
		for _, n := range list {
			if s.p.dead {
				return
			}
			n()
		}
	})
}

// cut leaves on the disk what a crash leaves: of what was not fsynced, some first part.
func (s *store) cut() {
	unsynced := append(s.flying, s.pending...)
	for _, o := range unsynced[:s.p.w.rand.IntN(len(unsynced)+1)] {
		before := s.before(o)
		landing, moved := s.durable.apply(o)
		s.p.w.checkLanding(s.p, o, landing)
		if moved != nil {
			s.p.w.moved(s.p, moved, before)
		}
	}
}
