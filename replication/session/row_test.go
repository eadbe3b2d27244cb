package session

import (
	"fmt"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// nothing is a store that holds nothing.
type nothing struct{ Store }

func (nothing) Origins() []edged.OriginState { return nil }

// TestNumbersOfDroppedRowsAreTakenBack: what is named on a lane is bounded at the peer, so a sender
// that drops its rows has to take their numbers back.
func TestNumbersOfDroppedRowsAreTakenBack(t *testing.T) {
	var now Now
	table := New(now, Self{Node: "self"}, edged.Origin{}, nothing{})
	table.Connected(now, 1, "peer", true)
	s := table.links[1]
	s.up, s.ticks, s.peer = true, 1, &peer{node: "peer"}
	const named = 3
	for i := range rowsMax {
		name := edged.LogName{Stream: fmt.Sprintf("s-%d", i)}
		r := table.addRow(now, s, &edged.Head{Log: name.ID(), Name: name, Head: 1}, 0)
		if i < named {
			r.number = uint64(i + 1) // LOG was sent
		}
	}
	if table.addRow(now, s, &edged.Head{}, 0) != nil || !s.lagging {
		t.Fatal("the rows were not dropped")
	}
	taken := 0
	for lane := range wire.Lanes {
		for {
			o, ok := table.Writable(now, 1, lane)
			if !ok {
				break
			}
			if f, is := o.Frame.(wire.Log); is && f.Number != 0 && f.Name.Stream == "" {
				taken++
			}
		}
	}
	if taken != named {
		t.Errorf("%d of %d numbers were taken back", taken, named)
	}
}

// TestEqualRowsMakeRoom: a peer that keeps up is never told to compare, however many logs have news.
func TestEqualRowsMakeRoom(t *testing.T) {
	var now Now
	table := New(now, Self{Node: "self", RowsMax: 100}, edged.Origin{}, nothing{})
	table.Connected(now, 1, "peer", true)
	s := table.links[1]
	s.up, s.ticks, s.peer = true, 1, &peer{node: "peer"}
	for i := range 1000 {
		name := edged.LogName{Stream: fmt.Sprintf("s-%d", i)}
		r := table.addRow(now, s, &edged.Head{Log: name.ID(), Name: name, Head: 1}, 0)
		if r == nil || s.lagging {
			t.Fatalf("the peer lags after %d logs, all of which it holds", i)
		}
		r.number, r.sent, r.acked = uint64(i+1), 1, 1
	}
}
