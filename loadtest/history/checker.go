package history

import (
	"cmp"
	"fmt"
	"slices"
)

// Fault is a kind of violation.
type Fault string

// The faults, with the invariant of the design that each breaks.
const (
	Lost     Fault = "lost"     // acknowledged at its level, and not there (I1)
	Revived  Fault = "revived"  // refused, and there all the same (I2)
	Forked   Fault = "forked"   // one dot with two events (I3)
	Doubled  Fault = "doubled"  // one event twice, in the state or at one reader (I3, I4)
	Hole     Fault = "hole"     // a sequence jumped over, without a word (I3, I4)
	Disorder Fault = "disorder" // events of one writer in another order than it was told (I3)
	Phantom  Fault = "phantom"  // nobody published it
	FalseGap Fault = "falsegap" // a reader was told that events are gone which are there (I4)
)

// Violation is one fault found.
type Violation struct {
	Fault Fault
	Text  string
}

// String says both.
func (v Violation) String() string { return string(v.Fault) + ": " + v.Text }

// Checker takes a history and judges it. Use New. A caller that shares one guards it.
type Checker struct {
	asked      map[string]*ask
	held       map[Dot]string // by dot, what holds found there
	place      map[string]Dot // by id, the other way round
	heads      map[string]uint64
	shown      map[Dot]string // by dot, what readers were given
	walkers    map[string]walker
	writers    map[string][]told
	gaps       []Op
	crashes    []Op
	violations []Violation
	judged     map[string]bool // texts of violations found by Judge
}

// ask is all attempts to publish one event.
type ask struct {
	ok, unknown bool
	levels      []Op // the attempts that were acknowledged
	attempts    int
}

// walker is how far a process has come in each log.
type walker map[string]uint64

// told is a place that a writer was given.
type told struct {
	start, end int64
	dot        Dot
	id         string
}

// New makes a checker with an empty history.
func New() *Checker {
	return &Checker{
		asked: map[string]*ask{}, held: map[Dot]string{}, place: map[string]Dot{},
		heads: map[string]uint64{}, shown: map[Dot]string{}, walkers: map[string]walker{},
		writers: map[string][]told{}, judged: map[string]bool{},
	}
}

// Add takes the next operation.
func (c *Checker) Add(o Op) {
	switch o.Kind {
	case Publish:
		c.publish(o)
	case Hold:
		c.hold(o)
	case End:
		c.end(o)
	case Deliver:
		c.deliver(o)
	case Gap:
		c.gap(o)
	case Crash:
		c.crashes = append(c.crashes, o)
	}
}

func (c *Checker) found(f Fault, format string, args ...any) {
	c.violations = append(c.violations, Violation{f, fmt.Sprintf(format, args...)})
}

func (c *Checker) publish(o Op) {
	a := c.asked[o.ID]
	if a == nil {
		a = new(ask)
		c.asked[o.ID] = a
	}
	a.attempts++
	switch o.Outcome {
	case OK:
		a.ok = true
		a.levels = append(a.levels, o)
		if o.Dot.Seq != 0 {
			c.writers[o.Process] = append(c.writers[o.Process], told{o.Start, o.End, o.Dot, o.ID})
		}
	case Unknown:
		a.unknown = true
	}
}

// hold checks one event of the state against all that was seen of it before.
func (c *Checker) hold(o Op) {
	c.step(o, o.Dot.Seq)
	if id, ok := c.held[o.Dot]; ok {
		if id != o.ID {
			c.found(Forked, "%s held %s and holds %s", o.Dot, id, o.ID)
		}
		return
	}
	if at, ok := c.place[o.ID]; ok {
		c.found(Doubled, "%s stands at %s and at %s", o.ID, at, o.Dot)
	}
	c.held[o.Dot], c.place[o.ID] = o.ID, o.Dot
	c.heads[o.Dot.Log] = max(c.heads[o.Dot.Log], o.Dot.Seq)
}

// end checks that a process which has read everything came as far as others did before it.
func (c *Checker) end(o Op) {
	w := c.walkers[o.Process]
	for log, head := range c.heads {
		if w[log] < head {
			c.found(Lost, "%s reads %s up to %d, it was held up to %d", o.Process, log, w[log], head)
		}
	}
}

func (c *Checker) deliver(o Op) {
	c.step(o, o.Dot.Seq)
	if id, ok := c.shown[o.Dot]; ok && id != o.ID {
		c.found(Forked, "%s was shown as %s and as %s", o.Dot, id, o.ID)
	}
	c.shown[o.Dot] = o.ID
}

func (c *Checker) gap(o Op) {
	c.gaps = append(c.gaps, o)
	w := c.walker(o.Process)
	if o.Dot.Seq > w[o.Dot.Log]+1 {
		c.found(Hole, "%s was told of a gap %s and stands at %d", o.Process, o.Dot, w[o.Dot.Log])
	}
	w[o.Dot.Log] = max(w[o.Dot.Log], o.Dot.To)
}

