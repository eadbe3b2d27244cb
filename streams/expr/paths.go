package expr

import "github.com/edgedhq/edged/streams/sql"

// Paths are the places in events that some queries need, as a tree: one scan of an event finds them
// all. A path has a column.
//
//	user.city, user.id, items[0]      ─ user ─┬─ city  0
//	                                  │       └─ id    1
//	                                  └ items ── [0]   2
type Paths struct {
	nodes   []pathNode
	columns int
}

type pathNode struct {
	part     sql.Part
	column   int // -1: only what lies within is needed
	children []int
	deepest  int // of the children that are indexes
}

// NewPaths gives none.
func NewPaths() *Paths { return &Paths{nodes: []pathNode{{column: -1, deepest: -1}}} }

// Add gives the column of a path within data, a new one if need be. No parts are data itself. Do not
// add while an Extractor uses the paths.
func (p *Paths) Add(parts []sql.Part) int {
	at := 0
	for _, part := range parts {
		at = p.child(at, part)
	}
	n := &p.nodes[at]
	if n.column < 0 {
		n.column = p.columns
		p.columns++
	}
	return n.column
}

// Columns is how many there are.
func (p *Paths) Columns() int { return p.columns }

func (p *Paths) child(at int, part sql.Part) int {
	for _, c := range p.nodes[at].children {
		if p.nodes[c].part == part {
			return c
		}
	}
	p.nodes = append(p.nodes, pathNode{part: part, column: -1, deepest: -1})
	c, n := len(p.nodes)-1, &p.nodes[at]
	n.children = append(n.children, c)
	if part.IsIndex {
		n.deepest = max(n.deepest, part.Index)
	}
	return c
}
