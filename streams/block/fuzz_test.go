package block

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/edgedhq/edged"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// zstdOwn is what a zstd decoder takes for its tables and one block, whatever the input.
const zstdOwn = 1 << 20

// budget is what Parse may take for raw: four times the bytes and 64 KiB; and, if the body truly
// inflates, its length.
func budget(raw []byte) uint64 {
	most := 4*uint64(len(raw)) + 64<<10
	h, err := ParseHeader(raw)
	if err != nil {
		return most
	}
	stored := raw[HeaderBytes:]
	switch h.Codec {
	case S2:
		if n, err := s2.DecodedLen(stored); err == nil && n == h.RawBodyBytes {
			if _, err := s2.Decode(nil, stored); err == nil {
				most += uint64(n)
			}
		}
	case Zstd:
		if zstdRoom(stored, h.RawBodyBytes) >= h.RawBodyBytes {
			most += uint64(h.RawBodyBytes) + zstdOwn
		}
	}
	return most
}

// FuzzParse feeds bytes as they are, and once more with header and sums made to fit, so that
// what lies behind the checksums is reached.
func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	for _, c := range codecs {
		f.Add(build(c, typical(1)).Bytes())
		f.Add(build(c, typical(30)).Bytes())
		f.Add(build(c, goldenDrafts()).Bytes())
		f.Add(build(c, []edged.Draft{{Data: make([]byte, 20_000)}}).Bytes())
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 10 {
		f.Add(build(S2, anyDrafts(r, 8)).Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		checkParse(t, bytes.Clone(in))
		if len(in) < HeaderBytes {
			return
		}
		fitted := bytes.Clone(in)
		repair(fitted)
		fitTimes(fitted)
		checkParse(t, fitted)
	})
}

// fitTimes makes the header's range of event times that of the records.
func fitTimes(raw []byte) {
	h, err := ParseHeader(raw)
	if err != nil || h.Codec != None {
		return
	}
	events, err := plainEvents(&h, someLog, raw[HeaderBytes:])
	if err != nil {
		return
	}
	low, high := events[0].Time, events[0].Time
	for _, e := range events {
		low, high = min(low, e.Time), max(high, e.Time)
	}
	binary.LittleEndian.PutUint64(raw[60:], uint64(low))
	binary.LittleEndian.PutUint64(raw[68:], uint64(high))
	repair(raw)
}

func checkParse(t *testing.T, raw []byte) {
	var b Block
	var err error
	spent := allocated(func() { b, err = Parse(raw) })
	if most := budget(raw); spent > most {
		t.Fatalf("%d bytes of input took %d, more than %d", len(raw), spent, most)
	}
	h, headerErr := ParseHeader(raw)
	if err != nil {
		if !isDamage(err) || headerErr != nil && headerErr.Error() != err.Error() {
			t.Fatalf("%v, and of the header %v", err, headerErr)
		}
		if h.Codec == None && headerErr == nil && len(raw) == HeaderBytes+h.BodyBytes {
			checkRefused(t, &h, raw, err)
		}
		return
	}
	if headerErr != nil || h != *b.Header() {
		t.Fatalf("header %+v, %v, of block %+v", h, headerErr, b.Header())
	}
	want, err := plainEvents(&h, someLog, b.body)
	if err != nil {
		t.Fatalf("a block whose body is plainly none")
	}
	got := eventsOf(b, someLog)
	sameEvents(t, got, want)
	rebuild(t, b, got)
}

// checkRefused holds a refusal to the plain reader: the sum, the records or the times are wrong.
func checkRefused(t *testing.T, h *Header, raw []byte, refusal error) {
	fitted := bytes.Clone(raw)
	repair(fitted)
	if !bytes.Equal(fitted, raw) {
		return // the body's sum
	}
	events, err := plainEvents(h, someLog, raw[HeaderBytes:])
	if err != nil {
		return
	}
	low, high := events[0].Time, events[0].Time
	for _, e := range events {
		low, high = min(low, e.Time), max(high, e.Time)
	}
	if low == h.TimeMin && high == h.TimeMax {
		t.Fatalf("refused, and plainly a block: %v", refusal)
	}
}

// rebuild packs the events once more: a block of ours, and the same events.
func rebuild(t *testing.T, b Block, events []edged.Event) {
	h := b.Header()
	var again Builder
	again.Start(Place{Log: h.Log, First: h.First, HLC: h.HLC, Prev: h.Prev})
	for i := range events {
		e := &events[i]
		d := edged.Draft{
			ID: []byte(e.ID), Key: []byte(e.Key), Type: []byte(e.Type), ContentType: []byte(e.ContentType),
			Headers: e.Headers, Time: e.Time, HasTime: true, Data: e.Data,
		}
		if !again.Fits(&d) {
			return // only with records that ours would write shorter elsewhere
		}
		again.Add(&d)
		if e.ContentType == jsonType {
			e.ContentType = ""
		}
	}
	parsed, err := Parse(again.Seal(h.Codec).Bytes())
	if err != nil {
		t.Fatalf("built anew: %v", err)
	}
	sameEvents(t, eventsOf(parsed, someLog), events)
}

// FuzzEvents bounds what reading costs: the headers of an event are at most 16 bytes a byte.
func FuzzEvents(f *testing.F) {
	f.Add([]byte{4, 32, 1, 0, 0})
	f.Add(plainRecord(goldenDrafts()[2], wall, nil))
	f.Add(append([]byte{202, 1, 32, 100}, make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) < recordBytesMin || len(body) > bodyBytesMax {
			return
		}
		h := Header{First: 1, Count: 1, HLC: edged.Timestamp{Wall: wall}, RawBodyBytes: len(body)}
		raw := append(plainHeader(h, body), body...)
		fitTimes(raw)
		b, err := Parse(raw)
		if err != nil {
			return
		}
		read := func() {
			for range b.Events(someLog, 0, 1) {
			}
		}
		// The whole process is measured: what others took meanwhile is not taken three times.
		spent := min(allocated(read), allocated(read), allocated(read))
		if spent > 20*uint64(len(body))+4<<10 {
			t.Fatalf("%d bytes of body took %d", len(body), spent)
		}
	})
}

// FuzzUvarint holds the fast reader of numbers to the standard one.
func FuzzUvarint(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add([]byte{0x80}, 0)
	f.Add(binary.AppendUvarint([]byte{7}, 1<<40), 1)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0}, 0)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		got, end := uvarint(b, at)
		if at < 0 || at > len(b) {
			if end != -1 {
				t.Fatalf("read at %d of %d", at, len(b))
			}
			return
		}
		want, n := binary.Uvarint(b[at:])
		if n <= 0 && end == -1 {
			return
		}
		if n <= 0 || got != want || end != at+n {
			t.Fatalf("%x at %d: %d to %d, want %d to %d", b, at, got, end, want, at+n)
		}
	})
}

// FuzzS2Makes holds the walk over S2's operations to the decoder.
func FuzzS2Makes(f *testing.F) {
	f.Add(s2.Encode(nil, make([]byte, 5000)))
	f.Add(s2.EncodeBest(nil, bytes.Repeat([]byte("abc, abd, abe; "), 90)))
	f.Fuzz(func(t *testing.T, stored []byte) { checkS2Makes(t, 0, stored) })
}
