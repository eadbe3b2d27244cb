package query

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/reference"
	"github.com/edgedhq/edged/loadtest/nexmark/table"
	"github.com/edgedhq/edged/streams/sql"
)

// TestParse: each query is one that the house reads.
func TestParse(t *testing.T) {
	for _, q := range Phase1() {
		if _, err := sql.Parse(q.SQL); err != nil {
			t.Errorf("%s: %v", q.Name, err)
		}
		if q.Flink == "" {
			t.Errorf("%s has no form for Flink", q.Name)
		}
	}
}

// noon is 12:00:00 on 1 March 2026 in Unix milliseconds.
const noon = 1_772_366_400_000

// TestByHand: what the reference gives for a few events whose answers are known. A line of events
// is a stream, milliseconds after noon, and the fields that matter; one of rows is their cells.
func TestByHand(t *testing.T) {
	for _, tc := range append(windowsByHand(), othersByHand()...) {
		got := answer(t, tc.query, tc.events)
		want := strings.Split(tc.want, " ; ")
		slices.Sort(want)
		if got != strings.Join(want, " ; ") {
			t.Errorf("%s over\n%s\n gave %s\n want %s", tc.query, tc.events, got, tc.want)
		}
	}
}

func find(t *testing.T, name string) Query {
	t.Helper()
	all := Phase1()
	at := slices.IndexFunc(all, func(q Query) bool { return q.Name == name })
	if at < 0 {
		t.Fatalf("no query %s", name)
	}
	return all[at]
}

// answer plays lines of events and writes the rows, windows in milliseconds after noon.
func answer(t *testing.T, name, lines string) string {
	t.Helper()
	var events []reference.Stored
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var stream, data string
		var at int64
		if _, err := fmt.Sscan(line, &stream, &at); err != nil {
			t.Fatal(err)
		}
		data = line[strings.IndexByte(line, '{'):]
		n := len(events)
		events = append(events, reference.Stored{
			Stream: stream, Data: []byte(fmt.Sprintf(`{"dateTime":%d,%s`, noon+at, data[1:])),
			Stamp: edged.Timestamp{Wall: (noon + int64(n)*1000) * 1e6}, Sequence: edged.Sequence(n + 1),
		})
	}
	q := find(t, name)
	got := rows(t, q, events)
	var all []string
	for _, row := range got.Rows {
		var cells []string
		for i, cell := range row {
			if ms, ok := cell.(int64); ok && strings.HasPrefix(got.Columns[i], "window_") {
				cell = ms - noon
			}
			if name == "q19" && i == 1 {
				cell = bidders(t, cell)
			}
			cells = append(cells, fmt.Sprint(cell))
		}
		all = append(all, strings.Join(cells, " "))
	}
	slices.Sort(all)
	return strings.Join(all, " ; ")
}

func rows(t *testing.T, q Query, events []reference.Stored) table.Table {
	t.Helper()
	db, err := reference.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Add(context.Background(), events); err != nil {
		t.Fatal(err)
	}
	got, err := db.Rows(context.Background(), q.Reference, q.JSON...)
	if err != nil {
		t.Fatalf("%s: %v", q.Name, err)
	}
	return got
}

func bidders(t *testing.T, cell any) (all []int) {
	t.Helper()
	var top []struct{ Bidder int }
	if err := json.Unmarshal([]byte(cell.(table.JSON)), &top); err != nil {
		t.Fatal(err)
	}
	for _, bid := range top {
		all = append(all, bid.Bidder)
	}
	return all
}

// TestMarket: over a market every query has rows, and those that sum up lose nothing.
func TestMarket(t *testing.T) {
	var events []reference.Stored
	bids := 0
	all := market.New(market.Options{Events: 10_000, Rate: 200, Breaks: 2}).All()
	for n, e := range market.Deal(all, 1, 0, 0)[0] {
		events = append(events, reference.Stored{Stream: e.Kind.Stream(), Data: e.Data, Stamp: edged.Timestamp{Wall: int64(n) * 1e7}, Sequence: edged.Sequence(n + 1)})
		if e.Kind == market.Bid {
			bids++
		}
	}
	sums := map[string]string{"q11": "bids", "q12": "bids", "q15": "total_bids", "q16": "total_bids", "q17": "total_bids"}
	for _, q := range Phase1() {
		got := rows(t, q, events)
		if len(got.Rows) == 0 {
			t.Errorf("%s has no rows", q.Name)
		}
		if got := slices.Contains(got.Columns, "window_start"); got != q.Window {
			t.Errorf("%s: window_start is there: %v, want %v", q.Name, got, q.Window)
		}
		if err := table.Compare(got, got, table.Rules{Close: q.Close, Estimated: q.Estimated}); err != nil {
			t.Errorf("%s with itself: %v", q.Name, err)
		}
		if at := slices.Index(got.Columns, sums[q.Name]); at >= 0 {
			sum := 0
			for _, row := range got.Rows {
				sum += int(row[at].(int64))
			}
			if sum != bids {
				t.Errorf("%s counts %d bids of %d", q.Name, sum, bids)
			}
		}
	}
}
