package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// blockKeyBytes is the length of a block's key.
const blockKeyBytes = 1 + 16 + 8

func blockKey(dst []byte, id edged.LogID, first edged.Sequence) []byte {
	dst = spaceBlocks.key(dst, id[:])
	return binary.BigEndian.AppendUint64(dst, uint64(first))
}

func putBlockKey(key []byte, id edged.LogID, first edged.Sequence) {
	key[0] = byte(spaceBlocks)
	copy(key[1:], id[:])
	binary.BigEndian.PutUint64(key[1+len(id):], uint64(first))
}

// firstOf is the sequence in a block's key.
func firstOf(key []byte) edged.Sequence {
	return edged.Sequence(binary.BigEndian.Uint64(key[1+len(edged.LogID{}):]))
}

// CorruptError says that events of a log cannot be read: the disk gives other bytes than it was
// given, or none.
type CorruptError struct {
	Log   edged.LogName
	First edged.Sequence // the first event that cannot be read
	Next  edged.Sequence // the first after it that perhaps can; Head+1 when there is none
	Err   error
}

// Error says which events are damaged, and how.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("storage: events %d to %d of log %v: %v", e.First, e.Next-1, e.Log, e.Err)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// Read appends blocks of a log to dst, in order, from the one that holds an event (or the first
// after it, when that is retired), until they are bytesMax long; at least one if there is one.
// Blocks that are applied but not yet durable are given too; those beyond a hole never are. Every
// block is verified; at a damaged one reading ends with what was good before it and a
// *CorruptError.
func (s *Store) Read(l *Log, from edged.Sequence, bytesMax int, dst []block.Block) ([]block.Block, error) {
	return read(s, l, stretch{from, edged.Sequence(l.applied.Load()), int64(bytesMax)}, dst, whole)
}

// ReadPacked appends the stored bytes of durable blocks to dst, as Read does with blocks. The sums
// of what comes from the disk are checked, the records are not.
func (s *Store) ReadPacked(l *Log, from edged.Sequence, bytesMax int, dst []edged.Packed) ([]edged.Packed, error) {
	durable := l.Durable()
	in := stretch{from, durable.Head, int64(bytesMax)}
	if from >= durable.Start {
		if found, ok := s.recent.read(l.id, in, dst); ok {
			return found, nil
		}
	}
	return read(s, l, in, dst, packed)
}

// whole verifies a stored block, on a copy that is the block's own.
func whole(value []byte) (*block.Header, block.Block, error) {
	b, err := block.Parse(bytes.Clone(value))
	return b.Header(), b, err
}

// packed checks a stored block and copies it.
func packed(value []byte) (*block.Header, edged.Packed, error) {
	h, err := block.Check(value)
	return &h, edged.Packed{First: h.First, Last: h.Last(), HLC: h.HLC, Bytes: bytes.Clone(value)}, err
}

// read appends the blocks that begin in a stretch, in the form that open gives them, to dst. The
// stretch's end was known before the iterator is made: all up to it is seen.
func read[T any](s *Store, l *Log, in stretch, dst []T, open func([]byte) (*block.Header, T, error)) ([]T, error) {
	from := in.first
	it, err := s.blocks(l.id)
	if err != nil {
		return dst, s.corrupt(l, from, from, err)
	}
	defer it.Close()
	key := blockKey(nil, l.id, from)
	ok := it.SeekGE(key)
	if !ok || firstOf(it.Key()) != from { // it is inside of a block, or gone
		if ok = it.SeekLT(key); !ok && it.Error() == nil {
			ok = it.First()
		}
	}
	for room := in.bytes; ok && room > 0; ok = it.Next() {
		first := firstOf(it.Key())
		if first > in.last {
			break
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return dst, s.corrupt(l, max(first, from), first, err)
		}
		h, b, err := open(value)
		if err == nil && (h.Log != l.id || h.First != first) {
			err = errors.New("another block stands under its key")
		}
		if err != nil {
			return dst, s.corrupt(l, max(first, from), first, err)
		}
		if h.Last() < from {
			continue
		}
		dst = append(dst, b)
		room -= int64(len(value))
		from = h.Last() + 1
	}
	if err := it.Error(); err != nil {
		return dst, s.corrupt(l, from, from, err)
	}
	return dst, nil
}

