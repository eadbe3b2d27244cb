package sql

import "time"

// Query is a whole text, or one in parentheses after FROM.
type Query struct {
	At         Pos
	DistinctOn *DistinctOn // or nil
	Select     []Column
	From       From
	Joins      []Join
	Match      *Match // or nil
	Where      Expr   // or nil
	GroupBy    []Item
	Having     Expr    // or nil
	Qualify    *Rank   // or nil
	OrderBy    []Order // only of a query that runs once
	Limit      int     // only of a query that runs once; 0 is none
	Emit       *Emit   // or nil
	With       []Option
}

// DistinctOn is DISTINCT ON (Keys) WITHIN Within.
type DistinctOn struct {
	At     Pos
	Keys   []Expr
	Within time.Duration
}

// Column is one of the select list: all columns, or an expression with the name it was given, if
// any.
type Column struct {
	At   Pos
	Star bool
	Expr Expr
	As   string
}

// From is where events come from: one stream, several (STREAMS), or the rows of a query.
type From struct {
	At      Pos
	Streams []Stream
	Query   *Query // or nil
	As      string
	Unnest  *Unnest // or nil
}

// Stream is the name of an input.
type Stream struct {
	At   Pos
	Name string
}

// Unnest gives a row for each element of the array at Path.
type Unnest struct {
	At   Pos
	Path *Path
	As   string
}

// Join is one JOIN with a stream, or with a collection. On was found to have the form that the
// kind asks for: equalities and one range of _time; or As.key = an expression.
type Join struct {
	At         Pos
	Left       bool
	Collection bool
	Name       string
	As         string // of a collection it may be empty
	On         Expr
}

// Item is one of GROUP BY: an expression or a window.
type Item struct {
	Expr   Expr    // or nil
	Window *Window // or nil
}

// Window is TUMBLE(Time, Size), HOP(Time, Step, Size), CUMULATE(Time, Step, Size), each with an
// Align that may be 0, SESSION(Time, Gap) or ROWS(Rows, RowsStep).
type Window struct {
	At       Pos
	Kind     string // upper case
	Time     Expr   // nil of ROWS
	Size     time.Duration
	Step     time.Duration // HOP's slide, CUMULATE's step
	Align    time.Duration
	Gap      time.Duration
	Rows     int
	RowsStep int // Rows where none was given
}

// Rank is what QUALIFY keeps: the first by an order within a partition.
type Rank struct {
	At        Pos
	Func      string // ROW_NUMBER or RANK
	Partition []Expr
	Order     Order
	Op        string // "=" or "<="
	N         int
}

// Order is an expression to sort by.
type Order struct {
	Expr Expr
	Desc bool
}

// Emit is CHANGES, FINAL or EVERY with an interval.
type Emit struct {
	At    Pos
	Kind  string
	Every time.Duration
}

// Option is one of the trailing WITH. No name stands twice.
type Option struct {
	At    Pos
	Name  string // as it was written
	Value *Literal
}

// Pos is where the part begins, as all that follow.
func (q *Query) Pos() Pos      { return q.At }
func (d *DistinctOn) Pos() Pos { return d.At }
func (c *Column) Pos() Pos     { return c.At }
func (f *From) Pos() Pos       { return f.At }
func (u *Unnest) Pos() Pos     { return u.At }
func (j *Join) Pos() Pos       { return j.At }
func (w *Window) Pos() Pos     { return w.At }
func (r *Rank) Pos() Pos       { return r.At }
func (e *Emit) Pos() Pos       { return e.At }
func (o *Option) Pos() Pos     { return o.At }

// Pos is where the item begins.
func (i *Item) Pos() Pos {
	if i.Window != nil {
		return i.Window.At
	}
	return i.Expr.Pos()
}
