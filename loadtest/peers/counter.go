package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/lean"
)

// counterBatch is how many updates a client of the counter rows sends at once.
const counterBatch = 100

// counterKeys names the keys of one batch: all the same, or each another.
type counterKeys func(client, batch, i int) string

// oneKey has a batch change one key, which is the client's own.
func oneKey(client, _, _ int) string { return fmt.Sprintf("visits:%d", client) }

// manyKeys has each update of a batch change another key; all clients share them.
func manyKeys(_, batch, i int) string { return fmt.Sprintf("visits:%04d", batch*counterBatch+i) }

func counterRows() []row {
	return []row{
		{
			name: "counter-one-key", unit: perSecond,
			title: "durable increments (ack=disk), 100 of one key at once, 16 clients with a key each",
			goal:  "at least 1 x Redis always, at most 1 x its CPU",
			contestants: []contestant{
				{"redis aof always, INCR pipelined", redisCounters(oneKey)},
				{"edged, a list of operations", edgedOperations()},
			},
		},
		{
			name: "counter-many-keys", unit: perSecond,
			title: "durable increments (ack=disk), 100 different keys of 3,200 at once, 16 clients",
			goal:  "at least 1 x Redis always, at most 1 x its CPU",
			contestants: []contestant{
				{"redis aof always, INCR pipelined", redisCounters(manyKeys)},
				{"edged, lines of keys", edgedKeys(manyKeys)},
			},
		},
	}
}

func redisCounters(keys counterKeys) func(context.Context, *bench) (figures, error) {
	return redisDriven("always", counterBatch, pipeline{replyLines: 1, batches: func(_ *bench, client int) [][]byte {
		return counterBatches(client, keys, func(batch []byte, key string) []byte {
			return fmt.Appendf(batch, "*2\r\n$4\r\nINCR\r\n$%d\r\n%s\r\n", len(key), key)
		})
	}})
}

// counterBatches makes the batches that a client sends in turn.
func counterBatches(client int, keys counterKeys, add func(batch []byte, key string) []byte) [][]byte {
	all := make([][]byte, variants)
	for v := range all {
		for i := range counterBatch {
			all[v] = add(all[v], keys(client, v, i))
		}
	}
	return all
}

// edgedOperations sends lists of operations to the client's key.
func edgedOperations() func(context.Context, *bench) (figures, error) {
	list := append(append([]byte{'['}, bytes.TrimSuffix(bytes.Repeat([]byte(`{"increment":1},`), counterBatch), []byte{','})...), ']')
	return edgedCounters(func(client int) (string, string, [][]byte) {
		return "/keys/" + oneKey(client, 0, 0), "application/json", [][]byte{list}
	})
}

// edgedKeys sends lines, each a key and its operation.
func edgedKeys(keys counterKeys) func(context.Context, *bench) (figures, error) {
	return edgedCounters(func(client int) (string, string, [][]byte) {
		return "/keys", "application/x-ndjson", counterBatches(client, keys, incrementLine)
	})
}

// incrementLine appends one line of POST /v1/collections/{name}/keys.
func incrementLine(batch []byte, key string) []byte {
	return fmt.Appendf(batch, "{\"key\":%q,\"increment\":1}\n", key)
}

// edgedCounters runs a node under what sends gives for each client: a path below the collection's, the
// content type, and bodies that are sent in turn.
func edgedCounters(sends func(client int) (path, contentType string, bodies [][]byte)) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startEdged(ctx, b)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		if err := putCounters(ctx, s.address); err != nil {
			return figures{}, err
		}
		o := b.options()
		o.Batch, o.PID = counterBatch, s.PID()
		return loadFigures(loadtest.Drive(ctx, loadtest.Driving{Options: o, Dial: func(ctx context.Context, client int) (loadtest.Exchange, error) {
			path, contentType, bodies := sends(client)
			return dialRequests(ctx, s.address, "/v1/collections/"+counters+path+"?ack=disk", contentType, bodies)
		}}))
	}
}

// counters is the collection of the counter rows.
const counters = "counters"

// putCounters makes the collection.
func putCounters(ctx context.Context, address string) error {
	c, err := lean.Dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	a, err := c.Do(requestBytes("PUT", address, "/v1/collections/"+counters, "application/json", []byte(`{"type":"counter"}`)))
	if err == nil && a.Status != 201 && a.Status != 200 {
		err = fmt.Errorf("edged answered %d: %s", a.Status, a.Body)
	}
	return err
}
