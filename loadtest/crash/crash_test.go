package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

// TestPlantsStillTake holds the planted bugs to the sources as they are now.
func TestPlantsStillTake(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	for _, p := range plants() {
		overlay, err := p.Overlay(t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		text, err := os.ReadFile(overlay)
		var list struct{ Replace map[string]string }
		if err != nil || json.Unmarshal(text, &list) != nil || len(list.Replace) != 1 {
			t.Errorf("%s: overlay %s, %v", p.Name, text, err)
		}
	}
}

func TestDotsOfABatch(t *testing.T) {
	b := batch{stream: streamSpec{name: "s", partitions: 2}}
	for _, key := range []string{"a", "b", "c", "d"} {
		b.ids, b.keys = append(b.ids, "id-"+key), append(b.keys, key)
	}
	first := map[edged.Partition]uint64{0: 10, 1: 20}
	receipt := &client.Receipt{Origin: "n~00", PartitionSeqs: map[string][2]uint64{"0": {10, 11}, "1": {20, 21}}}
	for i, got := range b.dots(receipt) {
		p := edged.PartitionOf(b.keys[i], 2)
		if want := (history.Dot{Log: logName("s", uint32(p), "n~00"), Seq: first[p]}); got != want {
			t.Errorf("event %d at %v, want %v", i, got, want)
		}
		first[p]++
	}
	receipt.Duplicates = 1
	if got := b.dots(receipt)[0]; got != (history.Dot{}) {
		t.Errorf("a receipt with duplicates places an event at %v", got)
	}
}

func TestDataIsJSONAndTheIDsAlone(t *testing.T) {
	for _, id := range []string{"w0-1", "w0-2:7", "w7-99999:19"} {
		data := dataOf(id, "key-1")
		var back struct{ ID, Key string }
		if err := json.Unmarshal(data, &back); err != nil || back.ID != id || back.Key != "key-1" {
			t.Errorf("%s: %s, %v", id, data, err)
		}
		if string(data) != string(dataOf(id, "key-1")) {
			t.Errorf("%s has two data", id)
		}
	}
}

func TestEvidenceIsTheViolation(t *testing.T) {
	for report, want := range map[string]string{
		"cycle 3: 2 violations\n  lost: w1-2\n  hole: x":                              "lost: w1-2",
		"go test: exit status 1\n--- FAIL: TestPowerCuts (1s)\n    x_test.go:5: gone": "x_test.go:5: gone",
		"plain": "plain",
	} {
		if got := evidence(report); got != want {
			t.Errorf("%q: %q, want %q", report, got, want)
		}
	}
}
