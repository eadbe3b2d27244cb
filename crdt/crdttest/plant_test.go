package crdttest

import (
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged/loadtest/plant"
)

var plantCases = flag.Int("laws.plants", 0, "plant each wrong merge and give its type so many cases to break a law; 0 plants none") // read-only

// planted is a bug, and the type whose laws it has to break.
type planted struct {
	plant.Plant
	breaks string
}

func plants() []planted {
	return slices.Concat(counted(), dotted(), mapped(), bounded(), sketched())
}

// counted are bugs of counters.
func counted() []planted {
	return []planted{
		{plant.Plant{
			Name: "counter-merged-by-adding", File: "crdt/tally.go",
			Old: "t.plus, t.minus = max(t.plus, u.plus), max(t.minus, u.minus)",
			New: "t.plus, t.minus = t.plus+u.plus, max(t.minus, u.minus)",
		}, "counter"},
		{plant.Plant{
			Name: "counter-reset-by-one-epoch", File: "crdt/counter.go",
			Old: "	if err == nil {\n		c.merge(more)\n",
			New: "	if err == nil {\n		for _, r := range more {\n			for i := range c.rows {\n" +
				"				if r.plusMark > 0 {\n					c.rows[i].plusMark = c.rows[i].plus\n				}\n			}\n		}\n" +
				"		c.merge(more)\n",
		}, "counter"},
	}
}

// dotted are bugs of what lives under the dot rule.
func dotted() []planted {
	return []planted{
		{plant.Plant{
			Name: "set-removal-wins-over-an-unseen-add", File: "crdt/set.go",
			Old: "	s.fold(at.Dot, removed, added)\n",
			New: "	s.fold(at.Dot, removed, added)\n	for _, m := range removed {\n		from, to := s.bounds(m.name)\n" +
				"		s.alive = append(s.alive[:from], s.alive[to:]...)\n	}\n",
		}, "set"},
		{plant.Plant{
			Name: "set-merged-without-their-vector", File: "crdt/kernel.go",
			Old: "ours && !theirs.Covers(e.dot)", New: "ours",
		}, "set"},
		{plant.Plant{
			Name: "set-revived-by-an-old-copy", File: "crdt/kernel.go",
			Old: "others && !mine.Covers(e.dot)", New: "others",
		}, "set"},
		{plant.Plant{
			Name: "snapshot-merged-without-waiting-removals", File: "crdt/kernel.go",
			Old: "func(m mark, _, _ bool) { waiting = append(waiting, m) }",
			New: "func(m mark, ours, _ bool) {\n		if ours {\n			waiting = append(waiting, m)\n		}\n	}",
		}, "set"},
		{plant.Plant{
			Name: "removal-before-its-add-forgotten", File: "crdt/kernel.go",
			Old: "		k.wait(missing)\n", New: "		_ = missing\n",
		}, "set"},
		{plant.Plant{
			Name: "register-equal-stamps-by-the-smaller-origin", File: "crdt/kernel.go",
			Old: "	return o.Compare(other) > 0\n", New: "	return o.Compare(other) < 0\n",
		}, "register"},
		{plant.Plant{
			Name: "register-stamps-decided-by-arrival", File: "crdt/register.go",
			Old: "		*w = written{at.HLC, r.json()}\n",
			New: "		*w = written{edged.Timestamp{Wall: int64(g.bytes)}, r.json()}\n",
		}, "register"},
		{plant.Plant{
			Name: "flag-disable-wins", File: "crdt/flag.go",
			Old: "	f.fold(at.Dot, removed, slices.Repeat([]entry[none]{{dot: at.Dot}}, int(on)))\n",
			New: "	f.fold(at.Dot, removed, slices.Repeat([]entry[none]{{dot: at.Dot}}, int(on)))\n	if on == 0 {\n		f.alive = nil\n	}\n",
		}, "flag"},
	}
}

// mapped are bugs of maps.
func mapped() []planted {
	return []planted{
		{plant.Plant{
			Name: "map-counter-reset-by-one-epoch", File: "crdt/map.go",
			Old: "	m.fold(at.Dot, removed, added)\n",
			New: "	for _, c := range more {\n		for i := range m.counts.of(c.name) {\n" +
				"			if r := &m.counts.of(c.name)[i]; c.rows[0].plusMark > 0 {\n				r.plusMark = r.plus\n			}\n		}\n	}\n" +
				"	m.fold(at.Dot, removed, added)\n",
		}, "map"},
		{plant.Plant{
			Name: "map-removal-leaves-the-counter", File: "crdt/map_change.go",
			Old: "			c.course(d, name).clear()\n", New: "",
		}, "map"},
		{plant.Plant{
			Name: "map-merged-without-its-counters", File: "crdt/map.go",
			Old: "	m.counts.merge(o.counts.clone())\n", New: "",
		}, "map"},
		{plant.Plant{
			Name: "map-shows-the-older-part", File: "crdt/map.go",
			Old: "body: written{last, value}", New: "body: written{value: value}",
		}, "map"},
	}
}

