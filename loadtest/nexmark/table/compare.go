package table

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Rules say which columns need not be equal.
type Rules struct {
	Close     []string // DOUBLE: to 1e-12 of the value
	Estimated []string // counts of distinct values: past 1,024 to three times 0.8 %
}

const (
	closeTo    = 1e-12
	exactUpTo  = 1024
	estimateTo = 3 * 0.008
	shown      = 3 // rows of each kind in a message
)

// Difference is how two tables differ.
type Difference struct {
	Got, Want int      // rows
	Missing   int      // wanted, not got
	Extra     int      // got, not wanted
	Unequal   int      // rows whose close or estimated columns are too far off
	First     []string // some of each, for people
}

// Error shows the first rows of each kind.
func (d *Difference) Error() string {
	return fmt.Sprintf("%d rows, want %d: %d missing, %d too many, %d too far off\n  %s",
		d.Got, d.Want, d.Missing, d.Extra, d.Unequal, strings.Join(d.First, "\n  "))
}

// Compare is nil where two tables hold the same rows, by the rules; else a *Difference, or an
// error where they cannot be compared.
func Compare(got, want Table, rules Rules) error {
	if !slices.Equal(got.Columns, want.Columns) {
		return fmt.Errorf("table: columns %q, want %q", got.Columns, want.Columns)
	}
	c := comparison{table: &want}
	var err error
	if c.close, err = want.places(rules.Close); err != nil {
		return err
	}
	if c.estimated, err = want.places(rules.Estimated); err != nil {
		return err
	}
	g, w := c.keyed(got.Rows), c.keyed(want.Rows)
	c.Got, c.Want = len(g), len(w)
	for i, j := 0, 0; i < len(g) || j < len(w); {
		switch {
		case j == len(w) || i < len(g) && g[i].key < w[j].key:
			c.note(&c.Extra, "too many: %s", c.table.show(g[i].row))
			i++
		case i == len(g) || g[i].key > w[j].key:
			c.note(&c.Missing, "missing: %s", c.table.show(w[j].row))
			j++
		default:
			c.pair(g[i].row, w[j].row)
			i, j = i+1, j+1
		}
	}
	if c.Missing+c.Extra+c.Unequal == 0 {
		return nil
	}
	return &c.Difference
}

type comparison struct {
	Difference
	table            *Table
	close, estimated []int
}

type keyedRow struct {
	key string // of the columns that have to be equal
	row []any
}

// keyed sorts rows by what has to be equal, then by the rest.
func (c *comparison) keyed(rows [][]any) []keyedRow {
	all := make([]keyedRow, len(rows))
	for i, row := range rows {
		var key strings.Builder
		for j, cell := range row {
			if !slices.Contains(c.close, j) && !slices.Contains(c.estimated, j) {
				fmt.Fprintf(&key, "%T %v\x00", cell, cell)
			}
		}
		all[i] = keyedRow{key.String(), row}
	}
	slices.SortFunc(all, func(a, b keyedRow) int {
		if d := cmp.Compare(a.key, b.key); d != 0 {
			return d
		}
		for _, at := range append(c.close[:len(c.close):len(c.close)], c.estimated...) {
			x, _ := size(a.row[at])
			y, _ := size(b.row[at])
			if d := cmp.Compare(x, y); d != 0 {
				return d
			}
		}
		return 0
	})
	return all
}

// pair compares what may differ a little in two rows that are equal otherwise.
func (c *comparison) pair(got, want []any) {
	off := func(at int, within func(got, want float64) bool) bool {
		g, isNumber := size(got[at])
		w, wasNumber := size(want[at])
		switch {
		case !isNumber || !wasNumber:
			return got[at] != want[at]
		default:
			return !within(g, w)
		}
	}
	for _, at := range c.close {
		if off(at, func(g, w float64) bool { return math.Abs(g-w) <= closeTo*math.Abs(w) }) {
			c.note(&c.Unequal, "%s is %v: %s", c.table.Columns[at], got[at], c.table.show(want))
			return
		}
	}
	for _, at := range c.estimated {
		if off(at, func(g, w float64) bool { return g == w || w > exactUpTo && math.Abs(g-w) <= estimateTo*w }) {
			c.note(&c.Unequal, "%s is %v: %s", c.table.Columns[at], got[at], c.table.show(want))
			return
		}
	}
}

func (c *comparison) note(count *int, form string, args ...any) {
	if *count++; *count <= shown {
		c.First = append(c.First, fmt.Sprintf(form, args...))
	}
}

// size is a cell as a number, if it is one.
func size(cell any) (float64, bool) {
	switch v := cell.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
