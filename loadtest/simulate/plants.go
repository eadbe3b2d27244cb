package main

import (
	"slices"

	"github.com/edgedhq/edged/loadtest/plant"
)

// Where the bugs are planted.
const (
	session = "replication/session/"
	model   = "cmd/edged/node/sim/"
	types   = "crdt/"
	core    = "crdt/partition/"
)

// plants are the bugs of the design that a model of the disk can show, and those that the
// simulation has found itself.
func plants() []plant.Plant {
	return slices.Concat(designed(), found(), values())
}

func designed() []plant.Plant {
	return []plant.Plant{
		{
			Name: "shown-before-fsync", File: model + "store.go",
			Old: "func (s *store) shown() *image { return s.durable }",
			New: "func (s *store) shown() *image { return s.staged }",
		},
		{
			Name: "vector-over-a-hole", File: model + "apply.go",
			Old: "	return l.wait(b)\n",
			New: "	l.blocks = append(l.blocks, b)\n	return edged.Held\n",
		},
		{
			Name: "row-dropped-before-its-ack", File: session + "row.go",
			Old: "quiet := r.dropped || r.number != 0 && r.acked >= r.head && now.Mono-r.since >= kept",
			New: "quiet := r.dropped || r.number != 0 && r.sent >= r.head",
		},
		{
			Name: "current-digest-called-a-ticks", File: session + "tick.go",
			Old: "f.Tick, f.Root = at, root(t.store.Sums(at))",
			New: "f.Tick, f.Root = at, root(t.store.Sums(0))",
		},
		{
			Name: "promise-above-the-ceiling", File: model + "publish.go",
			Old: "	if at > p.store.staged.ceiling {",
			New: "	if false {",
		},
		{
			Name: "silence-taken-for-a-promise", File: session + "promise.go",
			Old: "		least = min(least, h.time)\n",
			New: "		if h.time != math.MinInt64 {\n			least = min(least, h.time)\n		}\n",
		},
		{
			Name: "fetch-answered-from-above-unsaid", File: model + "image.go",
			Old: "edged.Head{Name: l.name, Log: l.log, Start: l.start}",
			New: "edged.Head{Name: l.name, Log: l.log, Start: 1}",
		},
		{
			Name: "retired-above-k-stable", File: session + "level.go",
			Old: "	most := t.floor[h.Log]\n",
			New: "	most := h.Head\n",
		},
		{
			Name: "deleted-generation-ingested", File: model + "apply.go",
			Old: "	if b.name.Generation <= m.deleted[b.name.Stream] {\n		landing",
			New: "	if false {\n		landing",
		},
	}
}

func found() []plant.Plant {
	return []plant.Plant{
		{
			Name: "row-taken-for-an-ack", File: session + "row.go",
			Old: "taken: sent, sent: sent,",
			New: "taken: sent, sent: sent, acked: sent,",
		},
		{
			Name: "promise-ahead-of-blocks", File: session + "row.go",
			Old: "	if l.promise > l.offered && l.barrier == 0 {",
			New: "	if l.promise > l.offered {",
		},
		{
			Name: "promise-over-a-lost-block", File: session + "landing.go",
			Old: "			l.lose(in.Epoch)\n",
			New: "",
		},
		{
			Name: "promise-of-an-uncompared-peer", File: session + "promise.go",
			Old: "	if !s.in.compared || least <= 0 {",
			New: "	if least <= 0 {",
		},
		{
			Name: "lagging-lane-says-nothing", File: session + "row.go",
			Old: "wire.Promise{Time: l.promise, Behind: l.behind}",
			New: "wire.Promise{Time: l.promise}",
		},
	}
}
