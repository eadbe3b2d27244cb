// Package timeline reads the tables of COLLECTIONS.md, in which regions change one key at the same
// time, and plays them: the page says what is so, or a test fails.
//
//	| `{"type":"flag"}` | eu                               | us                              |
//	| ---               | ---                              | ---                             |
//	| together          | `{"enable":true}` → `true`       | `true`                          |
//	| us alone          | `{"disable":true}` → absent      | `{"enable":true}` → `true`      |
//	| together          | `true`                           | `true`                          |
//
// A row is played in three steps: links are set as its first cell says, the operations of its
// cells are carried out from left to right, and when all that reach one another have told one
// another, each region has to show what its cell says. A cell is
//
//	[`OPERATION` [refused `CODE`] →] absent | `VALUE` [conflicts `VALUES`]
//
// where a value that ends in … says only how it begins.
//
// # Not here
//
// Worlds: the values themselves play it in package crdt, processes in loadtest/mesh.
package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Timeline is one table.
type Timeline struct {
	Line       int // of the page
	Definition string
	Regions    []string
	Rows       []Row
}

// Row is a while in which who reaches whom stays as it is.
type Row struct {
	Line   int
	Groups [][]int // of regions that reach one another
	Cells  []Cell  // one a region
}

// Cell is what happens in a region, and what it shows after that.
type Cell struct {
	Do      string // JSON of operations, Delete, or nothing
	Refused string // with this code
	Shown
}

// Delete is the operation that is not JSON.
const Delete = "DELETE"

// Shown is what a GET answers.
type Shown struct {
	Value     string // JSON; none is an absent key
	Conflicts string // JSON; none when there are not several values
}

// Parse finds the timelines of a page: all tables whose first cell is a definition.
func Parse(page string) ([]Timeline, error) {
	var all []Timeline
	var now *Timeline
	for i, line := range strings.Split(page, "\n") {
		cells := split(line)
		switch {
		case cells == nil:
			now = nil
		case now == nil && strings.HasPrefix(cells[0], "`{"):
			all = append(all, Timeline{Line: i + 1, Definition: strings.Trim(cells[0], "`"), Regions: cells[1:]})
			now = &all[len(all)-1]
		case now != nil && cells[0] != "---":
			row, err := now.row(cells)
			if err != nil {
				return nil, fmt.Errorf("timeline: line %d: %w", i+1, err)
			}
			row.Line = i + 1
			now.Rows = append(now.Rows, row)
		}
	}
	return all, nil
}

// split is the cells of a line of a table, nil for another line. No cell has a bar in it.
func split(line string) []string {
	if !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, " |") {
		return nil
	}
	cells := strings.Split(line[2:len(line)-2], "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

func (t *Timeline) row(cells []string) (r Row, err error) {
	if len(cells) != 1+len(t.Regions) {
		return r, fmt.Errorf("%d cells, want %d", len(cells), 1+len(t.Regions))
	}
	if r.Groups, err = t.groups(cells[0]); err != nil {
		return r, err
	}
	for _, text := range cells[1:] {
		cell, err := parseCell(text)
		if err != nil {
			return r, err
		}
		r.Cells = append(r.Cells, cell)
	}
	return r, nil
}

// groups understands "together", "each alone" and "REGION alone".
func (t *Timeline) groups(text string) ([][]int, error) {
	var each [][]int
	for i := range t.Regions {
		each = append(each, []int{i})
	}
	name, _ := strings.CutSuffix(text, " alone")
	lonely := slices.Index(t.Regions, name)
	switch {
	case text == "together":
		return [][]int{slices.Concat(each...)}, nil
	case text == "each alone":
		return each, nil
	case lonely >= 0:
		return [][]int{{lonely}, slices.Concat(slices.Delete(each, lonely, lonely+1)...)}, nil
	}
	return nil, fmt.Errorf("%q says not who reaches whom", text)
}

func parseCell(text string) (c Cell, err error) {
	if do, after, ok := strings.Cut(text, " → "); ok {
		if do, code, refused := strings.Cut(do, " refused "); refused {
			c.Do, c.Refused = strings.Trim(do, "`"), strings.Trim(code, "`")
		} else {
			c.Do = strings.Trim(do, "`")
		}
		text = after
	}
	if text == "absent" {
		return c, nil
	}
	value, conflicts, several := strings.Cut(text, " conflicts ")
	for _, code := range []string{value, conflicts} {
		if (code != "" || several) && (len(code) < 3 || code[0] != '`' || code[len(code)-1] != '`') {
			return c, fmt.Errorf("%q is neither absent nor a `value`", text)
		}
	}
	c.Value, c.Conflicts = strings.Trim(value, "`"), strings.Trim(conflicts, "`")
	if c.Value == "" {
		return c, errors.New("an empty cell")
	}
	return c, nil
}

// World is one key in several regions.
type World interface {
	// Connect lets regions of one group reach one another, and no others.
	Connect(ctx context.Context, groups [][]int) error
	// Do carries out an operation in a region. A refusal is its code and no error.
	Do(ctx context.Context, region int, operation string) (refused string, err error)
	// Settle waits until regions that reach one another hold the same.
	Settle(ctx context.Context, groups [][]int) error
	// Get is what a region shows.
	Get(ctx context.Context, region int) (Shown, error)
}

// Play has a world go through a timeline; it is an error when something else is shown.
func (t *Timeline) Play(ctx context.Context, w World) error {
	for _, r := range t.Rows {
		if err := t.play(ctx, w, r); err != nil {
			return fmt.Errorf("line %d: %w", r.Line, err)
		}
	}
	return nil
}

func (t *Timeline) play(ctx context.Context, w World, r Row) error {
	if err := w.Connect(ctx, r.Groups); err != nil {
		return err
	}
	for i, c := range r.Cells {
		if c.Do == "" {
			continue
		}
		switch refused, err := w.Do(ctx, i, c.Do); {
		case err != nil:
			return fmt.Errorf("%s: %s: %w", t.Regions[i], c.Do, err)
		case refused != c.Refused:
			return fmt.Errorf("%s: %s is refused with %q, want %q", t.Regions[i], c.Do, refused, c.Refused)
		}
	}
	if err := w.Settle(ctx, r.Groups); err != nil {
		return err
	}
	var wrong []error
	for i, c := range r.Cells {
		got, err := w.Get(ctx, i)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Regions[i], err)
		}
		if !c.matches(got) {
			wrong = append(wrong, fmt.Errorf("%s shows %v, want %v", t.Regions[i], got, c.Shown))
		}
	}
	return errors.Join(wrong...)
}

// matches says whether what is shown is what the cell says.
func (s Shown) matches(got Shown) bool {
	if begin, cut := strings.CutSuffix(s.Value, "…"); cut {
		return strings.HasPrefix(got.Value, begin) && got.Conflicts == s.Conflicts
	}
	return got == s
}

func (s Shown) String() string {
	switch {
	case s.Value == "":
		return "absent"
	case s.Conflicts != "":
		return s.Value + " conflicts " + s.Conflicts
	}
	return s.Value
}
