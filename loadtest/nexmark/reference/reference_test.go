package reference

import (
	"context"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest/nexmark/table"
)

func TestAddAndRows(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bid := Stored{
		Stream: "bid", Data: []byte(`{"auction":7,"price":50,"extra":"it's","dateTime":1000}`),
		Stamp: edged.Timestamp{Wall: 1_795_000_000_123_456_789, Logical: 3}, Origin: edged.OriginID{0xab}, Partition: 1, Sequence: 2,
	}
	if err := db.Add(ctx, []Stored{bid}); err != nil {
		t.Fatal(err)
	}
	got, err := db.Rows(ctx, `SELECT auction, bidder, price / 100.0 AS euros, extra, wall, logical, origin, part, seq,
		json_object('p', price, 'a', auction) AS both FROM bid`, "both")
	if err != nil {
		t.Fatal(err)
	}
	want := table.Table{Columns: got.Columns, Rows: [][]any{{
		int64(7), nil, 0.5, "it's", int64(1_795_000_000_123_456_789), int64(3), "ab000000000000000000", int64(1), int64(2),
		table.JSON(`{"a":7,"p":50}`),
	}}}
	if err := table.Compare(got, want, table.Rules{}); err != nil {
		t.Error(err)
	}
}

// TestAddRefuses: of events that cannot all be added none is.
func TestAddRefuses(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	good := Stored{Stream: "person", Data: []byte(`{"id":1}`)}
	for _, bad := range []Stored{{Stream: "people", Data: []byte(`{}`)}, {Stream: "bid", Data: []byte(`{"auction":`)}} {
		if err := db.Add(ctx, []Stored{good, bad}); err == nil {
			t.Errorf("%s %s was added", bad.Stream, bad.Data)
		}
	}
	if got, err := db.Rows(ctx, `SELECT id FROM person`); err != nil || len(got.Rows) != 0 {
		t.Errorf("%v, %v; want no person", got.Rows, err)
	}
	if _, err := db.Rows(ctx, `SELECT nothing FROM person`); err == nil {
		t.Error("a column that is not there was selected")
	}
}
