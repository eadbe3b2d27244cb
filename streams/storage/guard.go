package storage

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard is the file system below the database. It reports each failed write and fsync, whoever
// of Pebble's goroutines meets it, before Pebble can try again. A full disk is not reported for a
// write: what can wait is tried again when there is room, and what cannot, Pebble ends itself. A
// failed read is marked, since it concerns one range only.
//
// It also puts the steps of one change in order. Pebble makes a manifest, makes a marker that
// names it, removes the marker before, and syncs the directory once. A file system that keeps
// directory entries in any order may lose the manifest, or both markers, in a power cut.
type guard struct {
	vfs.FS
	fail func(what string, err error)
}

func (g guard) Unwrap() vfs.FS { return g.FS }

func (g guard) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	return g.file(name)(g.FS.Open(name, o...))
}

func (g guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := g.settle(name); err != nil {
		return nil, err
	}
	return g.file(name)(g.FS.Create(name, c))
}

func (g guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return g.file(name)(g.FS.OpenReadWrite(name, c, o...))
}

func (g guard) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(to)(g.FS.ReuseForWrite(from, to, c))
}

func (g guard) OpenDir(name string) (vfs.File, error) { return g.file(name)(g.FS.OpenDir(name)) }

func (g guard) Remove(name string) error {
	if err := g.settle(name); err != nil {
		return err
	}
	return g.FS.Remove(name)
}

// settle makes durable what was done in the directory before a marker is made or removed there.
func (g guard) settle(name string) error {
	if !strings.HasPrefix(g.FS.PathBase(name), "marker.") {
		return nil
	}
	err := syncDir(g.FS, g.FS.PathDir(name))
	if err != nil {
		g.fail("fsync of the directory", err)
	}
	return err
}

func (g guard) file(name string) func(vfs.File, error) (vfs.File, error) {
	return func(f vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		return guarded{f, g.fail, strings.HasSuffix(name, ".log")}, nil
	}
}

type guarded struct {
	vfs.File
	fail func(what string, err error)
	log  bool // the write-ahead log
}

// readError marks a read that failed.
type readError struct{ error }

func (e *readError) Unwrap() error { return e.error }

func (f guarded) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	return n, didRead(err)
}

func (f guarded) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(b, at)
	return n, didRead(err)
}

func didRead(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &readError{err}
}

func (f guarded) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	return n, f.wrote(err)
}

func (f guarded) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	return n, f.wrote(err)
}

func (f guarded) Sync() error     { return f.synced(f.File.Sync()) }
func (f guarded) SyncData() error { return f.synced(f.File.SyncData()) }

func (f guarded) SyncTo(n int64) (bool, error) {
	full, err := f.File.SyncTo(n)
	return full, f.synced(err)
}

func (f guarded) wrote(err error) error {
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		f.failed("write", err)
	}
	return err
}

func (f guarded) synced(err error) error {
	if err != nil {
		f.failed("fsync", err)
	}
	return err
}

// failed reports. Where the process is let live on, the error of the write-ahead log goes its way
// to whoever waits for it; any other goroutine ends here, since Pebble goes on from such an error
// as if the file could be dropped, and falls over its own half-closed files.
func (f guarded) failed(what string, err error) {
	f.fail(what, err)
	if !f.log {
		runtime.Goexit()
	}
}
