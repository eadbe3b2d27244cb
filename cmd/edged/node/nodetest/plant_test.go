package nodetest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var plantSeeds = flag.Int("plants", 0, "plant each bug and give its scenario so many seeds to find it; 0 plants none") // read-only

// plant is a bug put into the product's source for one run: old text replaced by new. Old text
// that does not stand exactly once fails the run, so that plants do not wither unseen.
type plant struct {
	name     string
	file     string
	old, new string
	finds    string // the test that has to find it
}

// plants are the bugs of the design that whole nodes can find.
func plants() []plant {
	return []plant{
		{
			name:  "pushed-before-fsync",
			file:  "streams/storage/commit.go",
			old:   "		s.stats.await(g)\n",
			new:   "		s.stats.await(g)\n		if early := s.account(g); len(early) > 0 {\n			s.watcher(early)\n		}\n",
			finds: "TestPowerCuts",
		},
		{
			name:  "acknowledged-before-fsync",
			file:  "streams/stage.go",
			old:   "if a.err != nil || a.pub.Ack.BeforeDisk() {",
			new:   "if true {",
			finds: "TestPowerCuts",
		},
		{
			name:  "origin-kept-after-wiped-directory",
			file:  "streams/storage/node.go",
			old:   "if _, e := rand.Read(r.origin.ID[:]); e != nil {",
			new:   "if _, e := rand.Read(nil); copy(r.origin.ID[:], s.opts.Label+\"0123456789\") == 0 {",
			finds: "TestEmptyDisk",
		},
		{
			name:  "origin-kept-after-unclean-stop",
			file:  "streams/storage/node.go",
			old:   "case !before.clean && before.exposed:",
			new:   "case false:",
			finds: "TestPowerCutsOfMemory",
		},
		{
			name:  "rejoin-ends",
			file:  "gossip/rejoin.go",
			old:   "			next.Reset(rejoinEvery/2 + rand.N(rejoinEvery))\n",
			new:   "			if len(list.Members()) < 2 {\n				next.Reset(rejoinEvery/2 + rand.N(rejoinEvery))\n			}\n",
			finds: "TestLongPartition",
		},
		{
			name:  "chain-unchecked-at-a-sparse-seam",
			file:  "streams/storage/ingest.go",
			old:   "h.First == s.Head+1 && h.Prev == s.Chain && h.HLC",
			new:   "h.First == s.Head+1 && h.HLC",
			finds: "TestTwoHistories",
		},
	}
}

// TestPlants plants each bug by itself and wants it found.
func TestPlants(t *testing.T) {
	if *plantSeeds == 0 {
		t.Skip("asked for by -plants")
	}
	for _, p := range plants() {
		t.Run(p.name, func(t *testing.T) {
			test := exec.CommandContext(t.Context(), "go", "test", "-overlay", p.overlay(t),
				"./cmd/edged/node/nodetest", "-run", "^"+p.finds+"$", "-failfast", "-seeds", fmt.Sprint(*plantSeeds))
			test.Dir = root(t)
			out, err := test.CombinedOutput()
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

// root is the module's directory.
func root(t *testing.T) string {
	dir, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// overlay writes the changed source and the file that tells the go command of it.
func (p plant) overlay(t *testing.T) string {
	source, dir := filepath.Join(root(t), p.file), t.TempDir()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), p.old); n != 1 {
		t.Fatalf("its old text stands %d times in %s; mend the plant", n, p.file)
	}
	changed := filepath.Join(dir, filepath.Base(p.file))
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), p.old, p.new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
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
