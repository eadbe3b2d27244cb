package nodetest

import (
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/edgedhq/edged/loadtest/plant"
)

var plantSeeds = flag.Int("plants", 0, "plant each bug and give its scenario so many seeds to find it; 0 plants none") // read-only

// planted is a bug, and the test that has to find it.
type planted struct {
	plant.Plant
	finds string
}

// plants are the bugs of the design that whole nodes can find.
func plants() []planted {
	return []planted{
		{plant.Plant{
			Name: "pushed-before-fsync", File: "streams/storage/commit.go",
			Old: "		s.stats.await(g)\n",
			New: "		s.stats.await(g)\n		if early := s.account(g); len(early) > 0 {\n			s.watcher(early)\n		}\n",
		}, "TestPowerCuts"},
		{plant.Plant{
			Name: "acknowledged-before-fsync", File: "streams/stage.go",
			Old: "if a.err != nil || a.pub.Ack.BeforeDisk() {",
			New: "if true {",
		}, "TestPowerCuts"},
		{plant.Plant{
			Name: "origin-kept-after-wiped-directory", File: "streams/storage/node.go",
			Old: "if _, e := rand.Read(r.origin.ID[:]); e != nil {",
			New: "if _, e := rand.Read(nil); copy(r.origin.ID[:], s.opts.Label+\"0123456789\") == 0 {",
		}, "TestEmptyDisk"},
		{plant.Plant{
			Name: "origin-kept-after-unclean-stop", File: "streams/storage/node.go",
			Old: "case !before.clean && before.exposed:",
			New: "case false:",
		}, "TestPowerCutsOfMemory"},
		{plant.Plant{
			Name: "rejoin-ends", File: "gossip/rejoin.go",
			Old: "			next.Reset(rejoinEvery/2 + rand.N(rejoinEvery))\n",
			New: "			if len(list.Members()) < 2 {\n				next.Reset(rejoinEvery/2 + rand.N(rejoinEvery))\n			}\n",
		}, "TestLongPartition"},
		{plant.Plant{
			Name: "chain-unchecked-at-a-sparse-seam", File: "streams/storage/ingest.go",
			Old: "h.First == s.Head+1 && h.Prev == s.Chain && h.HLC",
			New: "h.First == s.Head+1 && h.HLC",
		}, "TestTwoHistories"},
		{plant.Plant{
			Name: "records-given-up-before-a-state-is-asked-for", File: "cmd/edged/node/collections.go",
			Old: "		opts.Peers = peers{n}\n",
			New: "",
		}, "TestKeysOfAnEmptyDisk"},
		{plant.Plant{
			Name: "first-of-a-definition-by-arrival", File: "streams/definition.go",
			Old: "	if o.First.compare(r.First) < 0 {\n",
			New: "	if r.First == (stamp{}) {\n",
		}, "TestSeatsOfferedTwice"},
		{plant.Plant{
			Name: "sealed-without-asking-all", File: "replication/roster/sealing.go",
			Old: "		if all && s.lists[sum].whole() {\n",
			New: "		if all = true; all && s.lists[sum].whole() {\n",
		}, "TestSealWaitsForAllThatWereAsked"},
		{plant.Plant{
			Name: "past-the-end-told-to-others", File: "streams/storage/index.go",
			Old: "	if a, ended := l.seals.endings.of(l.id); ended {\n		h.Head",
			New: "	if a, ended := l.seals.endings.of(l.id); false && ended {\n		h.Head",
		}, "TestASealedNodeComesBack"},
		{plant.Plant{
			Name: "journal-kept-for-a-sealed-node", File: "replication/snapshot.go",
			Old: " && !r.ended(n.ID) {",
			New: " {",
		}, "TestKeysGoOnWithoutASealedOrigin"},
	}
}

// TestPlantsStillTake holds the planted bugs to the sources as they are now.
func TestPlantsStillTake(t *testing.T) {
	t.Chdir("../../../..")
	for _, p := range plants() {
		if _, err := p.Overlay(t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}

// TestPlants plants each bug by itself and wants it found.
func TestPlants(t *testing.T) {
	if *plantSeeds == 0 {
		t.Skip("asked for by -plants")
	}
	t.Chdir("../../../..")
	for _, p := range plants() {
		t.Run(p.Name, func(t *testing.T) {
			overlay, err := p.Overlay(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay,
				"./cmd/edged/node/nodetest", "-run", "^"+p.finds+"$", "-failfast", "-seeds", fmt.Sprint(*plantSeeds)).CombinedOutput()
			switch {
			case strings.Contains(string(out), "--- FAIL: "+p.finds):
				t.Logf("found: %s", evidence(string(out)))
			case err != nil:
				t.Fatalf("%v\n%s", err, out)
			default:
				t.Error("not found")
			}
		})
	}
}

// evidence is the first line of a report that says what is wrong.
func evidence(report string) string {
	for line := range strings.Lines(report) {
		if strings.Contains(line, "_test.go:") && !strings.Contains(line, "acknowledged,") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(report)
}
