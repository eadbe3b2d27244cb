package session

import (
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

func ask(pin uint64, partition int, after string) wire.Snapshot {
	f := wire.Snapshot{Pin: pin, Stream: "$c.visits", Generation: 1, Partition: edged.Partition(partition), BytesMax: partBytes}
	if after != "" {
		f.After = []byte(after)
	}
	return f
}

// provides gives the part that the Table wants read for a frame, if it does.
func provides(t *testing.T, table *Table, now Now, f wire.Snapshot) (p Provide, ok bool) {
	t.Helper()
	for _, w := range table.Receive(now, 1, wire.LaneControl, f) {
		if w, is := w.(Provide); is {
			return w, true
		}
	}
	return p, false
}

// part gives the PART that the lane of snapshots writes next.
func part(t *testing.T, table *Table) wire.Part {
	t.Helper()
	o, ok := table.Writable(Now{}, 1, wire.LaneSnapshot)
	if !ok {
		t.Fatal("nothing to write")
	}
	return o.Frame.(wire.Part)
}

func TestPartsAreRefused(t *testing.T) {
	table, s, _ := pair(t)
	if _, ok := provides(t, table, Now{}, ask(1, 0, "k")); ok {
		t.Error("a part was read of a state that nobody has begun")
	}
	if f := part(t, table); f.Refused == "" || f.Pin != 1 {
		t.Errorf("%+v, want a refusal", f)
	}
	p, _ := provides(t, table, Now{}, ask(2, 0, ""))
	table.Provided(Now{}, p, make([]byte, wire.PartBytesMax), []byte("next"), "")
	if f := part(t, table); f.Refused == "" || len(f.Bytes)+len(f.Next) > 0 {
		t.Errorf("a part of %d bytes is sent, refused %q", len(f.Bytes), f.Refused)
	}
	for i := range transfersMax {
		if _, ok := provides(t, table, Now{}, ask(10+uint64(i), i, "")); !ok {
			t.Fatalf("transfer %d is refused", i)
		}
	}
	if _, ok := provides(t, table, Now{}, ask(99, 99, "")); ok {
		t.Error("more transfers than there may be")
	}
	if f := part(t, table); !strings.Contains(f.Refused, "too many") {
		t.Errorf("refused: %q", f.Refused)
	}
	// Those that are given up make room.
	for i, x := range s.out.transfers {
		x.busy = i > 0
	}
	if _, ok := provides(t, table, Now{Mono: transferKept}, ask(100, 99, "")); !ok {
		t.Error("a transfer that was given up long ago takes room")
	}
	if _, ok := provides(t, table, Now{Mono: transferKept}, ask(101, 5, "")); !ok || len(s.out.transfers) != transfersMax {
		t.Error("a state that is asked for anew takes the place of the transfer before")
	}
}

func TestAPartOutOfTurnEndsTheLink(t *testing.T) {
	for name, f := range map[string]wire.Snapshot{
		"before the first was sent": ask(1, 0, "k"),
		"the first again":           ask(1, 0, ""),
	} {
		table, s, _ := pair(t)
		if _, ok := provides(t, table, Now{}, ask(1, 0, "")); !ok {
			t.Fatal("nothing is read")
		}
		if _, ok := provides(t, table, Now{}, f); ok || !s.ending {
			t.Errorf("%s: a part is read, ending %t", name, s.ending)
		}
	}
	table, s, _ := pair(t)
	table.Receive(Now{}, 1, wire.LaneControl, wire.Part{})
	if !s.ending {
		t.Error("a part on lane 0 is let pass")
	}
}

func TestFloodOfAsksIsBounded(t *testing.T) {
	table, s, _ := pair(t)
	for i := range 1000 {
		table.Receive(Now{}, 1, wire.LaneControl, ask(uint64(i), 0, "k"))
	}
	if !s.ending || len(s.out.parts) > 2*transfersMax {
		t.Errorf("%d refusals wait", len(s.out.parts))
	}
}

func TestEverywhere(t *testing.T) {
	const day = 24 * time.Hour
	now := Now{Mono: time.Hour, Wall: 5000 * second}
	table, s, _ := pair(t)
	want := func(at Now, want int64, members ...string) {
		t.Helper()
		if got := table.Everywhere(at, members); got != want {
			t.Errorf("at %s with %v: %d, want %d", at.Mono, members, got, want)
		}
	}
	want(now, now.Wall)
	want(now, 0, "b")
	want(now, 0, "b", "c")
	table.equalAt(now, s, 4000)
	want(now, 4000*second, "b")
	want(now, 0, "b", "c")
	later := Now{Mono: 7*day - 1, Wall: 9000 * second}
	want(later, 0, "b", "c")
	later.Mono++
	want(later, 9000*second, "c") // not heard in this run, which has lasted a week
	want(later, 4000*second, "b", "c")
	table.links[1].heard = later.Mono
	table.Closed(later, 1)
	later.Mono += 6 * day
	want(later, 4000*second, "b", "c")
	later.Mono += day
	want(later, 9000*second, "b", "c")
}
