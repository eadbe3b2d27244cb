package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

const (
	errorsMax  = 10
	valueMost  = 80
	columnsMax = 100
	inputsMax  = 100

	// partsMax bounds an expression tree once inner queries and aliases are put in: a name that
	// stands for two of a name that stands for two grows with a power of its levels.
	partsMax = 8192
)

// maker understands one query.
type maker struct {
	query    *sql.Query
	errs     sql.Errors
	parts    int
	compiler expr.Compiler
	scalars  []string // names of functions
	once     bool
	into     bool // the option was given
	divided  bool // the way of the query is known
	unsure   bool // a function is unknown, and may have been meant for an aggregate
}

func newMaker(q *sql.Query) *maker { return &maker{query: q, scalars: expr.Functions()} }

// note adds what is wrong, once.
func (m *maker) note(at sql.Pos, value, message string, args ...any) {
	m.add(fault(at, value, message, args...))
}

func fault(at sql.Pos, value, message string, args ...any) *sql.Error {
	return &sql.Error{Line: int(at.Line), Column: int(at.Column), Value: clip(value), Message: fmt.Sprintf(message, args...)}
}

func (m *maker) add(errs ...*sql.Error) {
	for _, e := range errs {
		if !slices.ContainsFunc(m.errs, func(had *sql.Error) bool { return *had == *e }) {
			m.errs = append(m.errs, e)
		}
	}
}

// sorted gives what was noted in the order of the text, up to 10.
func (m *maker) sorted() sql.Errors {
	slices.SortStableFunc(m.errs, func(a, b *sql.Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m.errs[:min(len(m.errs), errorsMax)]
}

// clip shortens what an error quotes.
func clip(s string) string {
	if len(s) <= valueMost {
		return s
	}
	return strings.ToValidUTF8(s[:valueMost], "") + "…"
}

// quoted is a text as SQL writes it, clipped.
func quoted(s string) string { return "'" + strings.ReplaceAll(clip(s), "'", "''") + "'" }

// brief is an expression for an error.
func brief(e sql.Expr) string { return clip(sql.Print(e)) }
