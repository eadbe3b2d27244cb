package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/query"
)

// figure is one measurement: what a million events cost, and how many went through in a second.
type figure struct{ cpu, rate float64 }

// measurements are medians by query.
type measurements map[string]figure

// measure prints the figures of each query on one node whose streams are full already.
func (s settings) measure(ctx context.Context, queries []query.Query) (_ measurements, err error) {
	w, err := s.start(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.end()) }()
	o := s.load()
	dealt := market.Deal(market.New(o).All(), 1, disorder, s.seed)
	if err := w.publish(ctx, dealt); err != nil {
		return nil, err
	}
	medians := measurements{}
	fmt.Printf("\nedged, %d events over %v of event time, medians of %d\n", len(dealt[0]), time.Duration(o.Events/o.Rate)*time.Second, s.rounds)
	printHead()
	for _, q := range queries {
		var all []figure
		for range s.rounds {
			f, err := w.nodes[0].backfill(ctx, q, len(dealt[0]))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", q.Name, err)
			}
			all = append(all, f)
		}
		medians[q.Name] = printFigure(q.Name, all)
	}
	return medians, nil
}

// backfill measures from the PUT until the function has read all that the node holds. The events
// that count are all of the market's, as in the published figures of others, though most queries
// read bids alone.
func (n *node) backfill(ctx context.Context, q query.Query, events int) (figure, error) {
	before, err := n.life.CPU()
	if err != nil {
		return figure{}, err
	}
	began := time.Now()
	// A duration becomes a time at the PUT, so each round is another query: one that is deleted and
	// put again is found as it was.
	if err := n.put(ctx, q, map[string]string{"backfill": "24h"}); err != nil {
		return figure{}, err
	}
	if err := within(ctx, 5*time.Minute, "all events to be read", func() (bool, error) { return n.caughtUp(ctx, q) }); err != nil {
		return figure{}, err
	}
	took := time.Since(began)
	after, err := n.life.CPU()
	if err != nil {
		return figure{}, err
	}
	return figureOf(after-before, took, events), n.drop(ctx, q)
}

// caughtUp says whether a function has read each log of its streams to the end.
func (n *node) caughtUp(ctx context.Context, q query.Query) (bool, error) {
	reached, err := n.client.Completeness(ctx, q.Name, "")
	if err != nil {
		return false, err
	}
	at := map[string]map[string]uint64{}
	for _, origin := range reached.Origins {
		at[origin.Origin] = origin.Position
	}
	for _, stream := range q.Streams() {
		info, err := n.client.Stream(ctx, stream)
		if err != nil {
			return false, err
		}
		for _, log := range info.Origins {
			if at[log.Origin][fmt.Sprintf("%s/%d", stream, log.Partition)] < log.Last {
				return false, nil
			}
		}
	}
	return true, nil
}

func figureOf(cpu, took time.Duration, events int) figure {
	millions := float64(events) / 1e6
	return figure{cpu: cpu.Seconds() / millions, rate: float64(events) / took.Seconds()}
}

func printHead() { fmt.Printf("  %-5s %9s  %-13s %12s\n", "", "CPU s/M", "", "events/s") }

// printFigure shows medians, and between which values the processor time lay.
func printFigure(name string, all []figure) figure {
	cpus, rates := make([]float64, len(all)), make([]float64, len(all))
	for i, f := range all {
		cpus[i], rates[i] = f.cpu, f.rate
	}
	slices.Sort(cpus)
	slices.Sort(rates)
	median := figure{cpu: cpus[len(cpus)/2], rate: rates[len(rates)/2]}
	fmt.Printf("  %-5s %9.2f  %-13s %12.0f\n", name, median.cpu, fmt.Sprintf("%.2f..%.2f", cpus[0], cpus[len(cpus)-1]), median.rate)
	return median
}

// printRatios shows how many times as much processor time Flink took.
func printRatios(queries []query.Query, edged, flink measurements) {
	fmt.Printf("\nCPU s/M side by side\n  %-5s %9s %9s %9s\n", "", "edged", "Flink", "ratio")
	for _, q := range queries {
		e, f := edged[q.Name].cpu, flink[q.Name].cpu
		fmt.Printf("  %-5s %9.2f %9.2f %9.1f\n", q.Name, e, f, f/e)
	}
}
