package main

import (
	"context"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest"
)

// rows are the goals for speed, in the order of loadtest/BASELINE.md. The first contestant of a
// row is what the others are compared with.
func rows() []row {
	return append([]row{
		publishDisk(), publishSingle(), publishMemory(),
		fanoutRow("fanout-1000", 1000, "at least 2 x NATS, 0.8 x bare; CPU at most 0.4 x NATS"),
		fanoutRow("fanout-5000", 5000, "at least 0.75 x bare"),
		idleRow(), readRow(), sizeRow(), memoryRow(), startRow(),
	}, append(counterRows(), meshRows()...)...)
}

func publishDisk() row {
	return row{
		name: "publish-disk", unit: perSecond,
		title: "durable publish (ack=disk), batches of 100, 16 clients",
		goal:  "at least 2.5 x Redis always, at most 0.5 x its CPU",
		contestants: []contestant{
			{"redis aof always, pipelined", redis("always", 100)},
			{"nats jetstream sync always", jetStream("always", 100)},
			{"edged http ndjson", edgedPublish(publishing{batch: 100})},
			{"edged http json array", edgedPublish(publishing{batch: 100, format: loadtest.JSON})},
			{"edged http msgpack", edgedPublish(publishing{batch: 100, format: loadtest.Msgpack})},
		},
	}
}

func publishSingle() row {
	live := func(inFlight int) publishing {
		return publishing{batch: 1, transport: loadtest.WebSocket, inFlight: inFlight}
	}
	return row{
		name: "publish-one", unit: perSecond,
		title: "durable publish (ack=disk), one event a request, 16 clients",
		goal:  "at least 1.2 x Redis over HTTP (driven by wrk), 4 x Redis over one WebSocket each",
		contestants: []contestant{
			{"redis aof always", redis("always", 1)},
			{"nats jetstream sync always", jetStream("always", 1)},
			{"bare net/http echo, wrk", wrkEcho},
			{"edged http, wrk", wrkEdged},
			{"edged http, lean client", edgedPublish(publishing{batch: 1, format: loadtest.JSON})},
			{"edged live ws, 1 in flight", edgedPublish(live(1))},
			{"edged live ws, 16 in flight", edgedPublish(live(16))},
		},
	}
}

func publishMemory() row {
	return row{
		name: "publish-memory", unit: perSecond,
		title: "publish at ack=memory, batches of 100, 16 clients",
		goal:  "at least 4 x Redis everysec, at most 0.3 x its CPU",
		contestants: []contestant{
			{"redis aof everysec, pipelined", redis("everysec", 100)},
			{"nats jetstream async", jetStream("2m", 100)},
			{"edged http ndjson", edgedPublish(publishing{batch: 100, ack: edged.Memory()})},
			{"edged http json array", edgedPublish(publishing{batch: 100, ack: edged.Memory(), format: loadtest.JSON})},
			{"edged http msgpack", edgedPublish(publishing{batch: 100, ack: edged.Memory(), format: loadtest.Msgpack})},
		},
	}
}

// envelopeBytes is about what a full envelope with its cursor takes for an event of 128 B.
const envelopeBytes = 450

func fanoutRow(name string, subscribers int, goal string) row {
	return row{
		name: name, unit: perSecond,
		title: "WebSocket fan-out, " + grouped(float64(subscribers), 0) + " subscribers, backlog present, deliveries",
		goal:  goal,
		contestants: []contestant{
			{"nats core", natsFanout(subscribers)},
			{"mosquitto qos 0", mosquitto(subscribers)},
			{"bare websocket", bareFanout(subscribers, 0)},
			{"bare websocket, envelope size", bareFanout(subscribers, envelopeBytes)},
			{"edged json, data only", edgedFanout(subscribers, loadtest.JSON, "envelope=data")},
			{"edged json envelope", edgedFanout(subscribers, loadtest.JSON, "cursors=sparse")},
			{"edged json envelope and cursors", edgedFanout(subscribers, loadtest.JSON, "")},
			{"edged msgpack envelope", edgedFanout(subscribers, loadtest.Msgpack, "cursors=sparse")},
		},
	}
}

func idleRow() row {
	nats := func(ctx context.Context, b *bench) (*server, error) { return startNATS(ctx, b, "") }
	plain := func(ctx context.Context, b *bench) (*server, error) { return startSelf(ctx, b, "-serve-bare") }
	return row{
		name: "idle", unit: kibibytes,
		title: "memory of the server for one idle subscriber",
		goal:  "at most 8 KiB",
		contestants: []contestant{
			{"nats core", idle(nats, joinNATS)},
			{"bare websocket", idle(plain, joinSocket)},
			{"edged websocket", idle(startWithStream, joinSocket)},
		},
	}
}

func readRow() row {
	return row{
		name: "read", unit: perSecond,
		title: "read back from disk by one reader, after a restart",
		goal:  "at least 1,000,000 events/s as NDJSON or msgpack",
		contestants: []contestant{
			{"edged http ndjson", readBack(loadtest.HTTP, loadtest.NDJSON, "")},
			{"edged http ndjson, sparse", readBack(loadtest.HTTP, loadtest.NDJSON, "cursors=sparse")},
			{"edged http ndjson, data only", readBack(loadtest.HTTP, loadtest.NDJSON, "envelope=data")},
			{"edged websocket msgpack", readBack(loadtest.WebSocket, loadtest.Msgpack, "")},
			{"edged websocket msgpack, sparse", readBack(loadtest.WebSocket, loadtest.Msgpack, "cursors=sparse")},
		},
	}
}

func sizeRow() row {
	return row{
		name: "size", unit: mebibytes, title: "size of the stripped binary", goal: "at most 32 MiB",
		contestants: []contestant{
			{"nats-server", binarySize("nats-server")},
			{"edged", binarySize("edged")},
		},
	}
}

func memoryRow() row {
	nats := func(ctx context.Context, b *bench) (*server, error) { return startNATS(ctx, b, "2m") }
	return row{
		name: "memory", unit: mebibytes, title: "resident memory when idle", goal: "at most 30 MiB",
		contestants: []contestant{
			{"nats-server with jetstream", idleMemory(nats)},
			{"edged", idleMemory(startEdged)},
		},
	}
}

func startRow() row {
	return row{
		name: "start", unit: millis, title: "cold start to first publish answered, empty directory", goal: "at most 60 ms",
		contestants: []contestant{
			{"nats-server", coldStart("nats-server", natsArgs(""), firstNATS)},
			{"edged, ack=disk", coldStart("edged", edgedArgs, firstPublish)},
		},
	}
}
