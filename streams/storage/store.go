package storage

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
)

// Store is one open data directory.
type Store struct {
	fs    vfs.FS
	dir   string
	clock Clock
	opts  Options
	held  io.Closer // the lock
	db    *pebble.DB

	identity identity
	origin   atomic.Pointer[edged.Origin]
	nonce    [8]byte
	node     node
	seals    seals
	clean    bool
	minted   atomic.Pointer[string]
	ceiling  ceiling
	promised int64 // the last promise; for the committer only

	logs     logs
	beyond   beyond
	digest   digest
	recent   recent
	watcher  func([]edged.Head)
	told     []edged.Head // what the watcher is told of, used again; for the completer only
	pipeline pipeline
	room     room
	stats    counters
	failing  sync.Once
	failure  failure
}

// Open takes a data directory for this process, making it if need be, and decides under which
// origin the run writes. The caller owes it a Close.
func Open(fs vfs.FS, dir string, clock Clock, opts Options) (*Store, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{
		fs: fs, dir: dir, clock: clock, opts: opts, pipeline: newPipeline(), failure: newFailure(),
		seals:  seals{own: make(map[edged.OriginID]Sealed), ends: make(map[edged.OriginID]int64)},
		logs:   logs{open: make(map[edged.LogID]weak.Pointer[Log])},
		recent: recent{blocks: make(map[edged.LogID][]edged.Packed)},
		beyond: beyond{tails: make(map[edged.LogID]*tail)},
		digest: digest{active: make(map[edged.LogID]*past), origins: make(map[edged.OriginID]edged.OriginState)},
	}
	s.room.free.Store(-1)
	s.seams()
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// seams fills the options that need the file system.
func (s *Store) seams() {
	o := &s.opts
	if o.Free == nil {
		o.Free = ask(s.fs, s.dir)
	}
	if o.Inode == nil {
		o.Inode = func(path string) (uint64, error) { return inode(s.fs, path) }
	}
	if o.Fatal == nil {
		o.Fatal = exit(s.fs, s.fs.PathJoin(s.dir, "reason"), o.Now)
	}
}

func (s *Store) open() error {
	if err := makeDir(s.fs, s.dir); err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	var err error
	if s.held, err = lock(s.fs, s.dir); err != nil {
		return err
	}
	id, err := openIdentity(s.fs, s.dir, s.opts.Inode)
	if err != nil {
		return err
	}
	if _, err := rand.Read(s.nonce[:]); err != nil {
		return fmt.Errorf("storage: boot nonce: %w", err)
	}
	if s.db, err = pebble.Open(s.fs.PathJoin(s.dir, "db"), s.pebbleOptions()); err != nil {
		return fmt.Errorf("storage: database in %s: %w", s.dir, err)
	}
	if err := s.start(id); err != nil {
		return err
	}
	if err := s.survey(); err != nil {
		return err
	}
	return s.sweepBeyond()
}

// Close ends the use of the directory. After a Run that ended well the stop is clean: the next
// start keeps the origin and goes on just after the last stamp.
func (s *Store) Close() error {
	if err := s.failure.err(); err != nil {
		return errors.Join(err, s.held.Close()) // the database is left as the failure left it
	}
	s.node.mu.Lock()
	r := s.node.record
	r.clean, r.exposed = true, false
	last := s.clock.Stamp(1)
	err := s.mark(r, &last, nil)
	s.node.mu.Unlock()
	return errors.Join(err, s.release())
}

// release gives back what open took.
func (s *Store) release() error {
	var errs []error
	if s.db != nil && s.failure.err() == nil {
		errs = append(errs, s.db.Close())
	}
	if s.held != nil {
		errs = append(errs, s.held.Close())
	}
	return errors.Join(errs...)
}

// Origin is under whom this run writes.
func (s *Store) Origin() edged.Origin { return *s.origin.Load() }

// Identity is the node's key, NodeID the hash of its public half, by which the mesh knows it.
func (s *Store) Identity() ed25519.PrivateKey { return s.identity.key }

// NodeID is the hash of the public key, by which the mesh knows the node.
func (s *Store) NodeID() string { return s.identity.node }

// Clean says that the disk holds all that was ever written under this origin, as far as it can
// tell: the last run ended well, or the origin is new.
func (s *Store) Clean() bool { return s.clean }

// BootNonce is random, and tells this run from every other of the same node.
func (s *Store) BootNonce() [8]byte { return s.nonce }

// makeDir makes a directory that a crash does not take away.
func makeDir(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(fs, parent)
}

func isNotExist(err error) bool { return errors.Is(err, os.ErrNotExist) }
