package sim

import (
	"errors"
	"time"

	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/partition"
	"github.com/edgedhq/edged/replication/session"
)

// pinned is a state that a peer takes over.
type pinned struct {
	space *keyspace
	asked time.Duration
}

const pinKept = 30 * time.Second

// joinSome takes over a state at random: that does no harm.
func (p *process) joinSome() {
	const every = time.Second
	p.later(every/2+p.w.upTo(every), p.joinSome)
	if p.w.phase != storm || !p.w.plan.takes {
		return
	}
	c := p.w.collections[p.w.rand.IntN(len(p.w.collections))]
	of := c.states()
	p.do(func(now session.Now) []session.Work { return p.table.Join(now, of[p.w.rand.IntN(len(of))]) })
}

// provide reads a part of a state for a peer.
func (p *process) provide(w session.Provide) {
	part, next, err := p.part(w)
	why := ""
	if err != nil {
		why = err.Error()
	}
	p.do(func(now session.Now) []session.Work { return p.table.Provided(now, w, part, next, why) })
}

func (p *process) part(w session.Provide) (part, next []byte, err error) {
	for pin, s := range p.pins {
		if p.w.queue.now-s.asked > pinKept {
			delete(p.pins, pin)
		}
	}
	f, s := p.folds[w.State], p.pins[w.Pin]
	switch {
	case f == nil:
		return nil, nil, errors.New("no such state")
	case w.After == nil:
		f.flush()
		s = &pinned{space: f.space.pin()}
		p.pins[w.Pin] = s
	case s == nil:
		return nil, nil, errors.New("not kept any more")
	}
	s.asked = p.w.queue.now
	const one = 1 // entry a part
	return f.core.Part(s.space.Scan, w.After, one)
}

// take takes over a part of a peer's state.
func (p *process) take(w session.Take) {
	why := ""
	if err := p.folds[w.State].take(w); err != nil {
		why = err.Error()
	}
	p.do(func(now session.Now) []session.Work { return p.table.Took(now, w, why) })
}

func (f *fold) take(w session.Take) error {
	switch {
	case f.core.Joining():
		return errors.New("a join is under way")
	case f.p.h.full:
		return errors.New("the disk is full")
	case w.First:
		f.drop()
	}
	b, theirs, err := f.core.Stage(w.Part)
	if err != nil {
		return err
	}
	if theirs != nil {
		f.theirs = theirs
	}
	f.write(b)
	if !w.Last {
		return nil
	}
	f.await(f.theirs, f.p.w.queue.now+joinWithin)
	return nil
}

// joinWithin is how long a state that is staged waits for the logs that it includes.
const joinWithin = 10 * time.Second

// await begins the join once the logs here hold what the state includes; else another state is
// asked for.
func (f *fold) await(theirs *partition.Theirs, until time.Duration) {
	w := f.p.w
	switch held := f.held(); {
	case f.theirs != theirs || f.core.Joining(): // another has come
	case theirs.Within(held):
		f.flush()
		what := "join of a node that holds something"
		if len(f.vector()) == 0 {
			what = "join of an empty node"
		}
		w.count(what)
		b, err := f.core.Join(theirs)
		f.must(err)
		f.write(b)
		f.step()
	case w.queue.now >= until:
		w.count("state beyond the logs")
		f.drop()
		f.advance()
	default:
		f.p.later(100*time.Millisecond, func() { f.await(theirs, until) })
	}
}

// held says up to where the logs of the partition are held.
func (f *fold) held() crdt.Vector {
	v := crdt.Vector{}
	for _, l := range f.logs() {
		v[l.name.Origin.ID], _ = l.head()
	}
	return v
}

// step merges what is staged, a key at a time.
func (f *fold) step() {
	if !f.core.Joining() {
		return
	}
	f.p.later(f.p.w.upTo(20*time.Millisecond), func() {
		b, stepped, done, err := f.core.Step(1)
		f.must(err)
		f.write(b)
		stepped()
		if !done {
			f.step()
			return
		}
		f.drop()
		f.checkAll()
		f.advance()
	})
}

// drop forgets what is staged for no join.
func (f *fold) drop() {
	if f.core.Joining() {
		return
	}
	f.theirs = nil
	from, to := f.core.Staged()
	var puts []put
	f.must(f.space.Scan(from, to, func(key, _ []byte) bool {
		puts = append(puts, put{key: f.space.prefix + string(key)})
		return true
	}))
	if len(puts) > 0 {
		f.p.store.submit(&op{kind: opWrite, puts: puts})
	}
}
