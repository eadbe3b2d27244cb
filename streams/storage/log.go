package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Log is one log, as all who use it share it.
type Log struct {
	name  edged.LogName
	id    edged.LogID
	key   []byte // of its record
	seals *seals

	// For the committer only.
	staged  State
	group   uint64 // the last group that changed it
	moved   int    // bytes of the blocks by which that moved the head
	dropped bool
	indexed bool // its id leads to its record

	applied atomic.Uint64 // the head that the database shows
	lasting atomic.Bool   // its record is durable, and not dropped

	mu      sync.Mutex
	durable State
}

// State is how far a log is held.
type State struct {
	Start  edged.Sequence  // the first sequence not retired; 1 when none is
	Head   edged.Sequence  // the last one; Start-1 when nothing is held
	Chain  block.Chain     // after Head
	Newest edged.Timestamp // of Head
	Bytes  int64           // of the blocks
	Whole  edged.Sequence  // the first sequence after the last gap; 0 when there is none
	Forked bool            // two histories of the log exist: it stays as it is
}

// Name is the log's name.
func (l *Log) Name() edged.LogName { return l.name }

// ID stands for the name in blocks and keys.
func (l *Log) ID() edged.LogID { return l.id }

// Sealed says that the log's origin has ended: no event with a later stamp will come.
func (l *Log) Sealed() bool { return l.End() != noEnd }

// End is the wall time from which on no event of the log's origin is taken; the largest there is
// while the origin has not ended.
func (l *Log) End() int64 { return l.seals.end(l.name.Origin.ID) }

// Staged is the state that the groups staged so far lead to. Only the committer may ask.
func (l *Log) Staged() State { return l.staged }

// Durable is the state that an fsync has returned for.
func (l *Log) Durable() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable
}

// settle moves the durable state on.
func (l *Log) settle(to State) {
	l.mu.Lock()
	l.durable = to
	l.mu.Unlock()
}

// logs is the registry of Log objects: one for a log while anybody holds it.
type logs struct {
	mu   sync.Mutex
	open map[edged.LogID]weak.Pointer[Log]
}

// Log gives the log of a name. There is one object for it as long as somebody holds one. A log
// that has no record starts at 1 and holds nothing.
func (s *Store) Log(name edged.LogName) (*Log, error) {
	key := recordKey(name)
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	if l := s.logs.open[name.ID()].Value(); l != nil {
		return l, nil
	}
	raw, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return s.adopt(name, key, State{Start: 1}, false), nil
	}
	if err != nil {
		return nil, fmt.Errorf("storage: record of log %v: %w", name, err)
	}
	defer closer.Close()
	state, label, err := parseRecord(raw)
	if err != nil {
		return nil, fmt.Errorf("storage: record of log %v: %w", name, err)
	}
	name.Origin.Label = label
	return s.adopt(name, key, state, true), nil
}

// Logs gives all logs of one generation of a stream that have a record.
func (s *Store) Logs(stream string, generation edged.Generation) ([]*Log, error) {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	prefix := generationPrefix(stream, generation)
	rows := s.Scan(spaceLogs, prefix[1:], nil)
	rows.upper = after(prefix)
	var found []*Log
	for key, raw := range rows.All() {
		name, state, err := parseLog(key, raw)
		if err != nil {
			return nil, err
		}
		l := s.logs.open[name.ID()].Value()
		if l == nil {
			l = s.adopt(name, spaceLogs.key(nil, key), state, true)
		}
		found = append(found, l)
	}
	return found, rows.Err()
}

// adopt makes the object of a log that nobody holds. The registry is locked. What the database
// shows is durable for such a log: a group holds its logs until their fsync has returned.
func (s *Store) adopt(name edged.LogName, key []byte, state State, recorded bool) *Log {
	id := name.ID()
	l := &Log{name: name, id: id, key: key, staged: state, durable: state, indexed: recorded, seals: &s.seals}
	l.applied.Store(uint64(state.Head))
	l.lasting.Store(recorded)
	s.logs.open[id] = weak.Make(l)
	runtime.AddCleanup(l, s.logs.forget, id)
	return l
}

// forget drops the entry of an object that nobody holds.
func (r *logs) forget(id edged.LogID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[id].Value() == nil {
		delete(r.open, id)
	}
}

// generationPrefix begins the keys of all logs of one generation of a stream.
func generationPrefix(stream string, generation edged.Generation) []byte {
	key := make([]byte, 0, 32+len(stream))
	key = append(key, byte(spaceLogs))
	key = append(key, stream...)
	key = append(key, 0)
	return binary.BigEndian.AppendUint64(key, uint64(generation))
}

func recordKey(name edged.LogName) []byte {
	key := generationPrefix(name.Stream, name.Generation)
	key = binary.BigEndian.AppendUint32(key, uint32(name.Partition))
	return append(key, name.Origin.ID[:]...)
}

// after is the first key past all that begin with the prefix.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; ; i-- { // the space byte is never 0xFF
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
}

// parseLog reads a log's record and its key, without the space byte.
func parseLog(key, raw []byte) (edged.LogName, State, error) {
	name, err := parseLogKey(key)
	if err != nil {
		return name, State{}, err
	}
	state, label, err := parseRecord(raw)
	if err != nil {
		return name, state, fmt.Errorf("storage: record of log %v: %w", name, err)
	}
	name.Origin.Label = label
	return name, state, nil
}

// parseLogKey reads the key of a log's record, without the space byte. The label is not in it.
func parseLogKey(key []byte) (edged.LogName, error) {
	var name edged.LogName
	cut := bytes.IndexByte(key, 0)
	if cut < 0 || len(key) != cut+1+8+4+len(name.Origin.ID) {
		return name, fmt.Errorf("storage: log record under a key of %d bytes", len(key))
	}
	name.Stream = string(key[:cut])
	name.Generation = edged.Generation(binary.BigEndian.Uint64(key[cut+1:]))
	name.Partition = edged.Partition(binary.BigEndian.Uint32(key[cut+9:]))
	copy(name.Origin.ID[:], key[cut+13:])
	return name, nil
}
