package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// party is some Tables that are linked with one another. What they have to do is done at once, but
// for what a test holds back.
type party struct {
	t       *testing.T
	now     Now
	members []*member
	links   LinkID
	queue   []func()
}

// member is one of them, with the states that it keeps: lists of keys.
type member struct {
	p      *party
	table  *Table
	ends   map[LinkID]*member
	states map[State][]string
	pinned map[uint64][]string
	taken  map[State][]string // while parts come
	done   map[State]int      // how often one was taken over
	asked  []wire.Snapshot
	denies string
	deaf   bool // does not provide
	fails  bool // cannot take
	held   func(Take) bool
	reads  []Provide
}

func newParty(t *testing.T, regions ...string) *party {
	p := &party{t: t, now: Now{Mono: time.Second, Wall: 1000 * second}}
	for i, region := range regions {
		m := &member{
			p: p, ends: map[LinkID]*member{}, states: map[State][]string{}, pinned: map[uint64][]string{},
			taken: map[State][]string{}, done: map[State]int{},
		}
		name := string(rune('a' + i))
		m.table = New(p.now, Self{Mesh: "m", Node: name, Name: name, Region: region}, edged.Origin{ID: edged.OriginID{byte(i + 1)}}, shelf{heads: map[edged.LogID]edged.Head{}})
		p.members = append(p.members, m)
	}
	return p
}

// link connects two members.
func (p *party) link(a, b *member) {
	p.links++
	id := p.links
	a.ends[id], b.ends[id] = b, a
	a.do(a.table.Connected(p.now, id, b.table.self.Node, true))
	b.do(b.table.Connected(p.now, id, a.table.self.Node, false))
	p.settle()
}

// cut ends all links of two members.
func (p *party) cut(a, b *member) {
	for id, other := range a.ends {
		if other == b {
			delete(a.ends, id)
			delete(b.ends, id)
			a.do(a.table.Closed(p.now, id))
			b.do(b.table.Closed(p.now, id))
		}
	}
}

// settle does all that waits.
func (p *party) settle() {
	for len(p.queue) > 0 {
		next := p.queue[0]
		p.queue = p.queue[1:]
		next()
	}
}

// pass lets time pass, a second at a time.
func (p *party) pass(d time.Duration) {
	for end := p.now.Mono + d; p.now.Mono < end; {
		p.now.Mono += time.Second
		p.now.Wall += second
		for _, m := range p.members {
			m.do(m.table.Tick(p.now))
		}
		p.settle()
	}
}

func (m *member) do(works []Work) {
	for _, w := range works {
		switch w := w.(type) {
		case Send:
			m.deliver(w.Link, wire.LaneControl, w.Frame)
		case Wake:
			for w.Lane == wire.LaneSnapshot {
				o, ok := m.table.Writable(m.p.now, w.Link, w.Lane)
				if !ok {
					break
				}
				m.deliver(w.Link, w.Lane, o.Frame)
			}
		case Provide:
			m.reads = append(m.reads, w)
			m.p.queue = append(m.p.queue, func() { m.provide(w) })
		case Take:
			if m.held == nil || !m.held(w) {
				m.p.queue = append(m.p.queue, func() { m.take(w) })
			}
		case List:
			m.p.queue = append(m.p.queue, func() { m.do(m.table.Listed(m.p.now, w, nil)) })
		case Close:
			if other := m.ends[w.Link]; other != nil && w.Code == "protocol" {
				m.p.t.Errorf("%s closes the link to %s: %s", m.table.self.Node, other.table.self.Node, w.Detail)
			}
		}
	}
}

func (m *member) deliver(link LinkID, lane int, f wire.Frame) {
	other := m.ends[link]
	if f, ok := f.(wire.Snapshot); ok {
		m.asked = append(m.asked, f)
	}
	m.p.queue = append(m.p.queue, func() {
		if other != nil && other.ends[link] == m {
			other.do(other.table.Receive(m.p.now, link, lane, f))
		}
	})
}

// provide gives two keys a part.
func (m *member) provide(w Provide) {
	if m.deaf {
		return
	}
	if m.denies != "" {
		m.do(m.table.Provided(m.p.now, w, nil, nil, m.denies))
		return
	}
	if w.After == nil {
		m.pinned[w.Pin] = slices.Clone(m.states[w.State])
	}
	keys := m.pinned[w.Pin]
	at, _ := slices.BinarySearch(keys, string(w.After)+"\x00")
	end := min(at+2, len(keys))
	var next []byte
	if end < len(keys) {
		next = []byte(keys[end-1])
	}
	m.do(m.table.Provided(m.p.now, w, []byte(strings.Join(keys[at:end], " ")), next, ""))
}

