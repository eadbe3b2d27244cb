package collections

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/collections/collectionstest"
)

// asks are the states that a keeper has asked for; fetch brings them.
type asks struct {
	mu     sync.Mutex
	wanted []edged.Partition
	from   *site // who gives them
	to     *site
	during func() // called when a state has been given, before it is taken
	last   func() // called before the last part of a state is taken
	pin    uint64
}

func (a *asks) Join(_ string, _ edged.Generation, p edged.Partition) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wanted = append(a.wanted, p)
}

// take gives the next partition that is wanted.
func (a *asks) take() (p edged.Partition, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.wanted) == 0 {
		return 0, false
	}
	p, a.wanted = a.wanted[0], a.wanted[1:]
	return p, true
}

// fetch carries all states over that are wanted, in small parts.
func (a *asks) fetch(t *testing.T, stream string) {
	t.Helper()
	for p, ok := a.take(); ok; p, ok = a.take() {
		a.pin++
		var after []byte
		for first := true; ; first = false {
			part, next, err := a.from.Provide(a.pin, stream, 1, p, after, 100)
			if err != nil {
				t.Fatal(err)
			}
			if a.during != nil {
				a.during()
			}
			if next == nil && a.last != nil {
				a.last()
			}
			if err := a.to.Take(stream, 1, p, part, first, next == nil); err != nil {
				t.Fatal(err)
			}
			if next == nil {
				break
			}
			after = next
		}
		synctest.Wait()
	}
}

// away is a world in which c was away while records went, on both sides of the cut.
func away(t *testing.T, w *world) *asks {
	w.site("a", "c")
	a, c := w.sites["a"], w.sites["c"]
	asked := &asks{from: a, to: c}
	a.stop()
	a.opts.KeepLog, a.opts.TruncateEvery = time.Minute, time.Second
	a.run()
	c.stop()
	c.opts.Peers, c.opts.GiveUpAfter = asked, 30*time.Second
	c.run()
	a.put(edged.Collection{Name: "s", Type: "set"})
	for i := range 40 {
		a.ops("s", fmt.Sprint("k", i), `{"add":["x","y"]}`)
	}
	w.settled()
	w.mesh.Cut("c")
	for i := range 20 {
		a.ops("s", fmt.Sprint("k", i), "")
		a.ops("s", fmt.Sprint("k", i+10), `{"remove":["x"]}`)
		a.ops("s", fmt.Sprint("new", i), `{"add":["z"]}`)
	}
	c.ops("s", "k1", `{"add":["mine"]}`)
	c.ops("s", "k39", "")
	time.Sleep(2 * time.Minute)
	w.settled()
	w.mesh.Heal("c")
	a.ops("s", "k0", `{"add":["late"]}`)
	w.settled()
	return asked
}

func TestStateIsTakenOverWhenRecordsAreGone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := away(t, w)
		a, c := w.sites["a"], w.sites["c"]
		if len(asked.wanted) == 0 || c.Stats().Torn == 0 {
			t.Fatalf("no state is asked for: %+v, held %d and %d", c.Stats(), a.node.Held("$c.s"), c.node.Held("$c.s"))
		}
		if got := c.value("s", "k5"); got != `["x","y"]` {
			t.Errorf("before the join k5 is %s", got)
		}
		asked.during = func() { // these have to come by the records
			for i := range 40 {
				a.ops("s", fmt.Sprint("more", i), `{"add":[1]}`)
			}
			asked.during = nil
			synctest.Wait()
		}
		asked.fetch(t, "$c.s")
		w.agree("s")
		for key, want := range map[string]string{
			"k0": `["late"]`, "k1": `["mine"]`, "k5": "key_not_found", "k39": "key_not_found", "k25": `["y"]`, "new7": `["z"]`,
		} {
			if a.value("s", key) != want || c.value("s", key) != want {
				t.Errorf("%s is %s at a and %s at c, want %s", key, a.value("s", key), c.value("s", key), want)
			}
		}
		if st := c.Stats(); st.Torn != 0 || st.Joins == 0 || st.Lost != 0 {
			t.Errorf("%+v", st)
		}
		if a.node.Pinned() != 0 {
			t.Errorf("%d states are still pinned", a.node.Pinned())
		}
		if got := c.ops("s", "k5", `{"add":[1]}`); got != "[1]" {
			t.Errorf("after the join an update gives %s", got)
		}
		w.agree("s")
	})
}

