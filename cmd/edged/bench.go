package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest"
)

// benchFlags are the options of a load that come as texts.
type benchFlags struct {
	opts loadtest.Options
	ack  string
}

// load is one kind of load against a node.
type load func(context.Context, loadtest.Options) (loadtest.Result, error)

func (a *app) benchCommand() *cobra.Command {
	parent := commandsOnly(&cobra.Command{
		Use: "bench", Short: "Measure a node",
		Long: "Puts load on a node, from this machine, and measures it. The stream is made when it is not there.",
	})
	kinds := []struct {
		name, short string
		run         load
	}{
		{"publish", "Publish batches from many connections", loadtest.Publish},
		{"subscribe", "Read a stream back from its beginning", loadtest.Subscribe},
		{"fanout", "Publish to many live subscribers", loadtest.Fanout},
	}
	for _, k := range kinds {
		b := &benchFlags{}
		cmd := &cobra.Command{
			Use: k.name, Short: k.short, Args: exactly(0, "no argument"),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.bench(cmd.Context(), k.run, b) },
		}
		b.add(cmd.Flags(), k.name)
		parent.AddCommand(cmd)
	}
	return parent
}

func (b *benchFlags) add(f *pflag.FlagSet, kind string) {
	o := &b.opts
	f.StringVar(&o.Stream, "stream", "bench", "`name` of the stream")
	f.IntVar(&o.Clients, "clients", 0, "`number` of connections; default 16, and 1,000 for a fan-out")
	f.IntVar(&o.Batch, "batch", 0, "`events` of one publish; default 100")
	f.IntVar(&o.EventBytes, "size", 0, "`bytes` of one event's data; default 128")
	f.DurationVar(&o.Duration, "duration", 0, "how `long` to measure; default 5s")
	f.DurationVar(&o.Warmup, "warmup", 0, "how `long` to run before; default 500ms")
	f.StringVar((*string)(&o.Transport), "transport", "", "`way` to the node: http or ws")
	f.StringVar((*string)(&o.Format), "format", "", "`form` of events: ndjson, json or msgpack")
	f.IntVar(&o.PID, "pid", 0, "`process` of the node, to measure its CPU; default: its /metrics")
	switch kind {
	case "publish":
		f.StringVar(&b.ack, "ack", "disk", "`level` to publish at")
		f.IntVar(&o.InFlight, "in-flight", 0, "`publishes` under way on one WebSocket; default 1")
	case "fanout":
		f.StringVar(&b.ack, "ack", "disk", "`level` to publish at")
		f.IntVar(&o.Window, "window", 0, "`events` that the publisher may be ahead; default 1,000")
		f.IntVar(&o.Rate, "rate", 0, "`events` a second; 0: as fast as the window lets it")
		f.StringVar(&o.Query, "query", "", "`text` to add to the subscribers' URL")
	case "subscribe":
		f.StringVar(&o.Query, "query", "", "`text` to add to the readers' URL, such as envelope=data")
	}
}

func (a *app) bench(ctx context.Context, run load, b *benchFlags) error {
	ack, err := edged.ParseAck(b.ack)
	if err != nil {
		return usage("--ack %q: want memory, disk, region or regions:N", b.ack)
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	if _, err := c.Version(ctx); err != nil {
		return err
	}
	b.opts.Server, b.opts.Ack = c.URL(), ack
	if b.opts.Token, err = a.token(); err != nil {
		return err
	}
	res, err := run(ctx, b.opts)
	if err != nil {
		return err
	}
	if err := a.printResult(&res); err != nil {
		return err
	}
	if res.Errors > 0 {
		return fmt.Errorf("%d requests failed, the first with: %s", res.Errors, res.FirstErr)
	}
	if res.Missing > 0 {
		return errors.New("events are missing")
	}
	return nil
}

func (a *app) printResult(res *loadtest.Result) error {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	l := &res.Latency
	if a.json() {
		out := map[string]any{
			"events": res.Events, "requests": res.Requests, "bytes": res.Bytes, "errors": res.Errors,
			"seconds": res.Elapsed.Seconds(), "events_per_second": res.Rate, "missing": res.Missing,
		}
		if l.Max > 0 {
			out["latency_ms"] = map[string]float64{"p50": ms(l.P50), "p90": ms(l.P90), "p99": ms(l.P99), "p999": ms(l.P999), "max": ms(l.Max)}
		}
		if res.ServerCPU >= 0 {
			out["server_cpu_seconds_per_million"] = res.ServerCPU
		}
		return a.printJSON(out)
	}
	cpu := "unknown"
	if res.ServerCPU >= 0 {
		cpu = fmt.Sprintf("%.2f s for a million events", res.ServerCPU)
	}
	rows := [][]string{
		{"events", countText(res.Events)}, {"requests", countText(res.Requests)},
		{"time", res.Elapsed.Round(time.Millisecond).String()},
		{"rate", countText(int64(res.Rate)) + " events/s"},
		{"throughput", sizeText(int64(float64(res.Bytes)/max(res.Elapsed.Seconds(), 1e-9))) + "/s"},
		{"node's CPU", cpu}, {"errors", countText(res.Errors)},
	}
	if l.Max > 0 { // not every load measures it
		rows = append(rows, [][]string{
			{"latency p50", l.P50.String()}, {"p90", l.P90.String()}, {"p99", l.P99.String()},
			{"p99.9", l.P999.String()}, {"max", l.Max.String()},
		}...)
	}
	if res.Missing > 0 {
		rows = append(rows, []string{"missing", countText(res.Missing)})
	}
	return a.printTable(nil, rows)
}
