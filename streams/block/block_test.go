package block

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

var codecs = []Codec{None, S2, Zstd}

var someLog = edged.LogName{
	Stream: "orders", Generation: 2, Partition: 7,
	Origin: edged.Origin{ID: edged.OriginID{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, Label: "eu-1"},
}

func goldenDrafts() []edged.Draft {
	return []edged.Draft{
		{Data: []byte(`{"total":42}`)},
		{ID: []byte("order-1"), Key: []byte("user-7"), Type: []byte("order.created"), ContentType: []byte("text/plain"),
			Time: wall - 1_500_000_000, HasTime: true, Data: []byte("hello")},
		{ContentType: []byte("application/json"), Headers: []edged.Header{{Name: "tenant", Value: "acme"}, {Name: "", Value: ""}}},
		{Key: []byte("k"), Time: wall + 1, HasTime: true, After: []byte{1, 2, 3}, Data: bytes.Repeat([]byte("x"), 130)},
	}
}

// The bytes are frozen: other nodes and other years read them.
func TestGolden(t *testing.T) {
	var b Builder
	b.Start(Place{
		Log: someLog.ID(), First: 411, HLC: edged.Timestamp{Wall: wall, Logical: 3},
		Prev: Chain{0xc0, 15: 0x01},
	})
	drafts := goldenDrafts()
	for i := range drafts {
		b.Add(&drafts[i])
	}
	sealed := b.Seal(S2) // too small to be compressed
	got := strings.TrimSpace(hex.Dump(sealed.Bytes())) + fmt.Sprintf("\nchain %x\n", sealed.Chain())
	want, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatalf("%v; the block is now\n%s", err, got)
	}
	if got != string(want) {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPlainLaw(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var b Builder
	prev := Chain{}
	for round := range 300 {
		drafts := anyDrafts(r, 1+r.IntN(30))
		at := Place{Log: someLog.ID(), First: edged.Sequence(1 + r.Uint64N(1<<50)), HLC: edged.Timestamp{Wall: wall, Logical: r.Uint32N(1 << 20)}, Prev: prev}
		raw := plainBlock(at, drafts)
		for _, c := range codecs {
			b.Start(at)
			size := 0
			for i := range drafts {
				if !b.Fits(&drafts[i]) {
					t.Fatalf("round %d: draft %d does not fit", round, i)
				}
				b.Add(&drafts[i])
				size += len(plainRecord(drafts[i], wall, nil))
				if b.Len() != i+1 || b.BodyBytes() != size {
					t.Fatalf("round %d: %d events in %d bytes, want %d in %d", round, b.Len(), b.BodyBytes(), i+1, size)
				}
			}
			sealed := b.Seal(c)
			if c == None && !bytes.Equal(sealed.Bytes(), raw) {
				t.Fatalf("round %d: got\n%s\nwant\n%s", round, hex.Dump(sealed.Bytes()), hex.Dump(raw))
			}
			parsed, err := Parse(bytes.Clone(sealed.Bytes()))
			if err != nil {
				t.Fatalf("round %d, codec %d: %v", round, c, err)
			}
			if *parsed.Header() != *sealed.Header() || parsed.Size() != sealed.Size() {
				t.Fatalf("round %d: %+v came back as %+v", round, sealed.Header(), parsed.Header())
			}
			prev = plainChain(sealed.Bytes())
			if sealed.Chain() != prev || parsed.Chain() != prev {
				t.Fatalf("round %d: chain %x and %x, want %x", round, sealed.Chain(), parsed.Chain(), prev)
			}
			want, err := plainEvents(sealed.Header(), someLog, raw[HeaderBytes:])
			if err != nil {
				t.Fatal(err)
			}
			sameEvents(t, eventsOf(sealed, someLog), want)
			sameEvents(t, eventsOf(parsed, someLog), want)
			from, to := r.IntN(len(want)+1), r.IntN(len(want)+2)
			n := from
			for i, e := range parsed.Events(someLog, from, to) {
				if i != n || e.Sequence != want[i].Sequence {
					t.Fatalf("round %d: event %d of %d to %d is %d, sequence %d", round, n, from, to, i, e.Sequence)
				}
				n++
			}
			if n != max(from, min(to, len(want))) {
				t.Fatalf("round %d: %d to %d of %d ended at %d", round, from, to, len(want), n)
			}
		}
	}
}

func TestHeaderAlone(t *testing.T) {
	b := build(None, typical(3))
	h, err := ParseHeader(b.Bytes()[:HeaderBytes])
	if err != nil || h != *b.Header() {
		t.Fatalf("got %+v, %v, want %+v", h, err, *b.Header())
	}
	if h.Last() != 3 || h.Newest() != (edged.Timestamp{Wall: wall, Logical: 2}) {
		t.Fatalf("last %d at %v", h.Last(), h.Newest())
	}
}

// Every cut-off prefix and every flipped bit is found, wherever it is.
func TestDamageAnywhere(t *testing.T) {
	for _, c := range codecs {
		raw := build(c, typical(9)).Bytes()
		for n := range len(raw) {
			if _, err := Parse(raw[:n:n]); !isDamage(err) {
				t.Fatalf("codec %d, the first %d of %d bytes: %v", c, n, len(raw), err)
			}
			if _, err := ParseHeader(raw[:n:n]); (err == nil) != (n >= HeaderBytes) {
				t.Fatalf("codec %d, the header in the first %d bytes: %v", c, n, err)
			}
		}
		if _, err := Parse(append(bytes.Clone(raw), 0)); !isDamage(err) {
			t.Fatalf("codec %d, a byte more: %v", c, err)
		}
		for bit := range 8 * len(raw) {
			flipped := bytes.Clone(raw)
			flipped[bit/8] ^= 1 << (bit % 8)
			if _, err := Parse(flipped); !isDamage(err) {
				t.Fatalf("codec %d, bit %d of byte %d flipped: %v", c, bit%8, bit/8, err)
			}
		}
	}
}

func isDamage(err error) bool {
	var d *DamageError
	return errors.As(err, &d)
}

// repair makes the lengths that follow from raw, and the sums, right again.
func repair(raw []byte) {
	copy(raw, "EDB1\x01")
	raw[6], raw[7] = 100, 0
	put := func(at int, v uint32) {
		raw[at], raw[at+1], raw[at+2], raw[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	put(36, uint32(len(raw)-100))
	if raw[5] == 0 {
		put(40, uint32(len(raw)-100))
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	put(44, crc32.Checksum(raw[100:], table))
	put(92, 0)
	put(96, crc32.Checksum(raw[:96], table))
}

// What is wrong is named, in the order in which things are checked, also where the sums are right.
func TestDamageKinds(t *testing.T) {
	good := func() []byte { return bytes.Clone(build(None, typical(2)).Bytes()) }
	header := func(change func(*Header)) []byte {
		h := *build(None, typical(2)).Header()
		change(&h)
		body := good()[HeaderBytes:]
		return append(plainHeader(h, body), body...)
	}
	sealed := func(change func(raw []byte)) []byte {
		raw := good()
		change(raw)
		crc := crc32.Checksum(raw[:96], castagnoli)
		copy(raw[96:], []byte{byte(crc), byte(crc >> 8), byte(crc >> 16), byte(crc >> 24)})
		return raw
	}
	for _, c := range []damageCase{
		{"good", good(), ""},
		{"nothing", nil, Short},
		{"magic and version", append([]byte("EDB2\x02"), good()[5:]...), Magic},
		{"version and sum", append([]byte("EDB1\x02\x09"), good()[6:]...), Version},
		{"header sum", append([]byte("EDB1\x01\x09"), good()[6:]...), HeaderSum},
		{"codec 3", sealed(func(raw []byte) { raw[5] = 3 }), Lengths},
		{"reserved flag", sealed(func(raw []byte) { raw[5] = 0x80 }), Lengths},
		{"header length", sealed(func(raw []byte) { raw[6] = 101 }), Lengths},
		{"reserved bytes", sealed(func(raw []byte) { raw[93] = 1 }), Lengths},
		{"body of 4 GiB", sealed(func(raw []byte) { copy(raw[36:], "\xff\xff\xff\xff\xff\xff\xff\xff") }), Lengths},
		{"no events", header(func(h *Header) { h.Count = 0 }), Lengths},
		{"too many events", header(func(h *Header) { h.Count = CountMax + 1 }), Lengths},
		{"more events than bytes", header(func(h *Header) { h.Count = 200 }), Lengths},
		{"sequence 0", header(func(h *Header) { h.First = 0 }), Lengths},
		{"sequences run over", header(func(h *Header) { h.First = math.MaxUint64 }), Lengths},
		{"stamps run over", header(func(h *Header) { h.HLC.Logical = math.MaxUint32 }), Lengths},
		{"last stamp", header(func(h *Header) { h.HLC.Logical = math.MaxUint32 - 1 }), ""},
		{"length before compression", header(func(h *Header) { h.RawBodyBytes++ }), Lengths},
		{"times the wrong way", header(func(h *Header) { h.TimeMin = h.TimeMax + 1 }), Lengths},
		{"body missing", good()[:HeaderBytes], Short},
		{"body sum", append(good()[:len(good())-1], '?'), BodySum},
		{"fewer records", header(func(h *Header) { h.Count = 3 }), Records},
		{"more records", header(func(h *Header) { h.Count = 1 }), Records},
		{"smallest time", header(func(h *Header) { h.TimeMin-- }), Records},
		{"largest time", header(func(h *Header) { h.TimeMax++ }), Records},
	} {
		c.check(t)
	}
}

// What is wrong inside the body, where all sums are right.
func TestRecordDamage(t *testing.T) {
	one := func(record ...byte) []byte {
		h := Header{First: 1, Count: 1, HLC: edged.Timestamp{Wall: wall}, TimeMin: wall, TimeMax: wall, RawBodyBytes: len(record)}
		return append(plainHeader(h, record), record...)
	}
	for _, c := range []damageCase{
		{"bare record", one(1, 0), ""},
		{"empty record", one(0, 0), Records},
		{"one record more", one(1, 0, 1, 0), Records},
		{"record too long", one(2, 0), Records},
		{"length never ends", one(0x80, 0x80), Records},
		{"time cut off", one(2, 1, 0x80), Records},
		{"id cut off", one(4, 2, 3, 'a', 'b'), Records},
		{"content type cut off", one(2, 16, 1), Records},
		{"header claims more than there is", one(3, 32, 1, 0), Records},
		{"header claims 2^63", one(11, 32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0), Records},
		{"empty header", one(4, 32, 1, 0, 0), ""},
		{"producer session", one(2, 64, 0), Records},
		{"extension empty", one(2, 128, 0), ""},
		{"extension unknown", one(6, 128, 3, 99, 1, 'x', 'd'), ""},
		{"extension cut off", one(3, 128, 2, 99), Records},
		{"extension item cut off", one(5, 128, 2, 99, 1, 'x'), Records},
		{"extension tag only", one(3, 128, 1, 99), Records},
	} {
		c.check(t)
	}
}

type damageCase struct {
	name string
	raw  []byte
	want Damage // empty: it is a block
}

func (c damageCase) check(t *testing.T) {
	_, err := Parse(c.raw)
	var got *DamageError
	errors.As(err, &got)
	switch {
	case c.want == "" && err != nil:
		t.Errorf("%s: %v", c.name, err)
	case c.want != "" && (got == nil || got.Damage != c.want):
		t.Errorf("%s: got %v, want %s", c.name, err, c.want)
	}
}

// Unknown extension items are passed over, what stands around them is read.
func TestExtensionSkipped(t *testing.T) {
	record := plainRecord(edged.Draft{Key: []byte("k"), Data: []byte("data")}, wall, []byte{77, 2, 'a', 'b', 0x80, 1, 0})
	h := Header{Log: someLog.ID(), First: 1, Count: 1, HLC: edged.Timestamp{Wall: wall}, TimeMin: wall, TimeMax: wall, RawBodyBytes: len(record)}
	b, err := Parse(append(plainHeader(h, record), record...))
	if err != nil {
		t.Fatal(err)
	}
	if e := eventsOf(b, someLog)[0]; e.Key != "k" || string(e.Data) != "data" {
		t.Fatalf("got %+v", e)
	}
}

// Times so far from the stamp that the difference does not fit still come back.
func TestTimesFarApart(t *testing.T) {
	for _, stamp := range []int64{math.MinInt64, -1, 0, wall, math.MaxInt64} {
		var b Builder
		b.Start(Place{First: 1, HLC: edged.Timestamp{Wall: stamp}})
		times := []int64{math.MinInt64, -1, 0, 1, math.MaxInt64}
		for _, at := range times {
			b.Add(&edged.Draft{Time: at, HasTime: true})
		}
		parsed, err := Parse(b.Seal(None).Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range parsed.Events(someLog, 0, len(times)) {
			if e.Time != times[i] {
				t.Errorf("stamp %d: time %d came back as %d", stamp, times[i], e.Time)
			}
		}
	}
}

func TestEventsBounds(t *testing.T) {
	b := build(None, typical(5))
	for _, c := range []struct{ from, to, first, n int }{
		{0, 5, 0, 5}, {-3, 99, 0, 5}, {2, 4, 2, 2}, {4, 5, 4, 1}, {5, 9, 0, 0}, {3, 3, 0, 0}, {4, 2, 0, 0}, {0, -1, 0, 0},
	} {
		first, n := 0, 0
		for i, e := range b.Events(someLog, c.from, c.to) {
			if n == 0 {
				first = i
			}
			if e.Sequence != edged.Sequence(i+1) {
				t.Errorf("event %d has sequence %d", i, e.Sequence)
			}
			n++
		}
		if first != c.first || n != c.n {
			t.Errorf("%d to %d: %d from %d, want %d from %d", c.from, c.to, n, first, c.n, c.first)
		}
	}
	for range b.Events(someLog, 0, 5) {
		break
	}
}

// A sealed block has memory of its own: neither the builder's next block nor the drafts change it.
func TestSealedIsOwn(t *testing.T) {
	for _, c := range codecs {
		var b Builder
		drafts := typical(50)
		seal := func() Block {
			b.Start(place())
			for i := range drafts {
				b.Add(&drafts[i])
			}
			return b.Seal(c)
		}
		first := seal()
		raw, events := bytes.Clone(first.Bytes()), fmt.Sprint(eventsOf(first, someLog))
		for i := range drafts {
			clear(drafts[i].Data)
			clear(drafts[i].Key)
		}
		seal()
		if !bytes.Equal(first.Bytes(), raw) || fmt.Sprint(eventsOf(first, someLog)) != events {
			t.Fatalf("codec %d: the first block has changed", c)
		}
		for _, e := range first.Events(someLog, 0, 50) {
			_ = append(e.Data, "written past its end"...)
		}
		if !bytes.Equal(first.Bytes(), raw) || fmt.Sprint(eventsOf(first, someLog)) != events {
			t.Fatalf("codec %d: a reader's append has changed the block", c)
		}
		if cap(first.raw) > len(first.raw)+len(first.raw)/4 {
			t.Errorf("codec %d: %d bytes kept in %d", c, len(first.raw), cap(first.raw))
		}
	}
}

func TestBuilderLimits(t *testing.T) {
	mustPanic := func(name string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", name)
			}
		}()
		f()
	}
	var b Builder
	small := &edged.Draft{Data: []byte("1")}
	b.Start(place())
	mustPanic("empty", func() { b.Seal(None) })
	for range CountMax {
		b.Add(small)
	}
	if b.Fits(small) {
		t.Error("an event fits after the last")
	}
	mustPanic("one too many", func() { b.Add(small) })
	if sealed := b.Seal(None); sealed.Header().Count != CountMax {
		t.Errorf("%d events", sealed.Header().Count)
	}
	b.Start(place())
	huge := &edged.Draft{Data: make([]byte, BytesMax-HeaderBytes-5)}
	if !b.Fits(huge) {
		t.Fatal("the largest event does not fit")
	}
	b.Add(huge)
	if b.Fits(small) {
		t.Error("an event fits beside the largest")
	}
	for _, c := range []Codec{None, S2, Zstd} {
		b.Start(place())
		b.Add(huge)
		if parsed, err := Parse(b.Seal(c).Bytes()); err != nil || parsed.Header().RawBodyBytes != BytesMax-HeaderBytes {
			t.Errorf("codec %d: %v", c, err)
		}
	}
	b.Start(place())
	if huge.Data = append(huge.Data, 0); b.Fits(huge) {
		t.Error("one byte more fits")
	}
	if cap(b.body) > scratchMax {
		t.Errorf("%d bytes kept after a huge event", cap(b.body))
	}
	b.Start(Place{First: math.MaxUint64, HLC: edged.Timestamp{Wall: wall}})
	b.Add(small)
	b.Add(small)
	mustPanic("sequences run over", func() { b.Seal(None) })
}

func TestNoAllocations(t *testing.T) {
	drafts := typical(200)
	var b Builder
	add := func() {
		b.Start(place())
		for i := range drafts {
			b.Add(&drafts[i])
		}
	}
	if n := testing.AllocsPerRun(20, add); n != 0 {
		t.Errorf("adding 200 events: %v allocations", n)
	}
	for _, c := range []struct {
		codec       Codec
		seal, parse float64
	}{{None, 2, 1}, {S2, 3, 2}} {
		if n := testing.AllocsPerRun(20, func() { add(); b.Seal(c.codec) }); n > c.seal {
			t.Errorf("codec %d: sealing took %v allocations, want %v", c.codec, n, c.seal)
		}
		raw := build(c.codec, drafts).Bytes()
		if n := testing.AllocsPerRun(20, func() { _, _ = Parse(raw) }); n > c.parse {
			t.Errorf("codec %d: parsing took %v allocations, want %v", c.codec, n, c.parse)
		}
	}
	sealed, bytes := build(None, drafts), 0
	if n := testing.AllocsPerRun(20, func() {
		for _, e := range sealed.Events(someLog, 0, 200) {
			bytes += len(e.Data) + len(e.Key)
		}
	}); n != 0 {
		t.Errorf("reading 200 events: %v allocations", n)
	}
	if n := testing.AllocsPerRun(20, func() { chainOf(sealed.Bytes()) }); n != 0 {
		t.Errorf("the chain value: %v allocations", n)
	}
}

// TestCheck finds any flipped bit, as Parse does.
func TestCheck(t *testing.T) {
	var b Builder
	b.Start(Place{First: 1})
	b.Add(&edged.Draft{Data: []byte("some data")})
	raw := b.Seal(None).Bytes()
	if h, err := Check(raw); err != nil || h.First != 1 || h.Count != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
	for i := range raw {
		raw[i] ^= 4
		if _, err := Check(raw); err == nil {
			t.Errorf("a flipped bit in byte %d is not found", i)
		}
		raw[i] ^= 4
	}
	if _, err := Check(raw[:len(raw)-1]); err == nil {
		t.Error("a block that is cut off passes")
	}
}
