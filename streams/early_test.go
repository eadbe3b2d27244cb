package streams_test

import (
	"context"
	"slices"
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

// hold makes fsyncs wait until release.
func (f *slowFS) hold(t *testing.T) (release func()) {
	f.held.Lock()
	release = sync.OnceFunc(f.held.Unlock)
	t.Cleanup(release)
	return release
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

// early publishes at memory.
func (p *peer) early(stream string) {
	p.t.Helper()
	pub := &edged.Publication{Stream: stream, Drafts: single("early"), Ack: edged.Memory()}
	if _, err := p.Append(context.Background(), pub); err != nil {
		p.t.Fatal(err)
	}
}

// onSlowDisk opens a node that shows events ahead of their fsync.
func onSlowDisk(t *testing.T) (*peer, *slowFS) {
	t.Helper()
	fs := &slowFS{FS: vfs.NewMem()}
	q := &peer{heads: make(map[edged.LogID]edged.Head)}
	q.bench = openWatched(t, fs, newClock(), streams.Options{}, q.moved)
	q.early("other")
	q.append("other", single("on disk")...)
	return q, fs
}

// TestEarlyBeforeTheDefinition publishes at memory while the definition that came from another node
// waits for its fsync: readers get the event all the same.
func TestEarlyBeforeTheDefinition(t *testing.T) {
	p := mesh(t, 1, streams.Options{})[0]
	p.append("s", single("theirs")...)
	q, fs := onSlowDisk(t)
	f := q.follow(edged.Query{Stream: "s", Await: true})
	done := make(chan edged.Landing, 1)
	release := fs.hold(t)
	for _, x := range p.lacks(t, q) {
		if x.name.Stream != "s" {
			q.Ingest(context.Background(), x.name, x.Bytes, func(l edged.Landing) { done <- l })
		}
	}
	q.early("other") // once it is answered, the definition is staged
	q.early("s")
	release()
	<-done
	q.append("other", single("behind all")...)
	if events, _ := drain(t, f, 1<<20, 10); len(events) != 1 {
		t.Fatalf("%v, want one event", texts(events))
	}
}

// TestNoArrivalIsEarly publishes at memory beside a block of another node that waits for its fsync:
// readers get that when it is on disk, no sooner.
func TestNoArrivalIsEarly(t *testing.T) {
	p := mesh(t, 1, streams.Options{})[0]
	q, fs := onSlowDisk(t)
	p.append("s", single("0")...)
	settle(t, []*peer{p, q})
	p.append("s", single("theirs")...)
	next := p.lacks(t, q)[0]
	f := q.follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.Latest}})
	done := make(chan edged.Landing, 1)
	release := fs.hold(t)
	q.early("other") // now the disk is busy: what comes next shares a group
	q.Ingest(context.Background(), next.name, next.Bytes, func(l edged.Landing) { done <- l })
	q.early("s")
	if events, _ := drain(t, f, 1<<20, 10); slices.Contains(texts(events), "theirs") {
		t.Fatal("shown before it is on disk")
	}
	release()
	<-done
	q.append("other", single("behind all")...)
	if events, _ := drain(t, f, 1<<20, 10); !slices.Contains(texts(events), "theirs") {
		t.Fatal("not shown when it is on disk")
	}
}
