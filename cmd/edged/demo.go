package main

import (
	"context"
	"fmt"
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
			"the stream " + demo.Stream + ", and the time that they take to the other regions is shown.\n" +
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
	a.note("\nTry, in another terminal:\n"+
		"  edged sub %s --server %s\n"+
		"  edged mesh lag --server %s\n"+
		"  edged verify --server %s --wait 10s\n"+
		"  curl -X PUT -d '{\"cut\":true}' %s/v1/links/%s\n",
		demo.Stream, first.URL, first.URL, first.URL, first.URL, last.Region)
}

// showWays prints the times of one period: a line, or an array.
func (a *app) showWays(ways []demo.Way) {
	if a.json() {
		_ = a.printJSON(ways) // who closes the output has seen enough
		return
	}
	parts := make([]string, len(ways))
	for i, w := range ways {
		parts[i] = fmt.Sprintf("%s > %s %.1f ms", w.From, w.To, float64(w.Median.Microseconds())/1000)
	}
	if len(parts) == 0 {
		parts = []string{"nothing crossed"}
	}
	fmt.Fprintf(a.out, "%s  %s\n", time.Now().Format(time.TimeOnly), strings.Join(parts, "   "))
}
