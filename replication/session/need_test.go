package session

import (
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// TestHolesOfFoldedLogs: what a state, or a later record, includes is given up as soon as it is asked
// for and gone.
func TestHolesOfFoldedLogs(t *testing.T) {
	for stream, atOnce := range map[string]bool{
		"$c.visits": true, "$partials.7f3a90c2": true, "orders": false, "$mesh": false,
	} {
		table, _, _ := pair(t)
		name := edged.LogName{Stream: stream, Generation: 1, Origin: edged.Origin{ID: edged.OriginID{9}}}
		row := wire.Row{Log: name.ID(), Start: 11, Head: 20, Chain: edged.Chain{1}, Hidden: stream[0] == '$'}
		table.compareNow(Now{}, table.links[1])
		table.links[1].compare.wait = 0
		table.Receive(Now{}, 1, wire.LaneControl, wire.Rows{Rows: []wire.Row{row}})
		table.Receive(Now{}, 1, wire.LaneFetch, wire.Log{Number: 1, Name: name})
		block := make([]byte, 100)
		block[24] = 11
		table.Receive(Now{}, 1, wire.LaneFetch, wire.Block{Number: 1, Bytes: block})
		var skip *Skip
		for _, w := range table.Receive(Now{}, 1, wire.LaneControl, wire.Fetched{Log: row.Log, Next: 21, Start: 11}) {
			if w, ok := w.(Skip); ok {
				skip = &w
			}
		}
		if (skip != nil) != atOnce {
			t.Errorf("%s: given up at once: %t, want %t", stream, skip != nil, atOnce)
		}
		if skip != nil && (skip.To != 10 || skip.Reason != "retired") {
			t.Errorf("%s: %+v", stream, skip)
		}
	}
}

// TestAStaleOfferKeepsNoHoleOpen: a holder that had all but the first two events gone, and has
// retired more since, must not keep the hole from being given up.
func TestAStaleOfferKeepsNoHoleOpen(t *testing.T) {
	table, s, store := pair(t)
	name := edged.LogName{Stream: "orders", Generation: 1, Origin: edged.Origin{ID: edged.OriginID{9}}}
	store.heads[name.ID()] = edged.Head{Name: name, Log: name.ID(), Start: 3, Head: 2}
	table.need(Now{}, s, wire.Row{Log: name.ID(), Start: 208, Head: 231}, 2, 0)
	d := table.needs.byLog[name.ID()]
	d.name = name
	d.offer(Now{}, 3, edged.Chain{})
	table.sweep(Now{Mono: tickEvery})
	d.offer(Now{Mono: tickEvery}, 208, edged.Chain{7})
	table.sweep(Now{Mono: giveUpAfter})
	if len(skips(table)) > 0 {
		t.Error("given up before its time")
	}
	table.sweep(Now{Mono: giveUpAfter + 2*time.Second})
	if got := skips(table); len(got) != 1 || got[0].To != 207 || got[0].Chain != (edged.Chain{7}) {
		t.Errorf("given up: %+v, want up to 207", got)
	}
}

// skips are the holes that are given up, of the work that is gathered.
func skips(table *Table) (all []Skip) {
	for _, w := range table.work() {
		if w, ok := w.(Skip); ok {
			all = append(all, w)
		}
	}
	return all
}
