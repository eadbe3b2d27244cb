package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/edgedhq/edged/loadtest/plant"
)

// planted is a bug put into the product's source for one run.
type planted struct {
	plant.Plant
	power bool // found by power cuts; else by kills
}

// plantAll plants each bug by itself and wants it found.
func plantAll(ctx context.Context, s settings, dir string) error {
	var missed []string
	for _, p := range plants() {
		if !strings.Contains(p.Name, s.only) {
			continue
		}
		found, err := p.run(ctx, s, filepath.Join(dir, p.Name))
		if err != nil {
			return fmt.Errorf("plant %s: %w", p.Name, err)
		}
		if found == nil {
			missed = append(missed, p.Name)
			fmt.Printf("plant %s: NOT FOUND\n", p.Name)
			continue
		}
		fmt.Printf("plant %s: found: %s\n", p.Name, evidence(found.Error()))
	}
	if len(missed) > 0 {
		return fmt.Errorf("planted bugs that nothing found: %s", strings.Join(missed, ", "))
	}
	return nil
}

// run builds with the bug and runs what should find it.
func (p planted) run(ctx context.Context, s settings, dir string) (found, err error) {
	overlay, err := p.Overlay(dir)
	if err != nil {
		return nil, err
	}
	if p.power {
		err := powerCuts(ctx, max(s.power, 300), overlay)
		if err != nil && strings.Contains(err.Error(), "--- FAIL: TestPowerCuts") {
			return err, nil
		}
		return nil, err
	}
	s.edged = filepath.Join(dir, "edged")
	if err := build(ctx, s.edged, overlay); err != nil {
		return nil, err
	}
	err = kills(ctx, s, dir)
	if errors.Is(err, errViolations) {
		return err, nil
	}
	return nil, err
}

// evidence is the line of a report that says what is wrong.
func evidence(report string) string {
	first, _, _ := strings.Cut(report, "\n")
	for line := range strings.Lines(report) {
		violation := strings.HasPrefix(line, "  ") && strings.Contains(line, ": ") && !strings.Contains(line, "FAIL")
		if violation {
			first = strings.TrimSpace(line)
			break
		}
	}
	const most = 300
	return first[:min(len(first), most)]
}

// plants are the storage bugs of the design that kills or power cuts of one node can find.
func plants() []planted {
	return []planted{
		{
			Plant: plant.Plant{
				Name: "disk-answered-before-fsync",
				File: "streams/stage.go",
				Old:  "if a.err != nil || a.pub.Ack.BeforeDisk() {",
				New:  "if true {",
			},
			power: true,
		},
		{
			Plant: plant.Plant{
				Name: "fsync-skipped",
				File: "streams/storage/commit.go",
				Old:  "s.db.ApplyNoSyncWait(g.batch, pebble.Sync)",
				New:  "s.db.Apply(g.batch, pebble.NoSync)",
			},
			power: true,
		},
		{
			// Without a sync Pebble hands on whole blocks of 32 KiB only; what is in the process's
			// memory goes with it.
			Plant: plant.Plant{
				Name: "fsync-skipped-and-killed",
				File: "streams/storage/commit.go",
				Old:  "s.db.ApplyNoSyncWait(g.batch, pebble.Sync)",
				New:  "s.db.Apply(g.batch, pebble.NoSync)",
			},
		},
		{
			Plant: plant.Plant{
				Name: "origin-kept-after-unclean-stop",
				File: "streams/storage/node.go",
				Old:  "case !before.clean && before.exposed:",
				New:  "case false:",
			},
		},
		{
			Plant: plant.Plant{
				Name: "dedupe-forgotten-at-restart",
				File: "streams/dedupe.go",
				Old:  "	for _, l := range logs {",
				New:  "	for _, l := range logs[:0] {",
			},
		},
	}
}
