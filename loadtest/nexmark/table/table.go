// Package table holds rows, wherever they come from, and says how two tables differ.
//
//	got, err := table.FromObjects(columns, rows)     // what a node answered
//	err = table.Compare(got, want, table.Rules{Close: []string{"avg_price"}})
//
// Rows have no order: tables are compared as multisets. Rows that agree in all columns but those
// which may differ a little stand against one another, in the order of the latter.
//
// Cells are nil, bool, int64, float64, string or [JSON]. A number without a fraction is an int64
// whoever wrote it, an absent member is nil, and a window's bounds are Unix milliseconds.
package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Table is rows of the same columns.
type Table struct {
	Columns []string
	Rows    [][]any
}

// JSON is an object or an array, its members by name and without spaces.
type JSON string

// FromObjects reads JSON objects. A member whose name begins with _ says something about its row
// and is left out; any other that is no column is an error, unless it is null.
func FromObjects(columns []string, objects [][]byte) (Table, error) {
	t := Table{Columns: columns, Rows: make([][]any, 0, len(objects))}
	for _, o := range objects {
		row, err := fromObject(columns, o)
		if err != nil {
			return Table{}, fmt.Errorf("table: row %s: %w", o, err)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func fromObject(columns []string, object []byte) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	var members map[string]any
	if err := d.Decode(&members); err != nil {
		return nil, err
	}
	row := make([]any, len(columns))
	if !slices.ContainsFunc(columns, func(c string) bool { return members[c] != nil }) {
		return nil, fmt.Errorf("it has none of the columns %s", strings.Join(columns, ", "))
	}
	for i, column := range columns {
		cell, err := Cell(members[column])
		if err == nil && (column == "window_start" || column == "window_end") {
			cell, err = millis(cell)
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column, err)
		}
		row[i] = cell
		delete(members, column)
	}
	for name, v := range members {
		if v != nil && !strings.HasPrefix(name, "_") {
			return nil, fmt.Errorf("%s is no column of %s", name, strings.Join(columns, ", "))
		}
	}
	return row, nil
}

// Cell makes a cell of what encoding/json, with numbers as json.Number, or database/sql gives.
func Cell(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64, JSON:
		return v, nil
	case []byte:
		return string(v), nil
	case float64:
		if whole := int64(v); float64(whole) == v && math.Abs(v) < 1<<53 {
			return whole, nil
		}
		return v, nil
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole, nil
		}
		f, err := v.Float64()
		if err != nil {
			return nil, err
		}
		return Cell(f)
	case map[string]any, []any:
		text, err := json.Marshal(v)
		return JSON(text), err
	}
	return nil, fmt.Errorf("a %T is no cell", v)
}

// ParseJSON makes a cell of a text of JSON.
func ParseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("table: %q: %w", text, err)
	}
	return Cell(v)
}

// millis reads a window's bound: RFC 3339, or Unix milliseconds already.
func millis(cell any) (any, error) {
	text, ok := cell.(string)
	if !ok {
		return cell, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err == nil && at.Nanosecond()%int(time.Millisecond) != 0 {
		err = fmt.Errorf("%s is between two milliseconds", text)
	}
	return at.UnixMilli(), err
}

// places are where columns stand.
func (t *Table) places(columns []string) ([]int, error) {
	var at []int
	for _, c := range columns {
		i := slices.Index(t.Columns, c)
		if i < 0 {
			return nil, fmt.Errorf("table: no column %s in %s", c, strings.Join(t.Columns, ", "))
		}
		at = append(at, i)
	}
	return at, nil
}

// show writes a row for people, at most a line of it.
func (t *Table) show(row []any) string {
	var parts []string
	for i, c := range row {
		text := fmt.Sprint(c)
		if len(text) > 60 {
			text = text[:57] + "..."
		}
		parts = append(parts, t.Columns[i]+"="+text)
	}
	return strings.Join(parts, " ")
}
