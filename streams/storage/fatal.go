package storage

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// exitDisk is the exit code of a process whose disk cannot be trusted.
const exitDisk = 74

// failure is the one error that a store does not survive.
type failure struct {
	ctx    context.Context // ends with it; Background's child, for nothing else
	cancel context.CancelCauseFunc
}

func newFailure() failure {
	ctx, cancel := context.WithCancelCause(context.Background())
	return failure{ctx, cancel}
}

// err is the failure, or nil.
func (f *failure) err() error { return context.Cause(f.ctx) }

// fail ends the store, once: after a failed write or fsync nobody knows what is on the disk, and
// a second fsync that succeeds would not tell. Nothing is durable from here on.
func (s *Store) fail(what string, err error) {
	err = fmt.Errorf("storage: %s: %w", what, err)
	s.failing.Do(func() {
		s.failure.cancel(err)
		s.opts.Log.Error("disk failed", "err", err)
		s.opts.Fatal(err)
	})
}

// exit is the default Options.Fatal.
func exit(fs vfs.FS, path string, now func() time.Time) func(error) {
	return func(err error) {
		text := fmt.Sprintf("%s\n%v\n\nThe disk under this directory failed to take a write. "+
			"The node stopped so that nothing is called stored that is not.\n"+
			"Check the disk, then start the node again: it goes on from what the disk holds.\n",
			now().UTC().Format(time.RFC3339), err)
		if f, e := fs.Create(path, vfs.WriteCategoryUnspecified); e == nil {
			_, _ = f.Write([]byte(text))
			_ = f.Sync()
			_ = f.Close()
		}
		fmt.Fprintf(os.Stderr, "edged: %v\n", err)
		os.Exit(exitDisk)
	}
}