func (c *Checker) walker(process string) walker {
	w := c.walkers[process]
	if w == nil {
		w = walker{}
		c.walkers[process] = w
	}
	return w
}

// step moves a process on by one event of a log.
func (c *Checker) step(o Op, seq uint64) {
	w := c.walker(o.Process)
	switch last := w[o.Dot.Log]; {
	case seq <= last:
		c.found(Doubled, "%s was given %s (%s) and stands at %d", o.Process, o.Dot, o.ID, last)
	case seq > last+1:
		c.found(Hole, "%s was given %s (%s) and stands at %d", o.Process, o.Dot, o.ID, last)
	}
	w[o.Dot.Log] = max(w[o.Dot.Log], seq)
}

// Judge weighs what clients were told against what is held now, and returns every violation
// found so far. It is called when processes have read all that there is; the history may go on
// after it.
func (c *Checker) Judge() []Violation {
	before := len(c.violations)
	c.judgeAsked()
	c.judgeShown()
	c.judgeOrder()
	fresh := c.violations[before:]
	slices.SortFunc(fresh, func(a, b Violation) int { return cmp.Compare(a.String(), b.String()) })
	c.violations = c.violations[:before]
	for _, v := range fresh {
		if !c.judged[v.String()] {
			c.judged[v.String()] = true
			c.violations = append(c.violations, v)
		}
	}
	return slices.Clone(c.violations)
}

func (c *Checker) judgeAsked() {
	for id, a := range c.asked {
		at, there := c.place[id]
		if !there {
			if o, bound := c.mustHold(a); bound {
				c.found(Lost, "%s, acknowledged at %s by %s", id, o.Level, o.Node)
			}
			continue
		}
		if !a.ok && !a.unknown {
			c.found(Revived, "%s was refused and stands at %s", id, at)
		}
	}
	for id, at := range c.place {
		if c.asked[id] == nil {
			c.found(Phantom, "%s stands at %s", id, at)
		}
	}
}

// mustHold says which acknowledgement, if any, no crash excuses.
func (c *Checker) mustHold(a *ask) (Op, bool) {
	for _, o := range a.levels {
		if o.Level != "memory" || !c.crashedAfter(o) {
			return o, true
		}
	}
	return Op{}, false
}

func (c *Checker) crashedAfter(o Op) bool {
	return slices.ContainsFunc(c.crashes, func(k Op) bool { return k.Node == o.Node && k.End >= o.Start })
}

// judgeShown checks what readers were given: it is held, or was published at memory only.
func (c *Checker) judgeShown() {
	for dot, id := range c.shown {
		if held, ok := c.held[dot]; ok {
			if held != id {
				c.found(Forked, "%s was shown as %s and holds %s", dot, id, held)
			}
			continue
		}
		a := c.asked[id]
		if a == nil {
			c.found(Phantom, "%s was shown at %s", id, dot)
			continue
		}
		if !a.ok && !a.unknown {
			c.found(Revived, "%s was refused and was shown at %s", id, dot)
		}
	}
	for _, g := range c.gaps {
		for seq := g.Dot.Seq; seq <= g.Dot.To && seq <= c.heads[g.Dot.Log]; seq++ {
			if id, ok := c.held[Dot{Log: g.Dot.Log, Seq: seq}]; ok {
				c.found(FalseGap, "%s was told that %s is gone (%s); %s is there", g.Process, g.Dot, g.ID, id)
				break
			}
		}
	}
}

// judgeOrder checks each writer's events: one that was begun after another was answered comes
// after it. It also checks the places that writers were told.
func (c *Checker) judgeOrder() {
	for writer, all := range c.writers {
		ends := map[string]told{} // by log, the highest place among those answered
		for _, t := range all {
			if id, ok := c.held[t.dot]; ok && id != t.id {
				c.found(Forked, "%s was told that %s stands at %s, where %s is", writer, t.id, t.dot, id)
			}
			if last, ok := ends[t.dot.Log]; ok && last.end <= t.start && t.dot.Seq <= last.dot.Seq {
				c.found(Disorder, "%s published %s after %s, and was told %s after %s", writer, t.id, last.id, t.dot, last.dot)
			}
			if last, ok := ends[t.dot.Log]; !ok || t.dot.Seq > last.dot.Seq {
				ends[t.dot.Log] = t
			}
		}
	}
}

// Summary counts what the history holds.
type Summary struct {
	Published int // events that somebody tried to publish
	Acked     int
	Refused   int
	Unknown   int
	Held      int
	Logs      int
	Crashes   int
	Gaps      int
}

// Summary counts what came in so far.
func (c *Checker) Summary() Summary {
	s := Summary{Published: len(c.asked), Held: len(c.held), Logs: len(c.heads), Crashes: len(c.crashes), Gaps: len(c.gaps)}
	for _, a := range c.asked {
		switch {
		case a.ok:
			s.Acked++
		case a.unknown:
			s.Unknown++
		default:
			s.Refused++
		}
	}
	return s
}
