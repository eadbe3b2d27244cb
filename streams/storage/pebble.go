package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// valueBytesSeparate is the size from which a value is kept beside the tables.
	valueBytesSeparate = 512
	// memTables is how many tables in memory there are under load: Pebble takes their room out of the
	// cache's.
	memTables = 3
	// fileBytes is what a flush or a compaction puts into one file: all of a flush.
	fileBytes = 64 << 20
)

// pebbleOptions sets the database up for values that are compressed already, written once in
// rising keys, and deleted by range. Values stay in the files that the first flush writes, however
// many of them a table comes to refer to, and compactions move keys only: each event is written
// twice, to the write-ahead log and by the flush, whatever the number of levels.
func (s *Store) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          guard{vfs.OnDiskFull(s.fs, s.diskFull), s.fail},
		FormatMajorVersion:          pebble.FormatValueSeparation,
		Logger:                      logger{s},
		EventListener:               s.listener(),
		CacheSize:                   s.opts.CacheBytes + memTables*s.opts.MemTableBytes,
		MemTableSize:                uint64(s.opts.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		BytesPerSync:                4 << 20,
		MaxManifestFileSize:         8 << 20,
		MaxOpenFiles:                256,
		FlushDelayDeleteRange:       10 * time.Second,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
	}
	for i := range o.Levels {
		o.TargetFileSizes[i] = fileBytes
		o.Levels[i].Compression = func() *block.CompressionProfile { return block.NoCompression }
	}
	o.Experimental.ReadSamplingMultiplier = -1 // reading never rewrites
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled: true, MinimumSize: valueBytesSeparate, MaxBlobReferenceDepth: 1 << 16,
			RewriteMinimumAge: 5 * time.Minute, TargetGarbageRatio: 0.5,
		}
	}
	return o
}

// listener hears of what Pebble does in the background. Left alone, it would end the process on
// finding a damaged file.
func (s *Store) listener() *pebble.EventListener {
	log := s.opts.Log
	return &pebble.EventListener{
		BackgroundError: s.upkeepFailed,
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			s.stats.corruptions.Add(1)
			log.Error("damaged file", "path", info.Path, "err", info.Details)
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			s.stats.stalls.Add(1)
			log.Warn("writes held back", "reason", info.Reason)
		},
		PossibleAPIMisuse: func(info pebble.PossibleAPIMisuseInfo) {
			log.Warn("database misused", "reason", info.String())
		},
	}
}

// upkeepFailed hears why a flush or a compaction was given up; Pebble tries it again. Damage found
// on the way concerns one range, and a full disk passes; anything else is a disk that does not
// take what it is given.
func (s *Store) upkeepFailed(err error) {
	var read *readError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, pebble.ErrCancelledCompaction):
		return
	case errors.Is(err, syscall.ENOSPC):
		s.diskFull()
		return
	case pebble.IsCorruptionError(err), errors.As(err, &read):
		s.stats.backgroundErrors.Add(1)
		s.opts.Log.Error("database upkeep met damage", "err", err)
	default:
		s.stats.backgroundErrors.Add(1)
		s.fail("database upkeep", err)
	}
}

// logger hands Pebble's words to slog.
type logger struct{ store *Store }

func (l logger) Infof(format string, args ...any)  { l.say(slog.LevelDebug, format, args) }
func (l logger) Errorf(format string, args ...any) { l.say(slog.LevelError, format, args) }

// Fatalf is called when a commit, or the database's own book-keeping, cannot be written. Pebble
// counts on it not to return.
func (l logger) Fatalf(format string, args ...any) {
	l.store.fail("database", fmt.Errorf(format, args...))
	runtime.Goexit()
}

func (l logger) say(level slog.Level, format string, args []any) {
	log := l.store.opts.Log
	if log.Enabled(context.Background(), level) {
		log.Log(context.Background(), level, "database", "text", fmt.Sprintf(format, args...))
	}
}
