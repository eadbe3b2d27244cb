package streams_test

import (
	"context"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// slowFS is a disk whose fsyncs wait while somebody holds it.
type slowFS struct {
	vfs.FS
	held sync.RWMutex
}

func (f *slowFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return &slowFile{file, f}, err
}

func (f *slowFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(from, to, c)
	return &slowFile{file, f}, err
}

type slowFile struct {
	vfs.File
	fs *slowFS
}

func (f *slowFile) wait() {
	f.fs.held.RLock()
	f.fs.held.RUnlock() //nolint:staticcheck // waiting is all that is wanted
}

func (f *slowFile) Sync() error     { f.wait(); return f.File.Sync() }
func (f *slowFile) SyncData() error { f.wait(); return f.File.SyncData() }
func (f *slowFile) SyncTo(length int64) (bool, error) {
	f.wait()
	return f.File.SyncTo(length)
}

// TestEarlyBeforeTheDefinition publishes at memory while the definition that came from another node
// waits for its fsync: readers get the event all the same.
func TestEarlyBeforeTheDefinition(t *testing.T) {
	p := mesh(t, 1, streams.Options{})[0]
	p.append("s", single("theirs")...)
	fs := &slowFS{FS: vfs.NewMem()}
	q := &peer{heads: make(map[edged.LogID]edged.Head)}
	q.bench = openWatched(t, fs, newClock(), streams.Options{}, q.moved)
	early := func(stream string) {
		pub := &edged.Publication{Stream: stream, Drafts: single("early"), Ack: edged.Memory()}
		if _, err := q.Append(context.Background(), pub); err != nil {
			t.Fatal(err)
		}
	}
	early("other")
	q.append("other", single("on disk")...)
	f := q.follow(edged.Query{Stream: "s", Await: true})
	done := make(chan edged.Landing, 1)
	fs.held.Lock()
	for _, x := range p.lacks(t, q) {
		if x.name.Stream != "s" {
			q.Ingest(context.Background(), x.name, x.Bytes, func(l edged.Landing) { done <- l })
		}
	}
	early("other") // once it is answered, the definition is staged
	early("s")
	fs.held.Unlock()
	<-done
	q.append("other", single("behind all")...)
	if events, _ := drain(t, f, 1<<20, 10); len(events) != 1 {
		t.Fatalf("%v, want one event", texts(events))
	}
}