func (m *member) take(w Take) {
	why := ""
	if m.fails {
		why = "no room"
	} else {
		if w.First {
			m.taken[w.State] = nil
		}
		m.taken[w.State] = append(m.taken[w.State], strings.Fields(string(w.Part))...)
		if w.Last {
			m.done[w.State]++
			m.states[w.State] = m.taken[w.State]
		}
	}
	m.do(m.table.Took(m.p.now, w, why))
}

// join begins a join and lets it go on.
func (m *member) join(of State) {
	m.do(m.table.Join(m.p.now, of))
	m.p.settle()
}

func visits(i int) State {
	return State{Stream: "$c.visits", Generation: 1, Partition: edged.Partition(i)}
}

func keys() []string { return []string{"a", "b", "c", "d", "e"} }

func (m *member) wantState(of State) {
	m.p.t.Helper()
	if got := m.states[of]; !slices.Equal(got, keys()) {
		m.p.t.Errorf("%s holds %v, want %v", m.table.self.Node, got, keys())
	}
}

// trio is a party of three, all linked; the second and the third hold a state.
func trio(t *testing.T, regions ...string) (p *party, a, b, c *member) {
	p = newParty(t, regions...)
	a, b, c = p.members[0], p.members[1], p.members[2]
	for i, m := range p.members {
		for _, other := range p.members[:i] {
			p.link(m, other)
		}
	}
	b.states[visits(0)], c.states[visits(0)] = keys(), keys()
	return p, a, b, c
}

func TestAStateComesPartByPart(t *testing.T) {
	_, a, b, c := trio(t, "eu", "us", "eu")
	a.join(visits(0))
	a.join(visits(0)) // once more, and nothing comes of it at once
	a.wantState(visits(0))
	if len(b.reads) != 0 || len(c.reads) != 3 {
		t.Errorf("%d and %d parts were read; want three at the node of the same region", len(b.reads), len(c.reads))
	}
	var after []string
	for _, f := range a.asked {
		after = append(after, string(f.After))
		if f.Pin != a.asked[0].Pin {
			t.Errorf("pins %d and %d in one transfer", a.asked[0].Pin, f.Pin)
		}
	}
	if !slices.Equal(after, []string{"", "b", "d"}) || len(a.table.joins.active) != 0 {
		t.Errorf("parts were asked for after %q", after)
	}
}

