// Package storagetest is a disk in memory on which a store can be opened. It loses power on
// request, and is copied as a machine's image or a directory is.
package storagetest

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
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
	stall atomic.Int64 // how long an fsync of the write-ahead log takes

	mu     sync.Mutex
	before func() // to be called before the next fsync
}

// New makes an empty disk. Its files have the number inode.
func New(inode uint64) *Disk { return &Disk{fs: vfs.NewCrashableMem(), inode: inode} }

// Stall makes each fsync of the write-ahead log take so long. In a synctest bubble a store under
// a stalled disk must not fill or flush its tables: the database holds a mutex meanwhile.
func (d *Disk) Stall(each time.Duration) { d.stall.Store(int64(each)) }

// BeforeSync has call called once: when the next fsync of the write-ahead log has begun, everybody
// else has had time to do what they do without it, and nothing of it has reached the disk.
func (d *Disk) BeforeSync(call func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = call
}

// Open opens a store in a directory of the disk. Its Inode is the disk's.
func (d *Disk) Open(dir string, clock storage.Clock, opts storage.Options) (*storage.Store, error) {
	opts.Inode = func(string) (uint64, error) { return d.inode, nil }
	return storage.Open(waiting{errorfs.Wrap(d.fs, errorfs.InjectorFunc(d.wait)), d}, dir, clock, opts)
}

// waiting is the disk's files with its waits, those of reused files too, which errorfs forgets.
type waiting struct {
	*errorfs.FS
	disk *Disk
}

func (w waiting) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.ReuseForWrite(from, to, category)
	if err != nil {
		return nil, err
	}
	return errorfs.WrapFile(f, errorfs.InjectorFunc(func(op errorfs.Op) error {
		op.Path = to
		return w.disk.wait(op)
	})), nil
}

func (d *Disk) wait(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		if strings.HasSuffix(op.Path, ".log") {
			time.Sleep(time.Duration(d.stall.Load()))
			d.call()
		}
	}
	return nil
}

func (d *Disk) call() {
	d.mu.Lock()
	call := d.before
	d.before = nil
	d.mu.Unlock()
	if call == nil {
		return
	}
	const turns = 2000
	for range turns {
		runtime.Gosched()
	}
	call()
}

// Crash gives the disk as a loss of power at this moment would leave it: with all that was synced
// and about so many percent of the rest.
func (d *Disk) Crash(percent int, random *rand.Rand) *Disk {
	return &Disk{
		fs:    d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random}),
		inode: d.inode,
	}
}

// Copy gives the disk's directories copied file by file onto another, whose files have the number
// inode.
func (d *Disk) Copy(inode uint64) *Disk {
	next := d.Crash(0, nil)
	next.inode = inode
	return next
}
