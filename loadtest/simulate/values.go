package main

import "github.com/edgedhq/edged/loadtest/plant"

// values are the bugs of collections: of their types, of a partition's state, and of how a node
// keeps both.
func values() []plant.Plant {
	return []plant.Plant{
		{
			Name: "state-joined-ahead-of-its-logs", File: core + "part.go",
			Old: "		if held[o] < s {\n",
			New: "		if held[o] < s && false {\n",
		},
		{
			Name: "value-and-vector-in-two-batches", File: model + "fold.go",
			Old: "	f.p.store.submit(&op{kind: opWrite, puts: puts})\n",
			New: "	for i := range puts {\n		f.p.store.submit(&op{kind: opWrite, puts: puts[i : i+1]})\n	}\n",
		},
		{
			Name: "snapshot-merged-without-pending-removals", File: types + "kernel.go",
			Old: "	var waiting []mark\n	zip(k.layout.order, k.waiting, o.waiting, func(m mark, _, _ bool) { waiting = append(waiting, m) })\n",
			New: "	waiting := k.waiting\n",
		},
		{
			Name: "counter-reset-by-one-epoch", File: types + "counter.go",
			Old: "	more, err := parseRows(delta)\n	if err == nil {\n",
			New: "	more, err := parseRows(delta)\n	if err == nil {\n		for _, r := range more {\n			if r.plusMark > 0 || r.minusMark > 0 {\n				for i := range c.rows {\n					c.rows[i].raise(c.rows[i].reset())\n				}\n			}\n		}\n",
		},
		{
			Name: "equal-stamps-by-arrival", File: types + "register.go",
			Old: "	if e.body.stamp != than.body.stamp || e.dot.Origin != than.dot.Origin {\n",
			New: "	if e.body.stamp != than.body.stamp {\n",
		},
		{
			Name: "counter-merged-by-adding", File: types + "tally.go",
			Old: "	t.plus, t.minus = max(t.plus, u.plus), max(t.minus, u.minus)\n",
			New: "	t.plus, t.minus = t.plus+u.plus, t.minus+u.minus\n",
		},
		{
			Name: "removal-wins-over-an-unseen-add", File: types + "kernel.go",
			Old: "func (k *kernel[P]) fold(at Dot, removed []mark, added []entry[P]) {\n",
			New: "func (k *kernel[P]) fold(at Dot, removed []mark, added []entry[P]) {\n	for _, m := range removed {\n		k.alive = slices.DeleteFunc(k.alive, func(e entry[P]) bool { return k.layout.order(e.name, m.name) == 0 && e.dot != m.dot })\n	}\n",
		},
		{
			Name: "deleted-entry-revived-by-an-old-copy", File: types + "kernel.go",
			Old: "ours && others || ours && !theirs.Covers(e.dot) || others && !mine.Covers(e.dot)",
			New: "ours || others",
		},
		{
			Name: "snapshot-merged-without-its-vector", File: core + "join.go",
			Old: "vector: merged(s.now.mine, s.now.theirs)}",
			New: "vector: merged(s.now.mine, nil)}",
		},
	}
}
