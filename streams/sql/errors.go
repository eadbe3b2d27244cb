package sql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// errorsMax is how many errors a text gives.
const errorsMax = 10

// Error is one part of the text that is refused: where it stands, what stands there, and what is
// wrong with it, then what would be right.
type Error struct {
	Line, Column   int
	Value, Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// Errors are all that was found, at most 10, in the order of the text.
type Errors []*Error

// sort brings them into the order of the text.
func (e Errors) sort() {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}
