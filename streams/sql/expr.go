package sql

import "time"

// Pos is a place in the text: line, and column in characters, both from 1.
type Pos struct{ Line, Column int32 }

// Node is a part of the tree that Print can write.
type Node interface{ Pos() Pos }

// Expr is an expression: *Literal, *Path, *Call, *Unary, *Binary, *Is, *Between, *In, *Like,
// *Cast, *Case or *Interval.
type Expr interface {
	Node
	expr()
}

// LiteralKind is what a literal is.
type LiteralKind uint8

// The literals.
const (
	Null LiteralKind = iota
	Boolean
	Number
	String
)

// Literal is a constant. Text is NULL, TRUE or FALSE; a number's digits as they were written; or
// a string's content.
type Literal struct {
	At   Pos
	Kind LiteralKind
	Text string
}

// Path names a column, or something within one. The first part is a name.
type Path struct {
	At    Pos
	Parts []Part
}

// Part is one step of a path: a member's name, or an index from 0. How a name was quoted does
// not matter: a.b, a."b" and a['b'] are one thing.
type Part struct {
	Name    string
	Index   int
	IsIndex bool
}

// Call is a function or an aggregate. EXTRACT(unit FROM t) has the unit as its first argument, a
// string.
type Call struct {
	At       Pos
	Name     string // upper case
	Star     bool   // COUNT(*)
	Distinct bool
	Args     []Arg
	Filter   Expr // FILTER (WHERE …), or nil
	By       Expr // BY …, or nil
}

// Arg is an argument; only those of ROW have a name.
type Arg struct {
	Expr Expr
	As   string
}

// Unary is "-" or "NOT" before X.
type Unary struct {
	At Pos
	Op string
	X  Expr
}

// Binary is Left Op Right. Op is one of OR AND = <> < <= > >= + - || * / %.
type Binary struct {
	At          Pos
	Op          string
	Left, Right Expr
}

// Is is X IS [NOT] What; What is NULL, TRUE, FALSE or DISTINCT, and then From is set.
type Is struct {
	At   Pos
	X    Expr
	Not  bool
	What string
	From Expr
}

// Between is X [NOT] BETWEEN Low AND High.
type Between struct {
	At           Pos
	X, Low, High Expr
	Not          bool
}

// In is X [NOT] IN (List).
type In struct {
	At   Pos
	X    Expr
	List []Expr
	Not  bool
}

// Like is X [NOT] LIKE Pattern; with AnyCase, ILIKE. Escape is one character, or empty.
type Like struct {
	At         Pos
	X, Pattern Expr
	Not        bool
	AnyCase    bool
	Escape     string
}

// Cast is CAST(X AS Type), which X::Type is too; with Try, TRY_CAST.
type Cast struct {
	At   Pos
	X    Expr
	Type Type
	Try  bool
}

// Type is the name of a type, upper case; Precision and Scale are those of a DECIMAL.
type Type struct {
	Name             string
	Precision, Scale int
}

// Case is CASE [Subject] WHEN … THEN … [ELSE …] END.
type Case struct {
	At      Pos
	Subject Expr // or nil
	Whens   []When
	Else    Expr // or nil
}

// When is one arm of a CASE.
type When struct{ If, Then Expr }

// Interval is a length of time.
type Interval struct {
	At     Pos
	Length time.Duration
}

// Pos is where the expression begins, as all that follow.
func (e *Literal) Pos() Pos  { return e.At }
func (e *Path) Pos() Pos     { return e.At }
func (e *Call) Pos() Pos     { return e.At }
func (e *Unary) Pos() Pos    { return e.At }
func (e *Binary) Pos() Pos   { return e.At }
func (e *Is) Pos() Pos       { return e.At }
func (e *Between) Pos() Pos  { return e.At }
func (e *In) Pos() Pos       { return e.At }
func (e *Like) Pos() Pos     { return e.At }
func (e *Cast) Pos() Pos     { return e.At }
func (e *Case) Pos() Pos     { return e.At }
func (e *Interval) Pos() Pos { return e.At }

func (*Literal) expr()  {}
func (*Path) expr()     {}
func (*Call) expr()     {}
func (*Unary) expr()    {}
func (*Binary) expr()   {}
func (*Is) expr()       {}
func (*Between) expr()  {}
func (*In) expr()       {}
func (*Like) expr()     {}
func (*Cast) expr()     {}
func (*Case) expr()     {}
func (*Interval) expr() {}
