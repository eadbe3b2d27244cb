package main

import (
	"context"
	"math"
	"time"
)

// How many events the rows move. At what a link with loss carries, more would take too long.
const (
	movedEvents = 400_000
	lossyEvents = 60_000
)

// meshRows are the goals of two servers, of which one comes to hold what is published at the
// other: NATS by a leaf node with a mirror.
func meshRows() []row {
	return []row{
		{
			name: "mesh-live", unit: perSecond,
			title: "live replication: events published at A until all are at B, batches of 100, 16 clients; CPU of both servers",
			goal:  "at least 6 x NATS, at most 0.2 x its CPU",
			contestants: []contestant{
				{"nats leaf node and mirror, async", paired(openNATSPair, shape{}, live(movedEvents))},
				{"edged, fsynced at both", paired(openEdgedPair, shape{}, live(movedEvents))},
			},
		},
		{
			name: "mesh-catchup", unit: perSecond,
			title: "catch-up: from the start of B, which was away while events were published at A; CPU of both servers",
			goal:  "at least 6 x NATS, at most 0.2 x its CPU",
			contestants: []contestant{
				{"nats leaf node and mirror, async", paired(openNATSPair, shape{}, catchUp(movedEvents))},
				{"edged, fsynced at both", paired(openEdgedPair, shape{}, catchUp(movedEvents))},
			},
		},
		lagRow("mesh-lag", "direct", "p99 at most 1 x NATS", 0),
		lagRow("mesh-lag-40ms", "over an emulated link of 40 ms each way", "p99 at most 46 ms", 40*time.Millisecond),
		lossRow(), keysRow(),
		bytesRow("mesh-bytes", "JSON as devices send it", (*bench).readings),
		bytesRow("mesh-bytes-noise", "JSON of which two thirds are noise", (*bench).noise),
	}
}

func lagRow(name, link, goal string, delay time.Duration) row {
	s := shape{durable: true, delay: delay}
	return row{
		name: name, unit: millis, goal: goal,
		title: "p99 from publish at A to a reader at B, 1,000 single events a second, durable at both, " + link,
		contestants: []contestant{
			{"nats leaf node and mirror, sync always", paired(openNATSPair, s, lag)},
			{"edged, ack=disk", paired(openEdgedPair, s, lag)},
		},
	}
}

func lossRow() row {
	s := shape{delay: 50 * time.Millisecond, loss: 0.01}
	return row{
		name: "mesh-loss", unit: perSecond,
		title: "events from A to B over an emulated link of 100 ms round trip and 1 % loss",
		goal:  "at least 2 x TCP",
		contestants: []contestant{
			{"tcp by formula, nothing is run", tcpByFormula(s)},
			{"edged, fsynced at both", paired(openEdgedPair, s, live(lossyEvents))},
		},
	}
}

// tcpByFormula is what one TCP connection carries at best by Mathis, Semke, Mahdavi and Ott, "The
// Macroscopic Behavior of the TCP Congestion Avoidance Algorithm", 1997: segment / round trip *
// sqrt(3/2 / loss). A proxy cannot lose packets of a TCP connection, so NATS is not run here; each
// event is taken to cost its own size, though NATS may compress it and has to name its subject.
func tcpByFormula(s shape) func(context.Context, *bench) (figures, error) {
	return func(_ context.Context, b *bench) (figures, error) {
		const segment = 1448 // bytes, of an Ethernet frame
		rate := segment / (2 * s.delay).Seconds() * math.Sqrt(1.5/s.loss)
		return figures{value: rate / float64(b.eventBytes), note: grouped(rate/1000, 0) + " KB/s"}, nil
	}
}

func bytesRow(name, data string, events made) row {
	nats := func(compression string) func(context.Context, *bench) (figures, error) {
		return paired(openNATSPair, shape{metered: true, compression: compression}, crossing(movedEvents, events))
	}
	return row{
		name: name, unit: unit{name: "B", digits: 1, divisor: 1},
		title: "bytes between A and B for an event, both ways, " + data + ", batches of 100",
		goal:  "at most 0.7 x NATS",
		contestants: []contestant{
			{"nats, leaf node s2_best", nats("s2_best")},
			{"nats, leaf node s2_fast", nats("s2_fast")},
			{"edged", paired(openEdgedPair, shape{}, crossing(movedEvents, events))},
		},
	}
}
