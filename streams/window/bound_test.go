package window

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// event is one of a log: when its origin appended it, and the time it bears.
type event struct{ stamp, time int64 }

// anyLate are the rules of lateness, in seconds, so that edges are met often.
func anyLate(r *rand.Rand, s *Spec) *Spec {
	const second = int64(1e9)
	s.Kind, s.Size, s.Step = Tumble, 7*second, 7*second
	s.OutOfOrderness, s.Lateness, s.ReviseWithin = r.Int64N(4)*second, r.Int64N(4)*second, r.Int64N(20)*second
	if s.Idle = r.Int64N(6) * second; r.IntN(5) == 0 {
		s.Idle = Never
	}
	s.Ingest = r.IntN(6) == 0
	return s
}

// anyLog gives events of one log: its stamps never fall, its times do what they want.
func anyLog(r *rand.Rand, s *Spec, n int, from int64) (log []event) {
	const second = int64(1e9)
	stamp := from
	for range n {
		if r.IntN(3) > 0 {
			stamp += r.Int64N(4) * second
		}
		if r.IntN(8) == 0 {
			stamp += r.Int64N(40) * second
		}
		e := event{stamp, stamp + (r.Int64N(30)-20)*second}
		switch r.IntN(12) {
		case 0:
			e.time = stamp + ahead + r.Int64N(3) - 1
		case 1:
			e.time = r.Int64() - r.Int64()
		}
		if s.Ingest {
			e.time = stamp
		}
		log = append(log, e)
	}
	return log
}

func follow(s *Spec, p Progress, log []event) Progress {
	for _, e := range log {
		p.Arrive(s, e.stamp)
		p.Advance(s, e.stamp, e.time)
	}
	return p
}

// plainBound is the bound by its meaning: of all events, the largest time less what may be out of
// order, and the quiet time since.
func plainBound(s *Spec, log []event) (bound int64, bounded bool) {
	for i, e := range log {
		b := e.time - s.OutOfOrderness
		if b > e.time {
			b = math.MinInt64
		}
		if e.time > e.stamp+ahead {
			continue
		}
		for j := i + 1; j < len(log) && s.Idle != Never; j++ {
			b += max(0, log[j].stamp-log[j-1].stamp-s.Idle)
		}
		if !bounded || b > bound {
			bound, bounded = b, true
		}
	}
	if s.Ingest && len(log) > 0 {
		return log[len(log)-1].stamp, true
	}
	return bound, bounded
}

func TestTheBoundIsThatOfThePrefix(t *testing.T) {
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 11))
		s := anyLate(r, &Spec{})
		log := anyLog(r, s, r.IntN(30), r.Int64N(1e12))
		var p Progress
		for n := 0; n < len(log); { // in runs of any length
			run := log[n : n+1+r.IntN(len(log)-n)]
			was := p
			p = follow(s, p, run)
			if was.Bounded && (!p.Bounded || p.Bound < was.Bound) {
				t.Fatalf("seed %d: the bound fell from %+v to %+v", seed, was, p)
			}
			n += len(run)
		}
		if whole := follow(s, Progress{}, log); p != whole {
			t.Fatalf("seed %d: in runs %+v, at once %+v", seed, p, whole)
		}
		if b, bounded := plainBound(s, log); b != p.Bound || bounded != p.Bounded {
			t.Fatalf("seed %d: %+v: %+v, want bound %d %v", seed, *s, p, b, bounded)
		}
	}
}