// What a state includes has to be in the logs here before it is joined.
func TestAStateWaitsForItsLogs(t *testing.T) {
	for _, heals := range []bool{true, false} {
		bubble(t, func(t *testing.T, w *world) {
			asked := away(t, w)
			a, c := w.sites["a"], w.sites["c"]
			w.mesh.Cut("c")
			var last string
			for i := range 40 {
				last = fmt.Sprint("k", i)
				a.ops("s", last, `{"add":["later"]}`)
			}
			asked.fetch(t, "$c.s")
			time.Sleep(joinWithin / 2)
			if st := c.Stats(); st.Joins != 0 || st.Torn == 0 {
				t.Fatalf("joined ahead of the logs: %+v", st)
			}
			if heals {
				w.mesh.Heal("c")
				w.settled()
				time.Sleep(time.Second)
			} else {
				time.Sleep(joinWithin + joinPause)
				p, ok := asked.take()
				if !ok {
					t.Fatal("no other state is asked for")
				}
				asked.Join("$c.s", 1, p)
				w.mesh.Heal("c")
				w.settled()
				asked.fetch(t, "$c.s")
			}
			w.agree("s")
			if st := c.Stats(); st.Torn != 0 || st.Joins == 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// Wherever the node dies, it ends up with what it would have had.
func TestJoinSurvivesACrashAnywhere(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := away(t, w)
		a, c := w.sites["a"], w.sites["c"]
		before := c.node.Writes()
		asked.fetch(t, "$c.s")
		w.settled()
		total, whole := c.node.Writes(), c.node.Store
		if total-before < 30 {
			t.Fatalf("only %d writes", total-before)
		}
		for writes := before; writes <= total; writes += 3 {
			c.stop()
			c.node.Store = whole.Clone(writes)
			c.run()
			for range 3 { // what is still wanted
				w.settled()
				asked.fetch(t, "$c.s")
			}
			w.agree("s")
			if c.value("s", "k5") != a.value("s", "k5") || c.Stats().Keys != a.Stats().Keys {
				t.Fatalf("after %d writes: k5 is %s, %d keys of %d", writes, c.value("s", "k5"), c.Stats().Keys, a.Stats().Keys)
			}
		}
	})
}

// A store that takes no writes holds a join up, and nothing else.
func TestAJoinThatFailsIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := away(t, w)
		a, c := w.sites["a"], w.sites["c"]
		asked.last = func() { c.node.Store.Fail(errors.New("full"), 1) }
		p := asked.wanted[0]
		asked.wanted = asked.wanted[:1]
		asked.fetch(t, "$c.s")
		w.settled()
		if c.Stats().Joins > 0 {
			t.Fatal("joined without a write")
		}
		part, _, err := a.Provide(99, "$c.s", 1, p, nil, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Take("$c.s", 1, p, part, true, true); err == nil {
			t.Error("a second state is taken in the middle of a join")
		}
		c.node.Store.Fail(nil, 0)
		time.Sleep(joinPause)
		w.settled()
		if c.Stats().Joins != 1 {
			t.Errorf("%d joins", c.Stats().Joins)
		}
	})
}

func TestAGapThatNobodyCoversIsAccepted(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := away(t, w)
		c := w.sites["c"]
		empty := w.site("d") // hears of the logs as they are now, and has folded nothing of what went
		empty.stop()
		empty.opts.Peers = &asks{}
		empty.crash(0)
		w.settled()
		asked.from = empty
		for range 4 {
			if c.Stats().Lost > 0 {
				t.Error("given up too early")
			}
			asked.fetch(t, "$c.s")
			time.Sleep(10 * time.Second)
		}
		w.settled()
		if st := c.Stats(); st.Torn != 0 || st.Lost == 0 || st.Joins < joinsMax {
			t.Errorf("%+v", st)
		}
		if got := c.ops("s", "k5", `{"add":[1]}`); got != `[1,"x","y"]` {
			t.Errorf("an update gives %s", got)
		}
	})
}

func TestPartsThatNobodyWants(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := away(t, w)
		a, c := w.sites["a"], w.sites["c"]
		p := asked.wanted[0]
		part, next, err := a.Provide(1, "$c.s", 1, p, nil, 60)
		if err != nil || next == nil {
			t.Fatalf("%v, next %q", err, next)
		}
		for name, err := range map[string]error{
			"an unknown stream":    c.Take("$c.none", 1, p, part, true, false),
			"no collection":        c.Take("s", 1, p, part, true, false),
			"another generation":   c.Take("$c.s", 2, p, part, true, false),
			"a partition too many": c.Take("$c.s", 1, 16, part, true, false),
			"in the middle":        c.Take("$c.s", 1, p, part, false, false),
			"cut off":              c.Take("$c.s", 1, p, part[:len(part)-1], true, false),
			"of another partition": c.Take("$c.s", 1, asked.wanted[1], part, true, true),
			"not wanted":           a.Take("$c.s", 1, p, part, true, true),
		} {
			if err == nil {
				t.Errorf("%s: taken", name)
			}
		}
		if _, _, err := a.Provide(2, "$c.s", 1, p, next, 60); err == nil {
			t.Error("a state that was never pinned goes on")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if a.node.Pinned() != 0 {
			t.Error("a state that nobody asks for stays pinned")
		}
		if _, _, err := a.Provide(1, "$c.s", 1, p, next, 60); err == nil {
			t.Error("a state that was let go goes on")
		}
		asked.fetch(t, "$c.s")
		w.agree("s")
	})
}

var _ Peers = (*asks)(nil)
var _ Store = (*collectionstest.Store)(nil)
