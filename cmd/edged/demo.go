package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/cmd/edged/demo"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Run three nodes in three regions, here, with the delays of a wide area between them",
		Long: "Runs three nodes in one process, on loopback, with emulated links: 80, 150 and 220 ms there and back.\n" +
			"Each second each node publishes measurements of this machine (processor, memory, network, disk) to\n" +
			"the stream " + demo.Stream + ", and the median time that they take to the other regions is shown, with the\n" +
			"emulated delay in brackets.\n" +
			"SIGINT (Ctrl-C) ends it and removes its data.",
		Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

func (a *app) demo(ctx context.Context) error {
	a.note("three nodes are starting")
	return demo.Run(ctx, demo.Options{
		Version: buildVersion(), Log: newLogger(a.errs, "warn", "auto"),
		Started: a.greetDemo, Report: a.showWays,
	})
}

// greetDemo says where the nodes are and what to try.
func (a *app) greetDemo(places []demo.Place) {
	for _, p := range places {
		a.note("%s in region %s: %s, documentation at %s/docs", p.Name, p.Region, p.URL, p.URL)
	}
	first, last := places[0], places[len(places)-1]
	edged, link := called(a.typed), first.URL+"/v1/links/"+last.Region
	a.note("\nTry, in another terminal, in this directory:\n"+
		"  %[1]s sub %[3]s --server %[2]s\n"+
		"  %[1]s mesh lag --server %[2]s\n"+
		"  %[1]s verify --server %[2]s --wait 10s\n"+
		"Cut %[4]s off from %[5]s, and heal it:\n"+
		"  curl -X PUT -d '{\"cut\":true}' %[6]s\n"+
		"  curl -X PUT -d '{\"cut\":false}' %[6]s\n\n"+
		"What follows is how long events take, the median of each 5 s, with the emulated delay in brackets.\n"+
		"Ctrl-C ends the demo and removes its data.\n",
		edged, first.URL, demo.Stream, first.Region, last.Region, link)
}

// called is how this program is called again from the same directory.
func called(typed string) string {
	switch {
	case typed == "":
		return "edged"
	case madeByRun(typed):
		return "go run ./cmd/edged"
	}
	return typed
}

// madeByRun tells a binary of `go run`: it lies in a go-build directory that goes away, or in the
// cache, in a directory with a hash and -d for its name.
func madeByRun(path string) bool {
	const hash = 64
	dir := filepath.Base(filepath.Dir(path))
	return strings.Contains(filepath.ToSlash(path), "/go-build") || len(dir) == hash+2 && strings.HasSuffix(dir, "-d")
}

// showWays prints the times of one period: a line, or an array.
func (a *app) showWays(ways []demo.Way) {
	if a.json() {
		_ = a.printJSON(ways) // who closes the output has seen enough
		return
	}
	parts := make([]string, len(ways))
	for i, w := range ways {
		parts[i] = fmt.Sprintf("%s > %s %.1f ms (%d)", w.From, w.To, float64(w.Median.Microseconds())/1000, w.Delay.Milliseconds())
	}
	if len(parts) == 0 {
		parts = []string{"nothing crossed"}
	}
	fmt.Fprintf(a.out, "%s  %s\n", time.Now().Format(time.TimeOnly), strings.Join(parts, "   "))
}
