package function

import (
	"slices"
	"sort"
	"strings"

	"github.com/edgedhq/edged/streams/plan"
)

// grouped presents what was folded.
func (o *once) grouped() ([][]byte, error) {
	v, err := newView(o.q, "", o.q.plan)
	if err != nil {
		return nil, err
	}
	s := o.snapshot()
	var rows []plan.Row
	gather := func(fill func(g *gathering) error) error {
		g := v.gathering()
		err := fill(g)
		for i := 0; err == nil && i < len(g.groups); i++ {
			if v.windows() && !v.windowed() {
				rows = append(rows, o.q.plan.Present(g.cells, []plan.Group{g.groups[i].Group}, &g.text)...)
			}
		}
		if err == nil && (v.windowed() || !v.windows()) {
			rows = append(rows, o.q.plan.Present(g.cells, groupsIn(g), &g.text)...)
		}
		return err
	}
	if v.windows() && !v.windowed() {
		groups, err := v.groupsOf(s)
		for i := 0; err == nil && i < len(groups); i++ {
			err = gather(func(g *gathering) error { return g.sessions(s, groups[i]) })
		}
		if err != nil {
			return nil, err
		}
	} else {
		spans, err := v.spans(s)
		for i := 0; err == nil && i < len(spans); i++ {
			err = gather(func(g *gathering) error { return g.window(s, spans[i]) })
		}
		if err != nil {
			return nil, err
		}
	}
	o.q.plan.Sort(rows)
	var out [][]byte
	for i := range rows[:min(len(rows), o.limit+1)] {
		l := v.lineOf(&rows[i], nil)
		out = append(out, slices.Concat([]byte{'{'}, l.columns, []byte{'}'}))
	}
	return out, nil
}

// groupsIn are the groups of a gathering as the plan takes them.
func groupsIn(g *gathering) []plan.Group {
	groups := make([]plan.Group, len(g.groups))
	for i := range g.groups {
		groups[i] = g.groups[i].Group
	}
	return groups
}

// snapshot is what was folded, in the order of the keys that a store would have.
func (o *once) snapshot() *snapshot {
	type pair struct{ key, value string }
	var all []pair
	for i := range o.q.core.table.all {
		h := &o.q.core.table.all[i]
		all = append(all, pair{string(o.q.cellKey(nil, h)), string(o.q.appendCell(nil, h))})
	}
	slices.SortFunc(all, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	scan := func(from, to []byte, each func(key, value []byte) bool) error {
		i := sort.Search(len(all), func(i int) bool { return all[i].key >= string(from) })
		for ; i < len(all) && (to == nil || all[i].key < string(to)); i++ {
			if !each([]byte(all[i].key), []byte(all[i].value)) {
				break
			}
		}
		return nil
	}
	return &snapshot{q: o.q, scan: scan, release: func() error { return nil }, sealed: noTime}
}
