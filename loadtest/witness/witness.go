// Package witness is what the writers and readers of the fault tests say for the history: what
// became of a publish, and which place an event has.
//
// # Not here
//
// What follows from it: loadtest/history.
package witness

import (
	"errors"
	"fmt"
	"net"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

// DataOf is the data of an event, which a reader makes again to compare.
func DataOf(id string) []byte { return fmt.Appendf(nil, `{"id":%q,"total":%d}`, id, len(id)*7) }

// OutcomeOf says refused only where it is certain: nothing was sent, or the node said so.
func OutcomeOf(err error) history.Outcome {
	if err == nil {
		return history.OK
	}
	if p, ok := errors.AsType[*client.Problem](err); ok && p.NotStored() {
		return history.Refused
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return history.Refused
	}
	return history.Unknown
}

// DotOf is the place of a batch's event, where the receipt tells it: all in one partition.
func DotOf(r *client.Receipt, i int) history.Dot {
	if r.Duplicates > 0 || len(r.PartitionSeqs) != 1 {
		return history.Dot{}
	}
	for partition, span := range r.PartitionSeqs {
		return history.Dot{Log: LogName(r.Stream, partition, r.Origin), Seq: span[0] + uint64(i)}
	}
	return history.Dot{}
}

// LogName names a log as the history does.
func LogName(stream string, partition any, origin string) string {
	return fmt.Sprintf("%s/%v@%s", stream, partition, origin)
}
