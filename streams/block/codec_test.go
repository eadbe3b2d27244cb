package block

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/edgedhq/edged"
)

// Compression is tried above 1 KiB of body and kept if it saves a tenth.
func TestWhenCompressed(t *testing.T) {
	random := func(n int) []byte {
		b := make([]byte, n)
		r := rand.NewChaCha8([32]byte{1})
		_, _ = r.Read(b)
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		want bool
	}{
		{"1 KiB of body", make([]byte, 1024-3), false},
		{"a byte more", make([]byte, 1024-2), true},
		{"random", random(64 << 10), false},
		{"random, a twentieth of zeros", append(random(95_000), make([]byte, 5_000)...), false},
		{"random, a fifth of zeros", append(random(80_000), make([]byte, 20_000)...), true},
	} {
		for _, codec := range codecs {
			sealed := build(codec, []edged.Draft{{Data: c.data}})
			h := sealed.Header()
			want := None
			if c.want {
				want = codec
			}
			if h.Codec != want {
				t.Errorf("%s: codec %d, want %d", c.name, h.Codec, want)
			}
			if h.Codec != None && h.BodyBytes > h.RawBodyBytes-h.RawBodyBytes/10 {
				t.Errorf("%s: codec %d saves %d of %d", c.name, codec, h.RawBodyBytes-h.BodyBytes, h.RawBodyBytes)
			}
			if got := sealed.Size(); h.Codec != None && got != HeaderBytes+h.BodyBytes+h.RawBodyBytes {
				t.Errorf("%s: size %d", c.name, got)
			}
			if _, err := Parse(sealed.Bytes()); err != nil {
				t.Errorf("%s, codec %d: %v", c.name, codec, err)
			}
		}
	}
}

// claiming is a block whose header and codec both name size bytes, with right sums.
func claiming(c Codec, stored []byte, size int) []byte {
	h := Header{First: 1, Count: 1, HLC: edged.Timestamp{Wall: wall}, TimeMin: wall, TimeMax: wall, Codec: c, RawBodyBytes: size}
	return append(plainHeader(h, stored), stored...)
}

// A false length is refused before its memory is taken.
func TestFalseLengths(t *testing.T) {
	const size = BytesMax - HeaderBytes
	s2Of := func(ops ...byte) []byte { return append(binary.AppendUvarint(nil, size), ops...) }
	body := make([]byte, size)
	binary.PutUvarint(body, size-4)
	frame := newEncoder().EncodeAll(body, nil)
	half := newEncoder().EncodeAll(body[:size/2], nil)
	var h zstd.Header
	if err := h.Decode(frame); err != nil || !h.SingleSegment || h.FrameContentSize != size {
		t.Fatalf("frame header %+v, %v", h, err)
	}
	var other zstd.Header
	if err := other.Decode(half); err != nil || other.HeaderSize != h.HeaderSize {
		t.Fatalf("frame header %+v, %v", other, err)
	}
	for _, c := range []struct {
		name   string
		codec  Codec
		stored []byte
	}{
		{"s2 names another", S2, s2.Encode(nil, body[:size-1])},
		{"s2 has nothing", S2, s2Of()},
		{"s2 has a little", S2, s2Of(0, 'x')},
		{"s2 literal claims all", S2, s2Of(63<<2, 0x97, 0xff, 0xff, 0)},
		{"s2 copies of nothing", S2, s2Of(5<<2|1, 1, 0xff)},
		{"s2 repeat before any copy", S2, s2Of(0, 'x', 7<<2|1, 0, 0xff, 0xff, 0xff)},
		{"s2 copy from before the start", S2, s2Of(0, 'x', 0|1, 2, 7<<2|1, 0, 0x93, 0xff, 0xfe)},
		{"s2 makes one less", S2, s2Of(0, 'x', 0|1, 1, 7<<2|1, 0, 0x92, 0xff, 0xfe)},
		{"no zstd", Zstd, []byte("this is nothing that zstd makes")},
		{"zstd without blocks", Zstd, frame[:h.HeaderSize]},
		{"zstd names more than its blocks make", Zstd, append(bytes.Clone(frame[:h.HeaderSize]), half[h.HeaderSize:]...)},
		{"zstd cut off", Zstd, frame[:len(frame)-1]},
		{"zstd and more", Zstd, append(bytes.Clone(frame), 0)},
		{"zstd twice", Zstd, append(bytes.Clone(frame), frame...)},
		{"zstd skippable", Zstd, []byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd")},
	} {
		raw := claiming(c.codec, c.stored, size)
		var err error
		spent := allocated(func() { _, err = Parse(raw) })
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Damage != Codecs {
			t.Errorf("%s: %v", c.name, err)
		}
		if spent > 4*uint64(len(raw))+64<<10 {
			t.Errorf("%s: %d bytes took %d", c.name, len(raw), spent)
		}
	}
	if n := s2Makes(s2Of(0, 'x', 0|1, 1, 7<<2|1, 0, 0x93, 0xff, 0xfe)); n != size {
		t.Errorf("1 + 4 + 65,544 + 0xfeff93 bytes of s2 make %d, want %d", n, size)
	}
	for c, stored := range map[Codec][]byte{S2: s2.Encode(nil, body), Zstd: frame} {
		if len(stored) > size/1000 {
			t.Errorf("codec %d: %d bytes of zeros take %d", c, size, len(stored))
		}
		if _, err := Parse(claiming(c, stored, size)); err != nil {
			t.Errorf("codec %d: a true length was refused: %v", c, err)
		}
	}
}

// A frame with a checksum, as another encoder may make, is read.
func TestZstdChecksum(t *testing.T) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true), zstd.WithSingleSegment(true), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	body := plainRecord(edged.Draft{Data: make([]byte, 3000)}, wall, nil)
	if _, err := Parse(claiming(Zstd, w.EncodeAll(body, nil), len(body))); err != nil {
		t.Fatal(err)
	}
}

// The walk over S2's operations and the decoder agree on what can be inflated.
func TestS2Makes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		body := make([]byte, r.IntN(300))
		for i := range body {
			body[i] = byte(r.IntN(3))
		}
		stored := s2.EncodeBest(nil, body)
		checkS2Makes(t, round, stored)
		for range 300 {
			changed := bytes.Clone(stored)
			for range 1 + r.IntN(3) {
				changed[r.IntN(len(changed))] = byte(r.Uint32())
			}
			checkS2Makes(t, round, changed)
		}
	}
}

func checkS2Makes(t *testing.T, round int, stored []byte) {
	t.Helper()
	n, err := s2.DecodedLen(stored)
	if err != nil || n > BytesMax {
		return
	}
	_, err = s2.Decode(nil, stored)
	if got := s2Makes(stored); (got == n) != (err == nil) {
		t.Fatalf("round %d: %x makes %d of %d, and the decoder says %v", round, stored, got, n, err)
	}
}
