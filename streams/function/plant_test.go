package function

import (
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/edgedhq/edged/loadtest/plant"
)

var simPlants = flag.Int("sim.plants", 0, "plant each bug and give the worlds so many seeds to find it; 0 plants none") // read-only

// plants are bugs that the worlds have to find.
func plants() []plant.Plant {
	return []plant.Plant{
		{
			Name: "lateness-not-by-the-bound", File: "streams/function/core.go",
			Old: "verdict = l.Progress.Verdict(c.spec, slice.End)", New: "verdict = min(window.Late, l.Progress.Verdict(c.spec, slice.End))",
		},
		{
			Name: "promise-used-though-events-are-missing", File: "streams/function/origins.go",
			Old: "covered := t.Position >= head", New: "covered := t.Position >= head || t.Position > 0",
		},
		{
			Name: "quiet-time-not-counted", File: "streams/window/bound.go",
			Old: "	case p.Bounded:\n		p.Bound = plus(p.Bound, s.quiet(p.Last, stamp))\n", New: "",
		},
		{
			Name: "slices-dropped-before-others-know-them", File: "streams/function/look.go",
			Old: "	if needed = q.everywhere(needed); needed <= q.core.sealed {\n		return nil\n	}\n", New: "",
		},
		{
			Name: "sessions-joined-at-exactly-the-gap", File: "streams/window/session.go",
			Old: "uint64(start)-uint64(last) < uint64(s.Gap)", New: "uint64(start)-uint64(last) <= uint64(s.Gap)",
		},
		{
			Name: "a-session-that-has-grown-is-gone", File: "streams/function/send.go",
			Old: "m.Start == l.Start && m.group == l.group && m.End != l.End", New: "m.Start == l.Start && m.group == l.group && m.End < l.End",
		},
		{
			Name: "final-before-every-log-is-past", File: "streams/window/close.go",
			Old: "case source.Sealed || s.Past(w, source.Watermark):", New: "case source.Sealed || i > 0 || s.Past(w, source.Watermark):",
		},
		{
			Name: "slice-end-taken-as-inside", File: "streams/window/slice.go",
			Old: "return Span{minus(t, past), plus(t, n-past)}", New: "return Span{minus(t, past), plus(t, n-past+1)}",
		},
		{
			Name: "count-counts-null", File: "streams/aggregate/cells.go",
			Old: "if args[i].IsNull() {", New: "if args[i].IsNull() && len(args) > 1 {",
		},
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

// TestPlants plants each bug by itself and wants a world to find it.
func TestPlants(t *testing.T) {
	if *simPlants == 0 {
		t.Skip("asked for by -sim.plants")
	}
	t.Chdir("../..")
	for _, p := range plants() {
		t.Run(p.Name, func(t *testing.T) {
			overlay, err := p.Overlay(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "./streams/function",
				"-run", "^TestWorlds$", "-sim.stop", "-sim.seeds", fmt.Sprint(*simPlants)).CombinedOutput()
			report := string(out)
			switch at := strings.Index(report, "sim: seed "); {
			case at >= 0:
				line, _, _ := strings.Cut(report[at:], "\n")
				t.Logf("found: %.200s", line)
			case strings.Contains(report, "(*simWorld)"):
				t.Logf("found: a panic in a world")
			case err != nil:
				t.Fatalf("%v\n%s", err, report)
			default:
				t.Error("not found")
			}
		})
	}
}
