package collections

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/collections/collectionstest"
)

// kept is a keeper that runs outside of a bubble, over a mesh of one in memory.
func kept(b *testing.B, kind string) *Keeper {
	node := collectionstest.NewMesh(time.Now).Node("a")
	k, err := Open(node, node, node.Store, Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = k.Run(ctx)
	}()
	b.Cleanup(func() {
		cancel()
		<-done
	})
	if _, _, err := k.PutCollection(ctx, edged.Collection{Name: "c", Type: kind}); err != nil {
		b.Fatal(err)
	}
	return k
}

// BenchmarkUpdate is one key that many update at once.
func BenchmarkUpdate(b *testing.B) {
	k := kept(b, "counter")
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			u := &edged.Update{Collection: "c", Key: "hot", Ops: []byte(`{"increment":1}`)}
			if _, err := k.Update(context.Background(), u); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(k.Stats().Appends)/float64(b.N), "appends/op")
}

// BenchmarkUpdateAll is 100 keys a request.
func BenchmarkUpdateAll(b *testing.B) {
	k := kept(b, "counter")
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		us := make([]edged.Update, 100)
		for i := range us {
			us[i] = edged.Update{Collection: "c", Key: fmt.Sprint("k", i), Ops: []byte(`{"increment":1}`)}
		}
		for pb.Next() {
			if _, err := k.UpdateAll(context.Background(), "c", us); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/update")
}
