package block

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
)

// The format once more, in the plainest way and with nothing of the package's code, as section 4
// of the design states it.

// plainRecord writes one record; ext is the whole extension field without its length, nil for none.
func plainRecord(d edged.Draft, hlcWall int64, ext []byte) []byte {
	str := func(s []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(s))), s...) }
	var flags byte
	var fields []byte
	if d.HasTime && d.Time != hlcWall {
		flags |= 1 << 0
		fields = binary.AppendVarint(fields, d.Time-hlcWall)
	}
	for bit, s := range [][]byte{1: d.ID, 2: d.Key, 3: d.Type, 4: d.ContentType} {
		if len(s) > 0 && string(s) != "application/json" {
			flags |= 1 << bit
			fields = append(fields, str(s)...)
		}
	}
	if len(d.Headers) > 0 {
		flags |= 1 << 5
		fields = binary.AppendUvarint(fields, uint64(len(d.Headers)))
		for _, h := range d.Headers {
			fields = append(fields, str([]byte(h.Name))...)
			fields = append(fields, str([]byte(h.Value))...)
		}
	}
	if len(d.After) > 0 {
		ext = append(slices.Concat([]byte{2}, str(d.After)), ext...)
	}
	if ext != nil {
		flags |= 1 << 7
		fields = append(fields, str(ext)...)
	}
	return str(slices.Concat([]byte{flags}, fields, d.Data))
}

// plainHeader writes the 100 bytes before a stored body.
func plainHeader(h Header, stored []byte) []byte {
	le := binary.LittleEndian
	b := []byte("EDB1\x01")
	b = append(b, byte(h.Codec))
	b = le.AppendUint16(b, 100)
	b = append(b, h.Log[:]...)
	b = le.AppendUint64(b, uint64(h.First))
	b = le.AppendUint32(b, uint32(h.Count))
	b = le.AppendUint32(b, uint32(len(stored)))
	b = le.AppendUint32(b, uint32(h.RawBodyBytes))
	b = le.AppendUint32(b, crc32.Checksum(stored, crc32.MakeTable(crc32.Castagnoli)))
	b = le.AppendUint64(b, uint64(h.HLC.Wall))
	b = le.AppendUint32(b, h.HLC.Logical)
	b = le.AppendUint64(b, uint64(h.TimeMin))
	b = le.AppendUint64(b, uint64(h.TimeMax))
	b = append(b, h.Prev[:]...)
	b = le.AppendUint32(b, 0)
	return le.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// plainBlock is the uncompressed block of drafts.
func plainBlock(at Place, drafts []edged.Draft) []byte {
	h := Header{Log: at.Log, First: at.First, Count: len(drafts), HLC: at.HLC, Prev: at.Prev}
	var body []byte
	var times []int64
	for _, d := range drafts {
		body = append(body, plainRecord(d, at.HLC.Wall, nil)...)
		if !d.HasTime {
			d.Time = at.HLC.Wall
		}
		times = append(times, d.Time)
	}
	h.RawBodyBytes, h.TimeMin, h.TimeMax = len(body), slices.Min(times), slices.Max(times)
	return append(plainHeader(h, body), body...)
}

func plainChain(raw []byte) (c Chain) {
	sum := sha256.Sum256(raw)
	copy(c[:], sum[:16])
	return c
}

var errPlain = errors.New("not a body")

// plainReader takes things off bytes and panics when they are not there.
type plainReader struct{ bytes.Reader }

func plainly(b []byte) *plainReader {
	r := &plainReader{}
	r.Reset(b)
	return r
}

func (r *plainReader) number() uint64 {
	v, err := binary.ReadUvarint(r)
	if err != nil {
		panic(err)
	}
	return v
}

func (r *plainReader) str() []byte {
	n := r.number()
	if n > uint64(r.Len()) {
		panic(errPlain)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		panic(err)
	}
	return b
}

// plainEvents reads a body that is not compressed.
func plainEvents(h *Header, name edged.LogName, body []byte) (events []edged.Event, err error) {
	defer func() {
		if recover() != nil {
			events, err = nil, errPlain
		}
	}()
	all := plainly(body)
	for i := range h.Count {
		r := plainly(all.str())
		flags, err := r.ReadByte()
		if err != nil || flags&(1<<6) != 0 {
			return nil, errPlain
		}
		e := edged.Event{
			Stream: name.Stream, Log: h.Log, Partition: name.Partition, Origin: name.Origin,
			Sequence: h.First + edged.Sequence(i), Time: h.HLC.Wall,
			HLC: edged.Timestamp{Wall: h.HLC.Wall, Logical: h.HLC.Logical + uint32(i)},
		}
		if flags&1 != 0 {
			delta, err := binary.ReadVarint(r)
			if err != nil {
				return nil, errPlain
			}
			e.Time += delta
		}
		for bit, s := range []*string{1: &e.ID, 2: &e.Key, 3: &e.Type, 4: &e.ContentType} {
			if s != nil && flags>>bit&1 == 1 {
				*s = string(r.str())
			}
		}
		if flags>>5&1 == 1 {
			n := r.number()
			if n > uint64(r.Len()) {
				return nil, errPlain
			}
			for range n {
				e.Headers = append(e.Headers, edged.Header{Name: string(r.str()), Value: string(r.str())})
			}
		}
		if flags>>7 == 1 {
			for items := plainly(r.str()); items.Len() > 0; {
				items.number()
				items.str()
			}
		}
		e.Data, _ = io.ReadAll(r)
		events = append(events, e)
	}
	if all.Len() > 0 {
		return nil, errPlain
	}
	return events, nil
}

// sameEvents compares what was read; data that is nil and data that is empty are the same.
func sameEvents(t *testing.T, got, want []edged.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if !bytes.Equal(g.Data, w.Data) || !slices.Equal(g.Headers, w.Headers) {
			t.Fatalf("event %d: got %+v, want %+v", i, g, w)
		}
		same := g.Stream == w.Stream && g.Log == w.Log && g.Partition == w.Partition && g.Origin == w.Origin &&
			g.Sequence == w.Sequence && g.HLC == w.HLC && g.Time == w.Time && g.ID == w.ID && g.Key == w.Key &&
			g.Type == w.Type && g.ContentType == w.ContentType
		if !same {
			t.Fatalf("event %d: got %+v, want %+v", i, g, w)
		}
	}
}

func eventsOf(b Block, name edged.LogName) (events []edged.Event) {
	for _, e := range b.Events(name, 0, CountMax) {
		events = append(events, e)
	}
	return events
}

// anyDrafts makes drafts of all shapes, with lengths around the steps of a varint.
func anyDrafts(r *rand.Rand, n int) []edged.Draft {
	some := func(most int) []byte {
		if r.IntN(2) == 0 {
			return nil
		}
		size := r.IntN(most + 1)
		if r.IntN(4) == 0 {
			size = min(most, 120+r.IntN(16))
		}
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(r.IntN(7) * r.IntN(40))
		}
		return b
	}
	drafts := make([]edged.Draft, n)
	for i := range drafts {
		d := edged.Draft{ID: some(40), Key: some(200), Type: some(30), ContentType: some(30), Data: some(600), After: some(50)}
		if r.IntN(4) == 0 {
			d.ContentType = []byte("application/json")
		}
		for range r.IntN(4) * r.IntN(2) {
			d.Headers = append(d.Headers, edged.Header{Name: string(some(20)), Value: string(some(150))})
		}
		if r.IntN(3) > 0 {
			d.HasTime, d.Time = true, wall+(int64(r.Uint64())>>r.IntN(64))
		}
		drafts[i] = d
	}
	return drafts
}
