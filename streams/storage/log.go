package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Log is one log, as all who use it share it.
type Log struct {
	name   edged.LogName
	id     edged.LogID
	key    []byte // of its record
	sealed bool

	// For the committer only.
	staged  State
	group   uint64 // the last group that changed it
	dropped bool

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
}

// Name is the log's name.
func (l *Log) Name() edged.LogName { return l.name }

// ID stands for the name in blocks and keys.
func (l *Log) ID() edged.LogID { return l.id }

// Sealed says that the log's origin was this node's and will not write again: its head is final.
func (l *Log) Sealed() bool { return l.sealed }

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
		return s.adopt(name, key, State{Start: 1}), nil
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
	return s.adopt(name, key, state), nil
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
			l = s.adopt(name, spaceLogs.key(nil, key), state)
		}
		found = append(found, l)
	}
	return found, rows.Err()
}

// adopt makes the object of a log that nobody holds. The registry is locked. What the database
// shows is durable for such a log: a group holds its logs until their fsync has returned.
func (s *Store) adopt(name edged.LogName, key []byte, state State) *Log {
	id := name.ID()
	l := &Log{name: name, id: id, key: key, staged: state, durable: state}
	_, l.sealed = s.sealed[name.Origin.ID]
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
	var name edged.LogName
	cut := bytes.IndexByte(key, 0)
	if cut < 0 || len(key) != cut+1+8+4+len(name.Origin.ID) {
		return name, State{}, fmt.Errorf("storage: log record under a key of %d bytes", len(key))
	}
	name.Stream = string(key[:cut])
	name.Generation = edged.Generation(binary.BigEndian.Uint64(key[cut+1:]))
	name.Partition = edged.Partition(binary.BigEndian.Uint32(key[cut+9:]))
	copy(name.Origin.ID[:], key[cut+13:])
	state, label, err := parseRecord(raw)
	if err != nil {
		return name, state, fmt.Errorf("storage: record of log %v: %w", name, err)
	}
	name.Origin.Label = label
	return name, state, nil
}
