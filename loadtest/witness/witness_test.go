package witness

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

func TestOutcomeIsRefusedOnlyWhereCertain(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want history.Outcome
	}{
		{"acknowledged", nil, history.OK},
		{"refused", &client.Problem{Status: 503, Code: "level_unreachable", Stored: false}, history.Refused},
		{"timed out", &client.Problem{Status: 504, Code: "ack_timeout", Stored: "unknown"}, history.Unknown},
		{"a proxy's word", &client.Problem{Status: 502}, history.Unknown},
		{"nobody there", fmt.Errorf("post: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), history.Refused},
		{"connection lost", fmt.Errorf("post: %w", &net.OpError{Op: "read", Err: errors.New("reset")}), history.Unknown},
	} {
		if got := OutcomeOf(tc.err); got != tc.want {
			t.Errorf("%s: %v gives %s, want %s", tc.name, tc.err, got, tc.want)
		}
	}
}

func TestDotOfAReceipt(t *testing.T) {
	r := client.Receipt{Stream: "orders", Origin: "a~00", PartitionSeqs: map[string][2]uint64{"3": {11, 15}}}
	if got, want := DotOf(&r, 4), (history.Dot{Log: "orders/3@a~00", Seq: 15}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	r.Duplicates = 1
	if got := DotOf(&r, 0); got != (history.Dot{}) {
		t.Errorf("a receipt with duplicates places an event at %v", got)
	}
	if got := DotOf(new(client.Receipt), 0); got != (history.Dot{}) {
		t.Errorf("no receipt places an event at %v", got)
	}
}
