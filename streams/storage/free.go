package storage

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
)

const (
	// ballastShare is the part of MinFree that the ballast takes, ballastBytesMax its bound.
	ballastShare    = 8
	ballastBytesMax = 64 << 20
	// tidyBytes is how much is retired before its room is given back, unless the disk is full.
	tidyBytes = 32 << 20
	// stallMax is how long a group may wait for its fsync before the store says that it is
	// unavailable.
	stallMax = 20 * time.Second
)

// room is what is known of the disk's free space.
type room struct {
	full    atomic.Bool
	free    atomic.Int64 // as last seen; -1 when it is not known
	used    atomic.Int64 // by the database
	written atomic.Int64 // by the database, since it was opened
	retired atomic.Int64 // bytes of blocks deleted and not yet given back, about
	ballast atomic.Bool  // the file is there
}

// Writable says why nothing can be appended: DiskFull, or Unavailable after a failure or while
// the disk does not answer. nil means that it can.
func (s *Store) Writable() error {
	if err := s.failure.err(); err != nil {
		return edged.Refuse(edged.Unavailable, "the disk failed, and the node is stopping: %v", err)
	}
	if s.room.full.Load() {
		return edged.Refuse(edged.DiskFull,
			"the disk under the data directory is full; free some of it, or shorten a stream's retention")
	}
	if s.stats.waiting() > stallMax {
		return edged.Refuse(edged.Unavailable, "the disk has not answered for %s", stallMax)
	}
	return nil
}

// watch looks at the disk until ctx ends.
func (s *Store) watch(ctx context.Context) {
	tick := time.NewTicker(s.opts.WatchEvery)
	defer tick.Stop()
	for {
		s.look()
		s.tidy(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look compares what is free with what has to be. Being full ends a sixteenth above the bound,
// so that it does not come and go with every file.
func (s *Store) look() {
	m := s.db.Metrics()
	used := int64(m.DiskSpaceUsage())
	s.room.used.Store(used)
	s.room.written.Store(written(m))
	free, err := s.opts.Free()
	if err != nil {
		free = -1
	}
	s.room.free.Store(free)
	was := s.room.full.Load()
	full := s.short(free, used, was)
	if full != was {
		s.room.full.Store(full)
		if full {
			s.opts.Log.Error("disk full, nothing is accepted", "free", free, "used", used)
		} else {
			s.opts.Log.Info("disk has room again", "free", free, "used", used)
		}
	}
	if !full && free > s.opts.MinFree && !s.room.ballast.Load() {
		s.load(free)
	}
}

// tidy gives back the room of what was retired. Pebble would wait for more to be written: a
// deleted range holds its blobs until the tables above them are merged. Merging moves keys only.
func (s *Store) tidy(ctx context.Context) {
	gone := s.room.retired.Load()
	enough := max(tidyBytes, s.room.used.Load()/8)
	if s.room.full.Load() {
		enough = 1
	}
	if gone < enough {
		return
	}
	s.room.retired.Add(-gone)
	lower, upper := spaceBlocks.bounds(nil, nil)
	if err := s.db.Compact(ctx, lower, upper, false); err != nil && ctx.Err() == nil {
		s.opts.Log.Warn("room of retired blocks not given back", "err", err)
	}
}

// short says whether there is too little room.
func (s *Store) short(free, used int64, was bool) bool {
	least, most := s.opts.MinFree, s.opts.MaxBytes
	if was {
		least += least / 16
		most -= most / 16
	}
	return s.opts.MinFree > 0 && free >= 0 && free < least || s.opts.MaxBytes > 0 && used > most
}

// diskFull is called when a write has found no room. The write is tried once more after it.
func (s *Store) diskFull() {
	if !s.room.full.Swap(true) {
		s.opts.Log.Error("disk full, a write found no room", "used", s.room.used.Load())
	}
	if s.room.ballast.Swap(false) {
		if err := s.fs.Remove(s.ballastPath()); err != nil {
			s.opts.Log.Error("ballast not released", "err", err)
		}
	}
}

func (s *Store) ballastPath() string { return s.fs.PathJoin(s.dir, "ballast") }

// load puts the ballast in place: room that is given up when the disk is full, so that the
// database can finish what it is at, and retention can run.
func (s *Store) load(free int64) {
	size := min(s.opts.MinFree/ballastShare, ballastBytesMax)
	if size <= 0 || free < s.opts.MinFree+2*size {
		return
	}
	if info, err := s.fs.Stat(s.ballastPath()); err == nil && info.Size() >= size {
		s.room.ballast.Store(true)
		return
	}
	if err := s.makeBallast(size); err != nil {
		s.opts.Log.Warn("no ballast", "err", err)
		return
	}
	s.room.ballast.Store(true)
}

func (s *Store) makeBallast(size int64) error {
	f, err := s.fs.Create(s.ballastPath(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("storage: ballast: %w", err)
	}
	zeros := make([]byte, 256<<10)
	for n := int64(0); n < size && err == nil; n += int64(len(zeros)) {
		err = write(f, zeros)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("storage: ballast: %w", err), s.fs.Remove(s.ballastPath()))
	}
	return nil
}

// ask is the default Options.Free.
func ask(fs vfs.FS, dir string) func() (int64, error) {
	return func() (int64, error) {
		usage, err := fs.GetDiskUsage(dir)
		return int64(min(usage.AvailBytes, 1<<62)), err
	}
}
