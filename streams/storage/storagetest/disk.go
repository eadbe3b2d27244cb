// Package storagetest is a disk in memory on which a store can be opened. It loses power on
// request, and is copied as a machine's image or a directory is.
package storagetest

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/edgedhq/edged/streams/storage"
)

// Disk is one disk.
type Disk struct {
	fs    *vfs.MemFS
	inode uint64
	sync  atomic.Int64 // how long an fsync of the write-ahead log takes
}

// New makes an empty disk. Its files have the number inode.
func New(inode uint64) *Disk { return &Disk{fs: vfs.NewCrashableMem(), inode: inode} }

// SetSync sets how long an fsync of the write-ahead log takes.
func (d *Disk) SetSync(took time.Duration) { d.sync.Store(int64(took)) }

// Open opens a store in a directory of the disk. Its Inode is the disk's.
func (d *Disk) Open(dir string, clock storage.Clock, opts storage.Options) (*storage.Store, error) {
	opts.Inode = func(string) (uint64, error) { return d.inode, nil }
	return storage.Open(errorfs.Wrap(d.fs, errorfs.InjectorFunc(d.wait)), dir, clock, opts)
}

func (d *Disk) wait(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		if strings.HasSuffix(op.Path, ".log") {
			time.Sleep(time.Duration(d.sync.Load()))
		}
	}
	return nil
}

// Crash gives the disk as a loss of power at this moment would leave it: with all that was synced
// and about so many percent of the rest.
func (d *Disk) Crash(percent int, random *rand.Rand) *Disk {
	next := &Disk{
		fs:    d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random}),
		inode: d.inode,
	}
	next.SetSync(time.Duration(d.sync.Load()))
	return next
}

// Copy gives the disk's directories copied file by file onto another, whose files have the number
// inode.
func (d *Disk) Copy(inode uint64) *Disk {
	next := d.Crash(0, nil)
	next.inode = inode
	return next
}
