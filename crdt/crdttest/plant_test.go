package crdttest

import (
	"flag"
	"fmt"
	"os/exec"
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
	return []planted{}
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
