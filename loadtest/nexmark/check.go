package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/query"
	"github.com/edgedhq/edged/loadtest/nexmark/reference"
	"github.com/edgedhq/edged/loadtest/nexmark/table"
)

// checkOn runs the queries on fresh nodes and holds all rows of all nodes against the reference.
func (s settings) checkOn(ctx context.Context, nodes int, queries []query.Query) (err error) {
	began := time.Now()
	w, err := s.start(ctx, nodes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.end()) }()
	events := market.New(s.market()).All()
	dealt := market.Deal(events, nodes, disorder, s.seed)
	last := events[len(events)-1].Time

	early, late := halves(queries, nodes)
	if err := w.define(ctx, early); err != nil {
		return err
	}
	if err := w.publish(ctx, dealt); err != nil {
		return err
	}
	ends := make([][]market.Event, nodes)
	for i := range ends {
		ends[i] = closing(i, last)
	}
	if err := w.publish(ctx, ends); err != nil {
		return err
	}
	if err := w.define(ctx, late); err != nil {
		return err
	}
	published := append(dealt, ends...)
	if err := w.hold(ctx, published); err != nil {
		return err
	}
	c := checking{world: w, limit: s.limit, settled: last + (ahead - disorder).Milliseconds()}
	if err := c.load(ctx, published); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.db.Close()) }()
	failed := c.all(ctx, queries)
	fmt.Printf("%d nodes, %d events, seed %d: %d of %d queries right, %v\n", nodes, len(events), s.seed,
		len(queries)-failed, len(queries), time.Since(began).Round(100*time.Millisecond))
	if failed > 0 {
		return fmt.Errorf("%d queries are not right on %d nodes", failed, nodes)
	}
	return nil
}

// halves says which functions are there before the events: every second query on one node, the
// others on three, so that each is followed once and backfilled once.
func halves(queries []query.Query, nodes int) (early, late []query.Query) {
	for i, q := range queries {
		if (i+nodes/2)%2 == 0 {
			early = append(early, q)
		} else {
			late = append(late, q)
		}
	}
	return early, late
}

// define puts functions, each at another node, and waits until all nodes know them.
func (w *world) define(ctx context.Context, queries []query.Query) error {
	for i, q := range queries {
		if err := w.nodes[i%len(w.nodes)].put(ctx, q, nil); err != nil {
			return err
		}
	}
	for _, n := range w.nodes {
		for _, q := range queries {
			err := within(ctx, 10*time.Second, q.Name+" at "+n.name, func() (bool, error) {
				_, err := n.client.Function(ctx, q.Name)
				return err == nil, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type checking struct {
	world   *world
	db      *reference.DB
	limit   time.Duration
	settled int64 // windows that end until then are past, in Unix milliseconds of event time
}

// load fills the reference with what the first node holds.
func (c *checking) load(ctx context.Context, published [][]market.Event) error {
	back, err := c.world.nodes[0].readBack(ctx, published)
	if err != nil {
		return err
	}
	if c.db, err = reference.Open(ctx); err != nil {
		return err
	}
	if err := c.db.Add(ctx, back); err != nil {
		return errors.Join(err, c.db.Close())
	}
	return nil
}

// all checks each query at each node, tells how it went, and counts those that are not right.
func (c *checking) all(ctx context.Context, queries []query.Query) (failed int) {
	for _, q := range queries {
		began := time.Now()
		want, err := c.db.Rows(ctx, q.Reference, q.JSON...)
		if err == nil && len(want.Rows) == 0 {
			err = errors.New("the reference has no rows")
		}
		if err == nil {
			err = c.everywhere(ctx, q, want)
		}
		if err != nil {
			failed++
			fmt.Printf("  %-4s WRONG %v\n", q.Name, err)
			continue
		}
		fmt.Printf("  %-4s right, %d rows, after %v\n", q.Name, len(want.Rows), time.Since(began).Round(10*time.Millisecond))
	}
	return failed
}

// everywhere checks one query at all nodes; of one that is not right the counts are told too.
func (c *checking) everywhere(ctx context.Context, q query.Query, want table.Table) error {
	var failed []error
	for _, n := range c.world.nodes {
		if err := c.right(ctx, n, q, want); err != nil {
			state, stateErr := n.state(ctx, q)
			failed = append(failed, fmt.Errorf("at %s: %w\n  %s", n.name, err, state), stateErr)
		}
	}
	return errors.Join(failed...)
}

// right waits until a node's rows are those wanted, and as final as they have to be.
func (c *checking) right(ctx context.Context, n *node, q query.Query, want table.Table) error {
	return within(ctx, c.limit, "the rows of "+q.Name, func() (bool, error) {
		if q.Into {
			if info, err := n.client.Stream(ctx, q.Name); err != nil || info.Events < int64(len(want.Rows)) {
				return false, errors.Join(err, fmt.Errorf("%d events, want %d", info.Events, len(want.Rows)))
			}
		}
		rows, err := c.answer(ctx, n, q)
		if err != nil {
			return false, err
		}
		got, err := table.FromObjects(want.Columns, rows)
		if err != nil {
			return false, err
		}
		if err := table.Compare(got, want, table.Rules{Close: q.Close, Estimated: q.Estimated}); err != nil {
			return false, err
		}
		return true, c.final(q, got, rows)
	})
}

func (c *checking) answer(ctx context.Context, n *node, q query.Query) ([][]byte, error) {
	if q.Into {
		return n.outputs(ctx, q.Name)
	}
	return n.rows(ctx, q)
}

// final says whether the rows of past windows are final, or revised, and none lacks anything.
func (c *checking) final(q query.Query, got table.Table, rows [][]byte) error {
	end := slices.Index(got.Columns, "window_end")
	if end < 0 {
		return nil
	}
	for i, row := range rows {
		var says struct {
			Status     string          `json:"_status"`
			Excluded   json.RawMessage `json:"_excluded"`
			Incomplete bool            `json:"_incomplete"`
		}
		if err := json.Unmarshal(row, &says); err != nil {
			return fmt.Errorf("row %s: %w", row, err)
		}
		past := q.Ingest || got.Rows[i][end].(int64) <= c.settled
		if past && says.Status != "final" && says.Status != "revised" || says.Incomplete || len(says.Excluded) > 0 {
			return fmt.Errorf("the window of %s is past, without exclusions", row)
		}
	}
	return nil
}
