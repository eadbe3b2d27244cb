package function

import (
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// gathering merges cells of all logs into the groups of one window. It is reused.
type gathering struct {
	q      *query
	spec   *window.Spec
	keys   int // of a group
	cells  *aggregate.Cells
	groups []grouped
	byKey  map[string]int
	text   expr.Arena
	spans  []window.Span
}

// grouped is one group, with what it is the fold of.
type grouped struct {
	plan.Group
	seen []seen // of the logs, ascending
}

// seen is how far a log is folded into a group, and whether anything of that came late.
type seen struct {
	source
	position  edged.Sequence
	lateBound int64 // window.Unknown if nothing did
}

func newGathering(q *query, layout *aggregate.Layout, keys int) *gathering {
	return &gathering{
		q: q, spec: &q.plan.Window, keys: keys, cells: aggregate.NewCells(layout), byKey: map[string]int{},
	}
}

func (g *gathering) reset() {
	g.cells.Reset()
	g.text.Reset()
	clear(g.groups)
	g.groups = g.groups[:0]
	clear(g.byKey)
}

// window merges the groups of a window of slices; of None, all groups.
func (g *gathering) window(s *snapshot, w window.Span) error {
	g.reset()
	prefix := keyOf(nil, g.q.tag(), g.q.id)
	if g.spec.Kind == window.None {
		if err := g.prefix(s, prefix, w); err != nil {
			return err
		}
		return g.sorted()
	}
	g.spans = g.spec.Slices(g.spans[:0], w)
	for _, slice := range g.spans {
		if err := g.prefix(s, appendTime(prefix[:len(prefix):len(prefix)], slice.End), w); err != nil {
			return err
		}
	}
	return g.sorted()
}

// group merges one group of a view.
func (g *gathering) group(s *snapshot, group string) error {
	g.reset()
	prefix := append(keyOf(nil, g.q.tag(), g.q.id), group...)
	if err := g.prefixOf(s, prefix, len(prefix)-len(group), window.Span{}); err != nil {
		return err
	}
	return g.sorted()
}

// prefix merges all cells whose keys begin so; what follows is group and source.
func (g *gathering) prefix(s *snapshot, prefix []byte, w window.Span) error {
	return g.prefixOf(s, prefix, len(prefix), w)
}

func (g *gathering) prefixOf(s *snapshot, prefix []byte, groupAt int, w window.Span) error {
	var torn error
	err := s.scan(prefix, after(prefix), func(key, value []byte) bool {
		group, from := key[groupAt:len(key)-sourceSize], readSource(key[len(key)-sourceSize:])
		if groupAt < len(prefix) && string(group) != string(prefix[groupAt:]) {
			return true // a longer tuple: none is, but keys are another's bytes
		}
		if !g.q.inScope(from.Origin) {
			return true
		}
		r := scanner{rest: value}
		if g.spec.Kind == window.None {
			r.varint()
		}
		at := r.stand()
		if torn = r.err; torn != nil {
			return false
		}
		into := g.into(group, w)
		into.see(from, &at)
		torn = g.cells.Merge(into.Place, r.rest)
		return torn == nil
	})
	return orErr(err, torn)
}

// into gives the group of a key, made if need be.
func (g *gathering) into(group []byte, w window.Span) *grouped {
	i, known := g.byKey[string(group)]
	if !known {
		i = len(g.groups)
		key := string(group)
		g.byKey[key] = i
		g.groups = append(g.groups, grouped{Group: plan.Group{
			Window: w, Key: []byte(key), Place: g.cells.Add(), Overflow: key == string(overflowGroup),
		}})
	}
	return &g.groups[i]
}

// see notes how far a log is in.
func (g *grouped) see(from source, at *stand) {
	late := window.Unknown
	if at.Late {
		late = at.LateBound
	}
	for i := range g.seen {
		if s := &g.seen[i]; s.source == from {
			s.position, s.lateBound = max(s.position, at.Position), max(s.lateBound, late)
			return
		}
	}
	g.seen = append(g.seen, seen{from, at.Position, late})
}

// sorted puts the groups in order, and reads what their keys say.
func (g *gathering) sorted() error {
	slices.SortFunc(g.groups, func(a, b grouped) int { return strings.Compare(string(a.Key), string(b.Key)) })
	for i := range g.groups {
		g.byKey[string(g.groups[i].Key)] = i
		if err := g.read(&g.groups[i].Group); err != nil {
			return err
		}
	}
	return nil
}

// read reads the key of a group.
func (g *gathering) read(p *plan.Group) (err error) {
	p.Keys = make([]expr.Value, g.keys)
	if p.Overflow {
		return nil
	}
	rest := p.Key
	for i := range p.Keys {
		if p.Keys[i], rest, err = expr.ReadKey(rest); err != nil {
			return err
		}
	}
	return nil
}

// sessions merges the fragments of one group into its sessions, a group each.
func (g *gathering) sessions(s *snapshot, group string) error {
	g.reset()
	prefix := append(keyOf(nil, tagSession, g.q.id), group...)
	var all []fragment
	var from []source
	var pieces []window.Piece
	var torn error
	err := s.scan(prefix, after(prefix), func(key, value []byte) bool {
		if len(key) != len(prefix)+sourceSize || !g.q.inScope(readSource(key[len(prefix):]).Origin) {
			return true
		}
		r := scanner{rest: append([]byte(nil), value...)}
		first := len(all)
		all = r.fragments(all)
		for i := first; i < len(all); i++ {
			pieces = append(pieces, window.Piece{Fragment: all[i].Fragment, Log: len(from), At: i})
		}
		from = append(from, readSource(key[len(prefix):]))
		torn = r.err
		return torn == nil
	})
	if err = orErr(err, torn); err != nil {
		return err
	}
	for _, j := range g.spec.Join(nil, pieces) {
		if j.End <= s.sealed {
			continue // its row is kept
		}
		into := grouped{Group: plan.Group{Window: j.Span, Key: []byte(group), Place: g.cells.Add()}}
		for _, p := range pieces[j.From:j.To] {
			f := &all[p.At]
			into.see(from[p.Log], &f.stand)
			if err := g.cells.Merge(into.Place, f.content); err != nil {
				return err
			}
		}
		if err := g.read(&into.Group); err != nil {
			return err
		}
		g.groups = append(g.groups, into)
	}
	return nil
}
