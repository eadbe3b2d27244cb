package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/reference"
)

const (
	disorder = 2 * time.Second // out_of_orderness unless a query says otherwise
	ahead    = time.Minute     // how far past the last event the closing ones are: more than any window
	batch    = 1000            // events of a market in one go, over all streams
)

// publish sends each node its events, all nodes at a time, each stream's events in their order.
func (w *world) publish(ctx context.Context, dealt [][]market.Event) error {
	failed := make([]error, len(w.nodes))
	var all sync.WaitGroup
	for i, n := range w.nodes {
		all.Go(func() {
			for events := range slices.Chunk(dealt[i], batch) {
				if failed[i] = n.publish(ctx, events); failed[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// publish sends events as lines, the streams one after the other.
func (n *node) publish(ctx context.Context, events []market.Event) error {
	for _, kind := range market.Kinds() {
		var lines []byte
		for _, e := range events {
			if e.Kind == kind {
				lines = append(append(lines, e.Data...), '\n')
			}
		}
		if len(lines) == 0 {
			continue
		}
		body := client.Body{Type: "application/x-ndjson", Bytes: lines}
		opts := client.PublishOptions{Time: "/dateTime", Key: kind.Key(), RetryFor: 10 * time.Second}
		if _, err := n.client.PublishBody(ctx, kind.Stream(), body, opts); err != nil {
			return fmt.Errorf("publish to %s at %s: %w", kind.Stream(), n.name, err)
		}
	}
	return nil
}

// closing are the events that end a node's logs: one of each kind, so far ahead that all windows
// of the others are past, about people and auctions that nothing else knows.
func closing(node int, last int64) (all []market.Event) {
	at := last + ahead.Milliseconds()
	for _, kind := range market.Kinds() {
		form := map[market.Kind]string{
			market.Person: `{"id":%d,"name":"Last One","emailAddress":"","creditCard":"","city":"","state":"","dateTime":%d,"extra":""}`,
			market.Auction: `{"id":%d,"itemName":"","description":"","initialBid":1,"reserve":2,"dateTime":%d,"expires":9007199254740991,` +
				`"seller":1,"category":10,"extra":""}`,
			market.Bid: `{"auction":%d,"bidder":1,"price":1,"channel":"Apple","url":"https://www.nexmark.com/a/b/c/item.htm?query=1","dateTime":%d,"extra":""}`,
		}[kind]
		all = append(all, market.Event{Kind: kind, Time: at, Data: fmt.Appendf(nil, form, 1_000_000+node, at)})
	}
	return all
}

// hold waits until every node holds what was published, as many events as there are of each kind.
func (w *world) hold(ctx context.Context, dealt [][]market.Event) error {
	want := map[market.Kind]int64{}
	for _, e := range slices.Concat(dealt...) {
		want[e.Kind]++
	}
	for _, n := range w.nodes {
		for kind, count := range want {
			err := within(ctx, time.Minute, fmt.Sprintf("%d of %s at %s", count, kind.Stream(), n.name), func() (bool, error) {
				info, err := n.client.Stream(ctx, kind.Stream())
				return info.Events == count, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// readBack reads the three streams at a node, with their stamps, and checks that they are what was
// published.
func (n *node) readBack(ctx context.Context, dealt [][]market.Event) ([]reference.Stored, error) {
	published := map[string]int{}
	for _, e := range slices.Concat(dealt...) {
		published[e.Kind.Stream()+" "+string(e.Data)]++
	}
	var all []reference.Stored
	for _, kind := range market.Kinds() {
		err := n.each(ctx, kind.Stream(), func(e *client.Event) error {
			s, err := stored(e)
			if err != nil {
				return err
			}
			line := s.Stream + " " + string(s.Data)
			if published[line]--; published[line] < 0 {
				return fmt.Errorf("%s gave %s, which is there once too often", n.name, line)
			}
			if published[line] == 0 {
				delete(published, line)
			}
			all = append(all, s)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for line := range published {
		return nil, fmt.Errorf("%s lacks %d events, among them %s", n.name, len(published), line)
	}
	return all, nil
}

func stored(e *client.Event) (reference.Stored, error) {
	stamp, err := edged.ParseTimestamp(e.HLC)
	if err != nil {
		return reference.Stored{}, err
	}
	origin, err := edged.ParseOrigin(e.Origin)
	return reference.Stored{
		Stream: e.Stream, Data: slices.Clone(e.Bytes()), Stamp: stamp, Origin: origin.ID,
		Partition: edged.Partition(e.Partition), Sequence: edged.Sequence(e.Seq),
	}, err
}