// bounded are bugs of bounded counters.
func bounded() []planted {
	return []planted{
		{plant.Plant{
			Name: "bounded-ignores-rights-given", File: "crdt/bounded.go",
			Old: "			w = w.minus(t.total)\n", New: "			w = w.minus(0)\n",
		}, "bounded_counter"},
		{plant.Plant{
			Name: "bounded-transfers-merged-by-adding", File: "crdt/bounded.go",
			Old: "max(l.transfers[i].total, t.total)", New: "l.transfers[i].total + t.total",
		}, "bounded_counter"},
		{plant.Plant{
			Name: "bounded-cleared-with-rights-out", File: "crdt/bounded_change.go",
			Old: "	if !b.alone(c.own) {", New: "	if false {",
		}, "bounded_counter"},
		{plant.Plant{
			Name: "bounded-shown-past-its-bound", File: "crdt/bounded.go",
			Old: "		n = max(n, b.bound())\n", New: "		n = max(n, n)\n",
		}, "bounded_counter"},
	}
}

// sketched are bugs of sketches.
func sketched() []planted {
	const merge = "func (q *quantiles) Merge(other Value, _, _ Vector) { q.merge(&other.(*quantiles).book) }"
	return []planted{
		{plant.Plant{
			Name: "hyperloglog-merge-takes-theirs", File: "crdt/hyperloglog.go",
			Old: "		h.HyperLogLog.Merge(&o.HyperLogLog)\n",
			New: "		theirs, _, _ := sketch.ParseHyperLogLog(o.HyperLogLog.AppendTo(nil))\n		h.HyperLogLog = *theirs\n",
		}, "hyperloglog"},
		{plant.Plant{
			Name: "hyperloglog-keeps-its-epoch", File: "crdt/hyperloglog.go",
			Old: "	if o.epoch > h.epoch {", New: "	if false {",
		}, "hyperloglog"},
		{plant.Plant{
			Name: "quantiles-merged-by-adding", File: "crdt/quantiles.go",
			Old: merge,
			New: strings.Replace(merge, "{ ", "{\n	for _, p := range other.(*quantiles).pages {\n"+
				"		if i, there := q.find(p.origin); there {\n			q.pages[i].summary.Merge(p.summary)\n		}\n	}\n	", 1),
		}, "quantiles"},
		{plant.Plant{
			Name: "quantiles-count-an-epoch-that-has-ended", File: "crdt/book.go",
			Old: "epoch == b.epoch && !(there", New: "!(there",
		}, "quantiles"},
		{plant.Plant{
			Name: "topk-merged-by-the-smaller-sequence", File: "crdt/book.go",
			Old: "b.pages[at].last >= theirs.last", New: "b.pages[at].last <= theirs.last",
		}, "topk"},
		{plant.Plant{
			Name: "topk-folds-a-record-twice", File: "crdt/book.go",
			Old: "there && b.pages[i].last >= at.Sequence", New: "false && there && i > 0",
		}, "topk"},
	}
}

// TestPlantsStillTake holds the planted bugs to the sources as they are now.
func TestPlantsStillTake(t *testing.T) {
	t.Chdir("../..")
	for _, p := range plants() {
		if _, err := p.Overlay(t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}

// TestPlants plants each bug by itself and wants a law broken.
func TestPlants(t *testing.T) {
	if *plantCases == 0 {
		t.Skip("asked for by -laws.plants")
	}
	t.Chdir("../..")
	for _, p := range plants() {
		t.Run(p.Name, func(t *testing.T) {
			overlay, err := p.Overlay(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "./crdt/crdttest",
				"-run", "^TestLaws$/^"+p.breaks+"$", "-laws.cases", fmt.Sprint(*plantCases)).CombinedOutput()
			report := string(out)
			switch at := strings.Index(report, p.breaks+" breaks "); {
			case at >= 0:
				line, _, _ := strings.Cut(report[at:], "\n")
				t.Logf("found: %.200s", line)
			case err != nil:
				t.Fatalf("%v\n%s", err, report)
			default:
				t.Error("not found")
			}
		})
	}
}
