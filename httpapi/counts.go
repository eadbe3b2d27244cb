package httpapi

import (
	"slices"
	"sync/atomic"

	"github.com/edgedhq/edged"
)

// feedCounts is what the server measures of its readers.
type feedCounts struct {
	readers    [len(readerKinds)]atomic.Int64 // open now
	events     [len(readerKinds)]atomic.Int64 // given
	bytes      [len(readerKinds)]atomic.Int64
	resumes    [len(resumeKinds)]atomic.Int64
	slow       atomic.Int64 // closed because they took nothing
	silent     atomic.Int64 // closed because they answered no ping
	violations atomic.Int64 // closed because of what they sent
}

// readerKinds are the label's values, in the order of the constants.
var readerKinds = [...]string{"sse", "ndjson", "websocket", "live", "poll"} // read-only

type readerKind uint8

const (
	readerSSE readerKind = iota
	readerNDJSON
	readerWebSocket
	readerLive
	readerPoll
)

// resumeKinds are the outcomes of opening a feed, as edged.Feed names them.
var resumeKinds = [...]string{"start", "complete", "gap"} // read-only

// resumed counts how a feed was taken up.
func (c *feedCounts) resumed(feed edged.Feed) {
	if i := slices.Index(resumeKinds[:], feed.Resume()); i >= 0 {
		c.resumes[i].Add(1)
	}
}

// wrote counts what a turn has brought.
func (c *feedCounts) wrote(kind readerKind, u *turn) {
	c.events[kind].Add(int64(u.events))
	c.bytes[kind].Add(int64(u.bytes))
}

func (c *feedCounts) samples(yield func(edged.Sample) bool) bool {
	by := func(name, help, kind string, values *[len(readerKinds)]atomic.Int64) bool {
		for i := range values {
			ok := yield(edged.Sample{
				Name: name, Help: help, Type: kind, Labels: [][2]string{{"transport", readerKinds[i]}}, Value: float64(values[i].Load()),
			})
			if !ok {
				return false
			}
		}
		return true
	}
	for i := range c.resumes {
		ok := yield(edged.Sample{
			Name: "edged_feeds_opened_total", Help: "Live feeds taken up, by how: from a start, by cursor with nothing missing, or with a gap.",
			Type: "counter", Labels: [][2]string{{"resume", resumeKinds[i]}}, Value: float64(c.resumes[i].Load()),
		})
		if !ok {
			return false
		}
	}
	closed := func(reason string, n *atomic.Int64) bool {
		return yield(edged.Sample{
			Name: "edged_readers_closed_total", Help: "Live readers that the node has closed, by reason.", Type: "counter",
			Labels: [][2]string{{"reason", reason}}, Value: float64(n.Load()),
		})
	}
	return by("edged_readers", "Live readers connected now, by transport.", "gauge", &c.readers) &&
		by("edged_delivered_events_total", "Events given to live readers, by transport.", "counter", &c.events) &&
		by("edged_delivered_bytes_total", "Bytes given to live readers, by transport.", "counter", &c.bytes) &&
		closed("slow", &c.slow) && closed("silent", &c.silent) && closed("violation", &c.violations)
}
