package storage

import (
	"errors"
	"log/slog"
	"time"
)

// Options tune a Store. The zero value is ready for use.
type Options struct {
	// Label is the node's name; a new origin carries it. Default "node".
	Label string
	// CacheBytes bounds the memory for what is read from disk. Default 16 MiB.
	CacheBytes int64
	// MemTableBytes is the size that the database's tables in memory grow to under load. Default
	// 16 MiB. More lets it flush less often and takes up to three times as much memory.
	MemTableBytes int64
	// MinFree is the free space below which nothing is accepted. Default 256 MiB; negative turns
	// the watch off.
	MinFree int64
	// MaxBytes bounds the database; above it nothing is accepted. Default 0: no bound but MinFree.
	MaxBytes int64
	// WatchEvery is the pause between two looks at the disk. Default 1 s.
	WatchEvery time.Duration
	// Free tells the free space for the data directory. Default: the file system is asked.
	Free func() (int64, error)
	// Inode tells a file's number, by which a copied directory is known. Default: the file
	// system is asked; one in memory has none, and all its files are number 0.
	Inode func(path string) (uint64, error)
	// Fatal is told, once, of a failed write or fsync. It must end the process. Default: a file
	// `reason` in the data directory, and exit code 74.
	Fatal func(error)
	Log   *slog.Logger     // nil discards
	Now   func() time.Time // nil asks the wall clock
}

func (o Options) withDefaults() (Options, error) {
	if o.CacheBytes < 0 || o.MemTableBytes < 0 || o.MaxBytes < 0 || o.WatchEvery < 0 {
		return o, errors.New("storage: options: only MinFree can be negative")
	}
	if o.MemTableBytes > 1<<30 {
		return o, errors.New("storage: options: MemTableBytes is at most 1 GiB")
	}
	if len(o.Label) > labelBytesMax {
		return o, errors.New("storage: options: Label is at most 128 bytes")
	}
	set(&o.Label, "node")
	set(&o.CacheBytes, 16<<20)
	set(&o.MemTableBytes, 16<<20)
	set(&o.MinFree, 256<<20)
	set(&o.WatchEvery, time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// set fills a zero field.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
