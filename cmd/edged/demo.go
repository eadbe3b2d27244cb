package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
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
			"emulated delay in brackets. With each of them a node counts a visit in the collection " + demo.Visitors + " and\n" +
			"adds its name to the set in " + demo.Present + ": what each region shows of both is shown. The function\n" +
			demo.Function + " counts the readings of all regions in windows of 5 s: each region's own answer is shown as a\n" +
			"table, with how complete it is.\n" +
			"SIGINT (Ctrl-C) ends it and removes its data.",
		Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

func (a *app) demo(ctx context.Context) error {
	a.note("three nodes are starting")
	return demo.Run(ctx, demo.Options{
		Version: buildVersion(), Log: newLogger(a.errs, "warn", "auto"),
		Started: a.greetDemo, Report: a.showPeriod,
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
		"  %[1]s collections update %[7]s %[8]s --increment 100 --server %[2]s\n"+
		"  %[1]s collections watch %[7]s --server %[9]s\n"+
		"  %[1]s functions watch %[11]s --server %[9]s\n"+
		"Cut %[4]s off from %[5]s, and heal it:\n"+
		"  curl -X PUT -d '{\"cut\":true}' %[6]s\n"+
		"  curl -X PUT -d '{\"cut\":false}' %[6]s\n\n"+
		"What follows is how long events take, the median of each 5 s, with the emulated delay in brackets, and\n"+
		"what the regions show of the collections %[7]s and %[10]s, and of the function %[11]s.\n"+
		"Ctrl-C ends the demo and removes its data.\n",
		edged, first.URL, demo.Stream, first.Region, last.Region, link, demo.Visitors, demo.VisitorsKey, last.URL, demo.Present, demo.Function)
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

// showPeriod prints what one period has brought: two lines and a table, or an object.
func (a *app) showPeriod(p demo.Period) {
	if a.json() {
		_ = a.printJSON(p) // who closes the output has seen enough
		return
	}
	now := time.Now().Format(time.TimeOnly)
	indent := strings.Repeat(" ", len(now)) + "  "
	fmt.Fprintf(a.out, "%s  %s\n%s%s\n", now, waysText(p.Ways), indent, seenText(p.Seen))
	showTables(a.out, indent, p.Tables)
}

// showTables prints each region's newest windows.
func showTables(out io.Writer, indent string, tables []demo.Table) {
	if len(tables) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%sAT\tWINDOW OF %s\tREADINGS\tNODES\tCPU\tSTATUS\tCOMPLETE TO\n", indent, strings.ToUpper(demo.Function))
	for _, t := range tables {
		complete := "nothing yet"
		if at, err := time.Parse(time.RFC3339, t.Watermark); err == nil {
			complete = at.Local().Format(time.TimeOnly)
		}
		if len(t.Away) > 0 {
			complete += ", not heard: " + strings.Join(t.Away, ", ")
		}
		for _, win := range t.Windows {
			status := win.Status
			if len(win.Excluded) > 0 {
				status += " without " + strings.Join(win.Excluded, ", ")
			}
			fmt.Fprintf(w, "%s%s\t%s to %s\t%d\t%d\t%.1f %%\t%s\t%s\n", indent, harmless(t.Region),
				win.Start.Local().Format(time.TimeOnly), win.End.Local().Format(time.TimeOnly),
				win.Readings, win.Nodes, win.CPU, harmless(status), harmless(complete))
		}
	}
	_ = w.Flush() // who closes the output has seen enough
}

func waysText(ways []demo.Way) string {
	if len(ways) == 0 {
		return "nothing crossed"
	}
	parts := make([]string, len(ways))
	for i, w := range ways {
		parts[i] = fmt.Sprintf("%s > %s %.1f ms (%d)", w.From, w.To, float64(w.Median.Microseconds())/1000, w.Delay.Milliseconds())
	}
	return strings.Join(parts, "   ")
}

// seenText is what the regions show: once when they agree.
func seenText(seen []demo.Seen) string {
	regions := make([]string, len(seen))
	for i, s := range seen {
		regions[i] = fmt.Sprintf("%s %s, %s", s.Region, countText(s.Visitors), presentText(s.Present))
	}
	if len(seen) == 0 || !demo.Same(seen) {
		return "visitors and present: " + strings.Join(regions, "   ")
	}
	for i, s := range seen {
		regions[i] = s.Region
	}
	return fmt.Sprintf("visitors and present: %s, %s in %s", countText(seen[0].Visitors), presentText(seen[0].Present), strings.Join(regions, ", "))
}

func presentText(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return harmless(strings.Join(names, "+"))
}
