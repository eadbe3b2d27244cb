package storage

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
)

// node is what the database knows of who writes it. The record under 'n' "node":
//
//	version 1 | flags: 1 clean, 2 exposed | inode, 8 | uvarint length, node id | origin, 10 | label
type node struct {
	mu      sync.Mutex // of writing the record
	record  nodeRecord
	exposed atomic.Bool // the durable record says so
}

type nodeRecord struct {
	origin  edged.Origin
	node    string
	inode   uint64
	clean   bool // nothing was appended since the last stop
	exposed bool // something may have been shown ahead of its fsync
}

const (
	flagClean = 1 << iota
	flagExposed
)

var nodeKey = spaceNode.key(nil, []byte("node")) // read-only

func (r nodeRecord) append(dst []byte) []byte {
	var flags byte
	if r.clean {
		flags |= flagClean
	}
	if r.exposed {
		flags |= flagExposed
	}
	dst = append(dst, recordVersion, flags)
	dst = binary.LittleEndian.AppendUint64(dst, r.inode)
	dst = binary.AppendUvarint(dst, uint64(len(r.node)))
	dst = append(dst, r.node...)
	dst = append(dst, r.origin.ID[:]...)
	return append(dst, r.origin.Label...)
}

func parseNode(raw []byte) (r nodeRecord, err error) {
	f := fields{rest: raw}
	if f.byte() != recordVersion {
		return r, errRecord
	}
	flags := f.byte()
	r.clean, r.exposed = flags&flagClean != 0, flags&flagExposed != 0
	r.inode = f.uint64()
	r.node = f.text()
	copy(r.origin.ID[:], f.take(len(r.origin.ID)))
	r.origin.Label = string(f.rest)
	if f.failed || len(f.rest) > labelBytesMax {
		return nodeRecord{}, errRecord
	}
	return r, nil
}

// Sealed is a former origin of this node, which will not write again. Its logs end at the heads
// that their records hold: no block is ever put after them.
type Sealed struct {
	Origin edged.Origin
	Reason string
	At     edged.Timestamp // no stamp of the origin is above it
}

func sealedPrefix() []byte { return spaceNode.key(nil, []byte("sealed")) }

func (z Sealed) append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = appendStamp(dst, z.At)
	dst = binary.AppendUvarint(dst, uint64(len(z.Reason)))
	dst = append(dst, z.Reason...)
	return append(dst, z.Origin.Label...)
}

func parseSealed(key, raw []byte) (z Sealed, err error) {
	f := fields{rest: raw}
	if f.byte() != recordVersion || len(key) != len(z.Origin.ID) {
		return z, errRecord
	}
	copy(z.Origin.ID[:], key)
	z.At = f.stamp()
	z.Reason = f.text()
	z.Origin.Label = string(f.rest)
	if f.failed || len(f.rest) > labelBytesMax {
		return Sealed{}, errRecord
	}
	return z, nil
}

// verdict is what becomes of the origin at start.
type verdict struct {
	mint bool
	seal bool // the old one, at its recovered heads
	why  string
	jump bool // the ceiling found is not believed
}

// judge applies the table of starts. before is nil when there is no record.
func judge(before *nodeRecord, now identity, ceiling, wall int64) verdict {
	jump := ceiling-ceilingJump > wall
	switch {
	case before == nil:
		return verdict{mint: true, why: "new"}
	case before.node != now.node:
		return verdict{mint: true, why: "foreign", jump: jump}
	case before.inode != now.inode:
		return verdict{mint: true, why: "copied", jump: jump}
	case jump:
		return verdict{mint: true, seal: true, why: "clock", jump: true}
	case !before.clean && before.exposed:
		return verdict{mint: true, seal: true, why: "exposed"}
	}
	return verdict{}
}

