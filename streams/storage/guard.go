package storage

import (
	"errors"
	"io"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard is a file system that reports each failed write and fsync below the database, whoever of
// Pebble's goroutines meets it. A full disk is not reported for a write: what can wait is tried
// again when there is room, and what cannot, Pebble ends itself. A failed read is marked, since it
// concerns one range only.
type guard struct {
	vfs.FS
	fail func(what string, err error)
}

func (g guard) Unwrap() vfs.FS { return g.FS }

func (g guard) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	return g.file(g.FS.Open(name, o...))
}

func (g guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(g.FS.Create(name, c))
}

func (g guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return g.file(g.FS.OpenReadWrite(name, c, o...))
}

func (g guard) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(g.FS.ReuseForWrite(from, to, c))
}

func (g guard) OpenDir(name string) (vfs.File, error) { return g.file(g.FS.OpenDir(name)) }

func (g guard) file(f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return guarded{f, g.fail}, nil
}

type guarded struct {
	vfs.File
	fail func(what string, err error)
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
		f.fail("write", err)
	}
	return err
}

func (f guarded) synced(err error) error {
	if err != nil {
		f.fail("fsync", err)
	}
	return err
}