func TestAnotherPeerIsAskedFromTheBeginning(t *testing.T) {
	for _, c := range []struct {
		name string
		ill  func(p *party, a, b *member)
		then func(a *member)
	}{
		{"refused", func(_ *party, _, b *member) { b.denies = "starting" }, nil},
		{"silent", func(_ *party, _, b *member) { b.deaf = true }, nil},
		{"cut while a part is read", func(_ *party, _, b *member) { b.deaf = true }, func(a *member) { a.p.cut(a, a.p.members[1]) }},
		{"not taken", func(_ *party, a, _ *member) { a.fails = true }, func(a *member) { a.fails = false }},
		{"cut while a part is taken", func(p *party, a, b *member) {
			a.held = func(w Take) bool {
				a.held = nil
				p.cut(a, b)
				p.queue = append(p.queue, func() { a.take(w) })
				return true
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, a, b, other := trio(t, "eu", "eu", "us")
			c.ill(p, a, b)
			a.join(visits(0))
			if c.then != nil {
				c.then(a)
			}
			if len(b.reads) == 0 {
				t.Fatal("the near node was not asked")
			}
			p.pass(8 * time.Second)
			a.wantState(visits(0))
			first, last := a.asked[0], a.asked[len(a.asked)-3]
			if len(other.reads) != 3 || first.Pin == last.Pin || last.After != nil {
				t.Errorf("the other node read %d parts; asked %+v, then %+v", len(other.reads), first, last)
			}
		})
	}
}

func TestTheLinkMayGoWhileTheLastPartIsTaken(t *testing.T) {
	p, a, b, c := trio(t, "eu", "eu", "us")
	a.held = func(w Take) bool {
		if w.Last {
			p.cut(a, b)
			p.queue = append(p.queue, func() { a.take(w) })
		}
		return w.Last
	}
	a.join(visits(0))
	p.pass(10 * time.Second)
	a.wantState(visits(0))
	if len(c.reads) > 0 {
		t.Error("another peer was asked for what was taken over")
	}
}

func TestWhatWasNotEnoughIsAskedOfAnother(t *testing.T) {
	p, a, b, c := trio(t, "eu", "eu", "us")
	b.states[visits(0)] = nil
	a.join(visits(0))
	if a.done[visits(0)] != 1 || len(b.reads) != 1 {
		t.Fatalf("taken over %d times", a.done[visits(0)])
	}
	a.join(visits(0))
	if len(b.reads)+len(c.reads) != 1 {
		t.Error("asked again without a pause")
	}
	p.pass(3 * time.Second)
	a.wantState(visits(0))
}

func TestOlderNodesAreNotAsked(t *testing.T) {
	p, a, b, c := trio(t, "eu", "eu", "eu")
	a.table.links[1].hello.Features = nil // of b
	a.join(visits(0))
	if len(b.reads) != 0 || len(c.reads) == 0 {
		t.Errorf("%d parts were asked of a node that has none, %d of the other", len(b.reads), len(c.reads))
	}
	p.settle()
}

func TestFewJoinsAtATime(t *testing.T) {
	p, a, b, c := trio(t, "eu", "eu", "us")
	b.deaf = true
	const all = 10
	for i := range all {
		b.states[visits(i)], c.states[visits(i)] = keys(), keys()
		a.join(visits(i))
	}
	if len(b.reads) != joinsMax {
		t.Errorf("%d transfers at a time, want %d", len(b.reads), joinsMax)
	}
	b.deaf = false
	p.pass(time.Minute)
	for i := range all {
		a.wantState(visits(i))
	}
	if len(a.table.joins.byState) > 0 {
		p.pass(joinKept)
	}
	if n := len(a.table.joins.byState) + len(a.table.joins.idle); n > 0 {
		t.Errorf("%d joins are kept for ever", n)
	}
}

// TestPinsAreTheProvidersOwn: two peers may name their transfers alike.
func TestPinsAreTheProvidersOwn(t *testing.T) {
	p, a, b, c := trio(t, "eu", "us", "us")
	a.states[visits(0)] = keys()
	b.do(b.table.Join(p.now, visits(0)))
	c.do(c.table.Join(p.now, visits(0)))
	p.settle()
	p.pass(10 * time.Second)
	b.wantState(visits(0))
	c.wantState(visits(0))
	pins := map[uint64]bool{}
	for _, m := range p.members {
		for _, r := range m.reads {
			if r.After == nil {
				pins[r.Pin] = true
			}
		}
	}
	if len(pins) == 0 {
		t.Error("nothing was read")
	}
}

// TestStatesAmidFailures lets nodes join states at random while links go, peers refuse and parts
// are not taken; what is taken over is always one whole state.
func TestStatesAmidFailures(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 5))
		p, a, _, _ := trio(t, "eu", "eu", "us")
		want := map[State][]string{}
		for i := range 6 {
			var all []string
			for k := range r.IntN(12) {
				all = append(all, fmt.Sprintf("%d-%02d", i, k))
			}
			want[visits(i)] = all
			for _, m := range p.members[1:] {
				m.states[visits(i)] = all
			}
			a.do(a.table.Join(p.now, visits(i)))
		}
		for range 60 {
			x, y := p.members[r.IntN(3)], p.members[r.IntN(3)]
			switch r.IntN(6) {
			case 0:
				p.cut(x, y)
			case 1:
				if x != y && !slices.Contains(ends(x), y) {
					p.link(x, y)
				}
			case 2:
				x.deaf = !x.deaf
			case 3:
				x.denies = []string{"", "starting"}[r.IntN(2)]
			case 4:
				x.fails = !x.fails
			}
			for range r.IntN(10) {
				if len(p.queue) > 0 {
					next := p.queue[0]
					p.queue = p.queue[1:]
					next()
				}
			}
			p.pass(time.Duration(r.IntN(3)) * time.Second)
		}
		for i, m := range p.members {
			m.deaf, m.denies, m.fails = false, "", false
			for _, other := range p.members[:i] {
				if !slices.Contains(ends(m), other) {
					p.link(m, other)
				}
			}
		}
		p.pass(2 * time.Minute)
		for of, all := range want {
			if !slices.Equal(a.states[of], all) || a.done[of] != 1 {
				t.Fatalf("seed %d: %v was taken over %d times as %v, want %v", seed, of, a.done[of], a.states[of], all)
			}
		}
	}
}

func ends(m *member) (all []*member) {
	for _, other := range m.ends {
		all = append(all, other)
	}
	return all
}