// blocks iterates over a log's blocks.
func (s *Store) blocks(id edged.LogID) (*pebble.Iterator, error) {
	lower := blockKey(nil, id, 0)
	return s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: after(lower[:1+len(id)])})
}

// corrupt reports damage, and looks for where reading can go on after the block that begins at
// key.
func (s *Store) corrupt(l *Log, first, key edged.Sequence, err error) error {
	s.stats.corruptions.Add(1)
	s.opts.Log.Error("damaged events", "stream", l.name.Stream, "partition", l.name.Partition,
		"origin", l.name.Origin.String(), "sequence", first, "err", err)
	return &CorruptError{Log: l.name, First: first, Next: s.resume(l, key), Err: err}
}

// resume finds the first block after a damaged one. Where the tables themselves are damaged it
// steps on in doubled strides.
func (s *Store) resume(l *Log, key edged.Sequence) edged.Sequence {
	head := l.Durable().Head
	for stride := edged.Sequence(1); key+stride <= head; stride *= 2 {
		it, err := s.blocks(l.id)
		if err != nil {
			return head + 1
		}
		ok := it.SeekGE(blockKey(nil, l.id, key+stride))
		found := edged.Sequence(0)
		if ok {
			found = firstOf(it.Key())
		}
		if it.Close() == nil && ok {
			return min(found, head+1)
		}
	}
	return head + 1
}

// SeekTime finds the first event with a stamp whose wall time is not before the one given; Head+1
// when there is none. It is where a block begins.
func (s *Store) SeekTime(l *Log, wall int64) (edged.Sequence, error) {
	state := l.Durable()
	it, err := s.blocks(l.id)
	if err != nil {
		return 0, s.corrupt(l, state.Start, state.Start, err)
	}
	defer it.Close()
	low, high := state.Start, state.Head+1 // the answer is in [low, high]
	for low < high {
		mid := low + (high-low)/2
		h, ok, err := header(it, blockKey(nil, l.id, mid+1))
		switch {
		case err != nil:
			return 0, s.corrupt(l, mid, mid, err)
		case !ok:
			low = mid + 1
		case h.HLC.Wall < wall:
			low = max(mid, h.Last()) + 1
		default:
			high = min(mid, h.First)
		}
	}
	return min(low, state.Head+1), nil
}

// header reads the header of the last block that begins before a key.
func header(it *pebble.Iterator, before []byte) (block.Header, bool, error) {
	if !it.SeekLT(before) {
		return block.Header{}, false, it.Error()
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return block.Header{}, false, err
	}
	h, err := block.ParseHeader(value)
	return h, err == nil, err
}

// SeekBytes finds where a log begins when blocks of at least so many bytes are retired from its
// start; Head+1 when that is all of them.
func (s *Store) SeekBytes(l *Log, bytes int64) (edged.Sequence, error) {
	state := l.Durable()
	if bytes <= 0 {
		return state.Start, nil
	}
	it, err := s.blocks(l.id)
	if err != nil {
		return 0, s.corrupt(l, state.Start, state.Start, err)
	}
	defer it.Close()
	for ok := it.SeekGE(blockKey(nil, l.id, state.Start)); ok; ok = it.Next() {
		first := firstOf(it.Key())
		if first > state.Head {
			break
		}
		if bytes <= 0 {
			return first, nil
		}
		value := it.LazyValue()
		bytes -= int64(value.Len())
	}
	if err := it.Error(); err != nil {
		return 0, s.corrupt(l, state.Start, state.Start, err)
	}
	return state.Head + 1, nil
}

// sizeOf adds up a log's blocks from one sequence up to, not including, another.
func (s *Store) sizeOf(l *Log, from, to edged.Sequence) (bytes int64, err error) {
	it, err := s.blocks(l.id)
	if err != nil {
		return 0, fmt.Errorf("storage: log %v: %w", l.name, err)
	}
	defer it.Close()
	end := blockKey(nil, l.id, to)
	for v := it.SeekGEWithLimit(blockKey(nil, l.id, from), end); v == pebble.IterValid; v = it.NextWithLimit(end) {
		value := it.LazyValue()
		bytes += int64(value.Len())
	}
	return bytes, it.Error()
}
