package sql

import "time"

// Match is MATCH_RECOGNIZE.
type Match struct {
	At        Pos
	Partition []Expr
	Measures  []Column
	Pattern   *Pattern
	Within    time.Duration
	Define    []Definition
	SkipNext  bool // AFTER MATCH SKIP TO NEXT ROW; else past the last
}

// Definition says which events a name of the pattern stands for.
type Definition struct {
	At   Pos
	Name string
	Expr Expr
}

// PatternKind is what a pattern is made of.
type PatternKind uint8

// The patterns.
const (
	One      PatternKind = iota // an event, by the name it has in DEFINE
	None                        // NOT an event, within a time
	Sequence                    // the steps one after another
	AnyOf                       // one of the steps
	AllOf                       // all steps, in any order
)

// Pattern is a part of PATTERN (…).
type Pattern struct {
	At       Pos
	Kind     PatternKind
	Name     string // of One and None
	Steps    []*Pattern
	Later    bool          // "->" stands before it: others between it and the step before are skipped
	Min, Max int           // how often; 1 and 1 if nothing is said; Max -1 is no bound
	Within   time.Duration // of None; 0 if nothing is said
}

// Pos is where MATCH_RECOGNIZE stands.
func (m *Match) Pos() Pos { return m.At }

// Pos is where the pattern begins.
func (p *Pattern) Pos() Pos { return p.At }
