package streams_test

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// sample is a JSON object of 128 bytes with some variety.
func sample(i int) []byte {
	b := append([]byte(`{"device":"d-`), byte('a'+i%26), byte('a'+i/26%26))
	b = append(b, `","temperature":21.5,"humidity":47,"state":"running","note":"`...)
	return append(append(b, bytes.Repeat([]byte{byte('a' + i%7)}, 126-len(b))...), `"}`...)
}

func onDisk(b *testing.B) *streams.Broker {
	b.Helper()
	clock := newClock()
	store, err := storage.Open(vfs.Default, b.TempDir(), hlc.New(clock.Now), storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	broker, err := streams.New(store, streams.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = store.Run(ctx) })
	group.Go(func() { _ = broker.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		group.Wait()
		_ = store.Close()
	})
	return broker
}

// BenchmarkAppend is durable publishing by 16 clients, on the machine's disk; ns/op is an event's.
func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(map[int]string{1: "single", 100: "batch100"}[batch], func(b *testing.B) {
			broker := onDisk(b)
			const clients = 16
			b.ReportAllocs()
			b.ResetTimer()
			var group sync.WaitGroup
			for range clients {
				group.Go(func() {
					drafts := make([]edged.Draft, batch)
					for i := range drafts {
						drafts[i].Data = sample(i)
					}
					for range b.N / clients / batch {
						p := edged.Publication{Stream: "s", Drafts: drafts}
						if _, err := broker.Append(context.Background(), &p); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

// BenchmarkFeed reads a backlog of 100,000 events; ns/op is an event's.
func BenchmarkFeed(b *testing.B) {
	broker := onDisk(b)
	drafts := make([]edged.Draft, 1000)
	for i := range drafts {
		drafts[i].Data = sample(i)
	}
	for range 100 {
		if _, err := broker.Append(context.Background(), &edged.Publication{Stream: "s", Drafts: drafts}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		f, err := broker.Follow(edged.Query{Stream: "s"}, func() {})
		if err != nil {
			b.Fatal(err)
		}
		for {
			got, err := f.Next(nil, 256<<10, 10_000)
			if err != nil {
				b.Fatal(err)
			}
			if len(got) == 0 {
				break
			}
			for _, d := range got {
				for range d.Run.Events(d.From, d.To) {
					n++
				}
			}
		}
		f.Close()
	}
}
