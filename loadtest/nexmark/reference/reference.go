// Package reference answers queries over the events of Nexmark with SQLite, which shares no code
// with the house: what a node says is held against it.
//
//	db, err := reference.Open()
//	defer db.Close()
//	err = db.Add(ctx, events)              // as a node gave them back, so with their stamps
//	want, err := db.Rows(ctx, text)
//
// Each stream is a table whose columns are its events' fields, beside them where an event stands:
//
//	wall     Unix nanoseconds of its stamp, which is its _ingest    logical   the stamp's counter
//	origin   hexadecimal digits                                     part, seq its place in the log
//
// so (dateTime, wall, logical, origin, part, seq) is the order of FIRST, LAST and ties.
package reference

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the engine

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest/nexmark/table"
)

// Stored is an event and where it stands.
type Stored struct {
	Stream    string // person, auction or bid
	Data      []byte
	Stamp     edged.Timestamp
	Origin    edged.OriginID
	Partition edged.Partition
	Sequence  edged.Sequence
}

// fields of each stream.
var fields = map[string][]string{ // read-only
	"person":  {"id", "name", "emailAddress", "creditCard", "city", "state", "dateTime", "extra"},
	"auction": {"id", "itemName", "description", "initialBid", "reserve", "dateTime", "expires", "seller", "category", "extra"},
	"bid":     {"auction", "bidder", "price", "channel", "url", "dateTime", "extra"},
}

// DB holds events in memory. It is for one goroutine.
type DB struct{ db *sql.DB }

// Open makes empty tables.
func Open(ctx context.Context) (*DB, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	d := &DB{db}
	for _, stream := range []string{"person", "auction", "bid"} {
		create := fmt.Sprintf("CREATE TABLE %s (%s, wall, logical, origin, part, seq)", stream, strings.Join(fields[stream], ", "))
		if _, err := db.ExecContext(ctx, create); err != nil {
			return nil, errors.Join(fmt.Errorf("reference: %w", err), d.Close())
		}
	}
	if _, err := db.ExecContext(ctx, "CREATE INDEX sellers ON auction (seller); CREATE INDEX times ON bid (dateTime)"); err != nil {
		return nil, errors.Join(fmt.Errorf("reference: %w", err), d.Close())
	}
	return d, nil
}

// Close lets the memory go.
func (d *DB) Close() error { return d.db.Close() }

// Add puts events into the tables of their streams.
func (d *DB) Add(ctx context.Context, events []Stored) (err error) {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("reference: %w", err), tx.Rollback())
		}
	}()
	insert := map[string]*sql.Stmt{}
	for stream, names := range fields {
		var values strings.Builder
		for _, name := range names {
			fmt.Fprintf(&values, "?1 ->> '%s', ", name)
		}
		if insert[stream], err = tx.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s?2, ?3, ?4, ?5, ?6", stream, values.String())); err != nil {
			return err
		}
	}
	for _, e := range events {
		into := insert[e.Stream]
		if into == nil {
			return fmt.Errorf("no table for the stream %q", e.Stream)
		}
		if _, err := into.ExecContext(ctx, string(e.Data), e.Stamp.Wall, int64(e.Stamp.Logical),
			hex.EncodeToString(e.Origin[:]), int64(e.Partition), int64(e.Sequence)); err != nil {
			return fmt.Errorf("%s %s: %w", e.Stream, e.Data, err)
		}
	}
	return tx.Commit()
}

// Rows answers a query. Columns named in texts hold JSON.
func (d *DB) Rows(ctx context.Context, query string, texts ...string) (t table.Table, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reference: %w", err)
		}
	}()
	rows, err := d.db.QueryContext(ctx, query)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if t.Columns, err = rows.Columns(); err != nil {
		return t, err
	}
	isJSON := map[string]bool{}
	for _, name := range texts {
		isJSON[name] = true
	}
	for rows.Next() {
		row, at := make([]any, len(t.Columns)), make([]any, len(t.Columns))
		for i := range row {
			at[i] = &row[i]
		}
		if err := rows.Scan(at...); err != nil {
			return t, err
		}
		for i, column := range t.Columns {
			if text, ok := row[i].(string); ok && isJSON[column] {
				row[i], err = table.ParseJSON(text)
			} else {
				row[i], err = table.Cell(row[i])
			}
			if err != nil {
				return t, err
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t, rows.Err()
}