// start decides under which origin this run writes, and makes that durable: what is minted,
// sealed and marked is one batch, so a crash in between changes nothing.
func (s *Store) start(id identity) error {
	before, ceiling, err := s.found()
	if err != nil {
		return err
	}
	v := judge(before, id, ceiling.Wall, s.opts.Now().UnixNano())
	r := nodeRecord{node: id.node, inode: id.inode}
	b := s.db.NewBatch()
	defer b.Close()
	if before != nil {
		r.origin = before.origin
	}
	if v.seal {
		z := Sealed{Origin: before.origin, Reason: v.why, At: ceiling}
		s.seals.seal(z)
		err = b.Set(append(sealedPrefix(), z.Origin.ID[:]...), z.append(nil), nil)
	}
	if v.mint {
		r.origin.Label = s.opts.Label
		if _, e := rand.Read(r.origin.ID[:]); e != nil {
			return fmt.Errorf("storage: new origin: %w", e)
		}
	}
	if v.jump {
		ceiling = edged.Timestamp{}
	}
	err = errors.Join(err, b.Set(nodeKey, r.append(nil), nil),
		b.Set(ceilingKey, appendStamp(nil, ceiling), nil), b.Commit(pebble.Sync))
	if err != nil {
		return fmt.Errorf("storage: identity: %w", err)
	}
	s.node.record = r
	s.identity = id
	s.origin.Store(&r.origin)
	s.minted.Store(&v.why)
	s.clean = v.mint || before.clean
	s.ceiling.staged = ceiling.Wall
	s.ceiling.durable.Store(ceiling.Wall)
	if ceiling != (edged.Timestamp{}) {
		s.clock.Restore(ceiling)
	}
	if v.mint {
		s.opts.Log.Info("origin minted", "origin", r.origin.String(), "reason", v.why, "sealed", v.seal)
	}
	return nil
}

// found reads what the last run left.
func (s *Store) found() (*nodeRecord, edged.Timestamp, error) {
	if err := s.findEnds(); err != nil {
		return nil, edged.Timestamp{}, err
	}
	raw, err := s.Get(spaceNode, nodeKey[1:])
	if err != nil || raw == nil {
		return nil, edged.Timestamp{}, err
	}
	r, err := parseNode(raw)
	if err != nil {
		return nil, edged.Timestamp{}, fmt.Errorf("storage: node record: %w", err)
	}
	if raw, err = s.Get(spaceNode, ceilingKey[1:]); err != nil {
		return nil, edged.Timestamp{}, err
	}
	f := fields{rest: raw}
	at := f.stamp()
	if f.failed {
		return nil, edged.Timestamp{}, fmt.Errorf("storage: ceiling: %w", errRecord)
	}
	return &r, at, nil
}

// Expose marks on disk that from now on events may be shown ahead of their fsync, so that an
// unclean stop mints a new origin. It is called before the first is; later calls cost a load.
func (s *Store) Expose() error {
	if s.node.exposed.Load() {
		return nil
	}
	if err := s.Writable(); err != nil {
		return err
	}
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	if s.node.exposed.Load() {
		return nil
	}
	r := s.node.record
	r.exposed = true
	if err := s.mark(r, nil, nil); err != nil {
		return err
	}
	s.node.exposed.Store(true)
	return nil
}

// mark makes the node's record durable, with the ceiling and an origin's end where they are given.
func (s *Store) mark(r nodeRecord, ceiling *edged.Timestamp, end *Sealed) error {
	b := s.db.NewBatch()
	defer b.Close()
	err := b.Set(nodeKey, r.append(nil), nil)
	if ceiling != nil {
		err = errors.Join(err, b.Set(ceilingKey, appendStamp(nil, *ceiling), nil))
	}
	if end != nil {
		err = errors.Join(err, b.Set(append(sealedPrefix(), end.Origin.ID[:]...), end.append(nil), nil))
	}
	if err = errors.Join(err, b.Commit(pebble.Sync)); err != nil {
		s.fail("mark of the node", err)
		return s.failure.err()
	}
	s.node.record = r
	return nil
}
