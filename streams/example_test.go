package streams_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// A broker over a store in memory: publish two events, follow the stream from its beginning, and
// keep the cursor that goes on behind them at any node.
func Example() {
	store, err := storage.Open(vfs.NewMem(), "data", hlc.New(time.Now), storage.Options{Label: "eu-1"})
	if err != nil {
		panic(err)
	}
	broker, err := streams.New(store, streams.Options{})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var machines sync.WaitGroup
	machines.Go(func() { _ = store.Run(ctx) })
	machines.Go(func() { _ = broker.Run(ctx) })

	receipt, err := broker.Append(ctx, &edged.Publication{Stream: "orders", Drafts: []edged.Draft{
		{Key: []byte("user-7"), Data: []byte(`{"total":42}`)},
		{Key: []byte("user-9"), Data: []byte(`{"total":7}`)},
	}})
	if err != nil {
		panic(err)
	}
	fmt.Println("stored", receipt.Count, "as sequences", receipt.Spans[0].First, "to", receipt.Spans[0].Last)

	feed, err := broker.Follow(edged.Query{Stream: "orders"}, func() {})
	if err != nil {
		panic(err)
	}
	deliveries, err := feed.Next(nil, 1<<20, 100)
	if err != nil {
		panic(err)
	}
	for _, d := range deliveries {
		for _, e := range d.Run.Events(d.From, d.To) {
			fmt.Println(e.Sequence, e.Key, string(e.Data))
		}
	}
	fmt.Println("same place:", feed.Cursor().String() == edged.Cursor{
		Stream: "orders", Generation: 1,
		Vector: edged.Vector{{Origin: receipt.Origin.ID}: 2},
	}.String())

	feed.Close()
	cancel()
	machines.Wait()
	_ = store.Close()
	// Output:
	// stored 2 as sequences 1 to 2
	// 1 user-7 {"total":42}
	// 2 user-9 {"total":7}
	// same place: true
}
