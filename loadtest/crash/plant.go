package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// plant is a bug put into the product's source for one run: old text replaced by new. Old text
// that does not stand exactly once fails the run, so that plants do not wither unseen.
type plant struct {
	name     string
	file     string
	old, new string
	power    bool // found by power cuts; else by kills
}

// plantAll plants each bug by itself and wants it found.
func plantAll(ctx context.Context, s settings, dir string) error {
	var missed []string
	for _, p := range plants() {
		if !strings.Contains(p.name, s.only) {
			continue
		}
		found, err := p.run(ctx, s, filepath.Join(dir, p.name))
		if err != nil {
			return fmt.Errorf("plant %s: %w", p.name, err)
		}
		if found == nil {
			missed = append(missed, p.name)
			fmt.Printf("plant %s: NOT FOUND\n", p.name)
			continue
		}
		fmt.Printf("plant %s: found: %s\n", p.name, evidence(found.Error()))
	}
	if len(missed) > 0 {
		return fmt.Errorf("planted bugs that nothing found: %s", strings.Join(missed, ", "))
	}
	return nil
}

// run builds with the bug and runs what should find it.
func (p plant) run(ctx context.Context, s settings, dir string) (found, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	overlay, err := p.overlay(dir)
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

// overlay writes the changed source and the file that tells the go command of it.
func (p plant) overlay(dir string) (string, error) {
	source, err := filepath.Abs(p.file)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), p.old); n != 1 {
		return "", fmt.Errorf("its old text stands %d times in %s; mend the plant", n, p.file)
	}
	changed := filepath.Join(dir, filepath.Base(p.file))
	planted := strings.Replace(string(text), p.old, p.new, 1)
	if err := os.WriteFile(changed, []byte(planted), 0o644); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, errors.Join(os.WriteFile(path, list, 0o644))
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
func plants() []plant {
	return []plant{
		{
			name: "disk-answered-before-fsync", power: true,
			file: "streams/stage.go",
			old:  "if a.err != nil || a.pub.Ack.BeforeDisk() {",
			new:  "if true {",
		},
		{
			name: "fsync-skipped", power: true,
			file: "streams/storage/commit.go",
			old:  "s.db.ApplyNoSyncWait(g.batch, pebble.Sync)",
			new:  "s.db.Apply(g.batch, pebble.NoSync)",
		},
		{
			// Without a sync Pebble hands on whole blocks of 32 KiB only; what is in the process's
			// memory goes with it.
			name: "fsync-skipped-and-killed",
			file: "streams/storage/commit.go",
			old:  "s.db.ApplyNoSyncWait(g.batch, pebble.Sync)",
			new:  "s.db.Apply(g.batch, pebble.NoSync)",
		},
		{
			name: "origin-kept-after-unclean-stop",
			file: "streams/storage/node.go",
			old:  "case !before.clean && before.exposed:",
			new:  "case false:",
		},
		{
			name: "dedupe-forgotten-at-restart",
			file: "streams/dedupe.go",
			old:  "	for _, l := range logs {",
			new:  "	for _, l := range logs[:0] {",
		},
	}
}
