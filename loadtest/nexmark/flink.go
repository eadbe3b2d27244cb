package main

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/query"
)

// program is what runs a query in Flink, and what it needs.
//
//go:embed flink/Nexmark.java flink/pom.xml
var program embed.FS // read-only

// measureFlink prints the figures of each query in Flink: one process a query, one core's worth of
// parallelism, state on the heap.
func (s settings) measureFlink(ctx context.Context, queries []query.Query) (measurements, error) {
	f := flink{dir: filepath.Join(s.dir, "flink")}
	if err := f.compile(ctx); err != nil {
		return nil, err
	}
	o := s.load()
	events := market.Deal(market.New(o).All(), 1, disorder, s.seed)[0]
	if err := f.write(events); err != nil {
		return nil, err
	}
	fmt.Printf("\nFlink, %d events over %v of event time, medians of %d\n", len(events), time.Duration(o.Events/o.Rate)*time.Second, s.rounds)
	medians := measurements{}
	printHead()
	for _, q := range queries {
		all, err := f.run(ctx, q, s.rounds, len(events))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.Name, err)
		}
		medians[q.Name] = printFigure(q.Name, all)
	}
	return medians, nil
}

type flink struct{ dir string }

// compile has Maven fetch the jars and the compiler make the class.
func (f *flink) compile(ctx context.Context) error {
	if err := os.CopyFS(f.dir, program); err != nil {
		return err
	}
	f.dir = filepath.Join(f.dir, "flink")
	for _, args := range [][]string{
		{"mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"},
		{"javac", "-cp", "jars/*", "Nexmark.java"},
	} {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir = f.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// write makes a file of lines for each stream, and beside them the same without lines.
func (f *flink) write(events []market.Event) error {
	lines := map[market.Kind][]byte{}
	for _, e := range events {
		lines[e.Kind] = append(append(lines[e.Kind], e.Data...), '\n')
	}
	none := filepath.Join(f.dir, "none")
	failed := []error{os.Mkdir(none, 0o755)}
	for _, kind := range market.Kinds() {
		name := kind.Stream() + ".json"
		failed = append(failed, os.WriteFile(filepath.Join(f.dir, name), lines[kind], 0o644), os.WriteFile(filepath.Join(none, name), nil, 0o644))
	}
	return errors.Join(failed...)
}

// run measures rounds of one query, after one that does not count.
func (f *flink) run(ctx context.Context, q query.Query, rounds, events int) (all []figure, err error) {
	text := filepath.Join(f.dir, q.Name+".sql")
	quoted := strings.ReplaceAll(q.Flink, "dateTime", "`dateTime`") // one of its words, in any case
	if err := os.WriteFile(text, []byte(quoted), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "java", "-Xmx2g", "-cp", ".:jars/*",
		"--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
		"Nexmark", f.dir, text, fmt.Sprint(rounds))
	cmd.Dir = f.dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said.Bytes()[:min(said.Len(), 4000)])
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var round int
		var cpu, took time.Duration
		if n, _ := fmt.Sscanf(lines.Text(), "round %d %d %d", &round, &cpu, &took); n == 3 {
			all = append(all, figureOf(cpu, took, events))
		}
	}
	if len(all) != rounds {
		return nil, fmt.Errorf("%d of %d rounds were told", len(all), rounds)
	}
	return all, nil
}