func TestVerdicts(t *testing.T) {
	s := &Spec{Kind: Tumble, Size: 10, Step: 10, Lateness: 3, ReviseWithin: 5, Idle: Never}
	wide := &Spec{Kind: Tumble, Size: 10, Step: 10, ReviseWithin: math.MaxInt64}
	for _, c := range []struct {
		name string
		spec *Spec
		p    Progress
		end  int64
		want Verdict
	}{
		{"no bound", s, Progress{Last: 900}, -500, OnTime},
		{"below the end", s, Progress{Bound: 12, Bounded: true}, 10, OnTime},
		{"at the end and lateness", s, Progress{Bound: 13, Bounded: true}, 10, Late},
		{"the last that revises", s, Progress{Bound: 17, Bounded: true}, 10, Late},
		{"no more", s, Progress{Bound: 18, Bounded: true}, 10, TooLate},
		{"revised for ever", wide, Progress{Bound: math.MaxInt64 - 1, Bounded: true}, 10, Late},
		{"no window", &Spec{}, Progress{Bound: 18, Bounded: true}, 0, OnTime},
		{"by ingest", &Spec{Kind: Tumble, Size: 10, Step: 10, Ingest: true}, Progress{Bound: 18, Bounded: true}, 10, OnTime},
	} {
		if got := c.p.Verdict(c.spec, c.end); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFreshLogsTakeOldData(t *testing.T) {
	s := &Spec{Kind: Tumble, Size: 10, Step: 10, Idle: 5}
	now := int64(1e18)
	var p Progress
	p.Arrive(s, now)
	if v := p.Verdict(s, 10); v != OnTime {
		t.Errorf("the first event is %v", v)
	}
	p.Advance(s, now, 3)
	if p != (Progress{Bound: 3, Bounded: true, Last: now}) {
		t.Errorf("%+v", p)
	}
}

func TestTimesFarAheadMoveNothing(t *testing.T) {
	s := &Spec{Kind: Tumble, Size: 10, Step: 10, Idle: Never}
	var p Progress
	p.Arrive(s, 100)
	if p.Advance(s, 100, 100+ahead+1); p.Bounded {
		t.Errorf("a time a minute and 1 ns ahead gave %+v", p)
	}
	if p.Advance(s, 100, 100+ahead); p.Bound != 100+ahead {
		t.Errorf("a time a minute ahead gave %+v", p)
	}
	if p.Advance(s, math.MaxInt64-1, math.MaxInt64); p.Bound != math.MaxInt64 {
		t.Errorf("at the end of int64 %+v", p)
	}
	s.OutOfOrderness = 10
	p = Progress{}
	if p.Advance(s, 0, math.MinInt64+3); p.Bound != math.MinInt64 {
		t.Errorf("at the beginning of int64 %+v", p)
	}
}

// holds looks for an event that breaks what a watermark says: on time though its log was past its
// window, or kept though sealed. mark is the watermark to try.
func holds(s *Spec, seed uint64, mark func(s *Spec, p Progress, promise int64, covered bool) int64) bool {
	r := rand.New(rand.NewPCG(seed, 13))
	log := anyLog(r, s, 4+r.IntN(20), 1e12)
	n := 1 + r.IntN(len(log)-1)
	p := follow(s, Progress{}, log[:n])
	// What the origin promises, and whether this reader has all that came before.
	promise := p.Last + r.Int64N(30e9)
	have := slices.IndexFunc(log, func(e event) bool { return e.stamp >= promise })
	if have < 0 {
		have = len(log)
	}
	m := mark(s, p, promise, have <= n)
	if !p.Bounded {
		return true // the first bound comes when it comes
	}
	for _, e := range log[n:] {
		p.Arrive(s, e.stamp)
		w := s.Slice(e.time)
		v := p.Verdict(s, w.End)
		if s.Ingest && s.Past(w, m) && w.End != math.MaxInt64 {
			return false // nothing is late, so nothing may come
		}
		if !s.Ingest && (s.Past(w, m) && v == OnTime || s.settled(w.End, m) && v != TooLate) {
			return false
		}
		p.Advance(s, e.stamp, e.time)
	}
	return true
}

func TestWhatIsPastAWatermarkIsLateInItsLog(t *testing.T) {
	marks := map[string]func(s *Spec, p Progress, promise int64, covered bool) int64{
		"right": (*Spec).Watermark,
		"a promise used though its heads are past the position": func(s *Spec, p Progress, promise int64, _ bool) int64 {
			return s.Watermark(p, promise, true)
		},
		"quiet time without idle": func(s *Spec, p Progress, promise int64, covered bool) int64 {
			if m := s.Watermark(p, promise, covered); !covered || s.Ingest || s.Idle == Never || !p.Bounded {
				return m
			}
			return plus(p.Bound, max(0, promise-p.Last))
		},
		"silence taken for idleness": func(s *Spec, p Progress, promise int64, _ bool) int64 {
			return s.Watermark(p, promise+30e9, true)
		},
		"idle where it is never": func(s *Spec, p Progress, promise int64, covered bool) int64 {
			other := *s
			if other.Idle == Never {
				other.Idle = 0
			}
			return other.Watermark(p, promise, covered)
		},
	}
	for name, mark := range marks {
		broken := 0
		for seed := range uint64(10_000) {
			if s := anyLate(rand.New(rand.NewPCG(seed, 12)), &Spec{}); !holds(s, seed, mark) {
				if broken++; name == "right" {
					t.Fatalf("seed %d: %+v: an event on time came after its log was past it", seed, *s)
				}
			}
		}
		if name != "right" && broken == 0 {
			t.Errorf("%s: not found in any seed, so this test is too weak", name)
		}
	}
}

func TestWatermarks(t *testing.T) {
	s := &Spec{Kind: Tumble, Size: 10, Step: 10, OutOfOrderness: 2, Idle: 5}
	never := &Spec{Kind: Tumble, Size: 10, Step: 10, OutOfOrderness: 2, Idle: Never}
	ingest := &Spec{Kind: Tumble, Size: 10, Step: 10, OutOfOrderness: 2, Idle: Never, Ingest: true}
	p := Progress{Bound: 100, Bounded: true, Last: 1000}
	for _, c := range []struct {
		name    string
		spec    *Spec
		p       Progress
		promise int64
		covered bool
		want    int64
	}{
		{"quiet, but not for longer than idle", s, p, 1005, true, 100},
		{"quiet for longer", s, p, 1006, true, 101},
		{"not covered", s, p, 9000, false, 100},
		{"no promise", s, p, 0, true, 100},
		{"a promise before the last event", s, p, 900, true, 100},
		{"never idle", never, p, 9000, true, 100},
		{"by ingest, though never idle", ingest, p, 9000, true, 9000},
		{"by ingest, an old promise", ingest, p, 900, true, 1000},
		{"by ingest, not covered", ingest, Progress{Bound: 1000, Bounded: true, Last: 1000}, 9000, false, 1000},
		{"no bound, covered, though never idle", never, Progress{Last: 1000}, 9000, true, 8998},
		{"no bound, not covered", s, Progress{Last: 1000}, 9000, false, Unknown},
		{"no log, by ingest", ingest, Progress{}, 9000, true, 9000},
		{"no log, no promise", s, Progress{}, 0, true, Unknown},
	} {
		if got := c.spec.Watermark(c.p, c.promise, c.covered); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestGuessesDoNotStand(t *testing.T) {
	s := &Spec{Kind: Tumble, Size: 10, Step: 10, OutOfOrderness: 2, Idle: 5}
	var m Mark
	for _, c := range []struct {
		name    string
		p       Progress
		promise int64
		covered bool
		want    Mark
	}{
		{"no log yet", Progress{}, 9000, true, Mark{8998, false}},
		{"it began, and is not here", Progress{}, 9100, false, Mark{Unknown, false}},
		{"it began with old data", Progress{Bound: 100, Bounded: true, Last: 9050}, 9100, true, Mark{145, true}},
		{"more came that is not here", Progress{Bound: 100, Bounded: true, Last: 9050}, 9200, false, Mark{145, true}},
		{"now it is", Progress{Bound: 200, Bounded: true, Last: 9150}, 9200, true, Mark{245, true}},
	} {
		if m.Raise(s, c.p, c.promise, c.covered); m != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, m, c.want)
		}
	}
}
