package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

// TestOtherReleases reads frames with fields that this release has not, and without some it has.
func TestOtherReleases(t *testing.T) {
	deep := append(bytes.Repeat([]byte{arrayFix | 1}, depthMax-1), packNil)
	extra := [][]byte{
		{5}, {0xff}, {packNil}, {isTrue}, {0xcb, 1, 2, 3, 4, 5, 6, 7, 8}, {0xca, 1, 2, 3, 4}, {0xd1, 1, 2}, {0xcf, 1, 2, 3, 4, 5, 6, 7, 8},
		{0xa2, 'h', 'i'}, {0xd9, 1, 'h'}, {0xda, 0, 1, 'h'}, {0xc4, 1, 0}, {0xc6, 0, 0, 0, 1, 0}, {0x81, 1, 2}, {0xde, 0, 1, 1, 2},
		{0xdf, 0, 0, 0, 1, 1, 2}, {0x92, 1, 2}, {0xdc, 0, 1, 1}, {0xdd, 0, 0, 0, 1, 1}, {0xc7, 1, 9, 9}, {0xc9, 0, 0, 0, 1, 9, 9}, {0xd4, 9, 9}, {0xd8, 17: 9}, deep,
	}
	for _, g := range golden() {
		body := g.frame.appendFields(nil)
		fields := body[0] - arrayFix
		if body[0] == array16 {
			continue
		}
		for _, x := range extra {
			longer := append([]byte{array16, 0, fields + 1}, body[1:]...)
			if got := one(t, framed(g.frame.Type(), append(longer, x...))); !reflect.DeepEqual(got, g.frame) {
				t.Errorf("%T with %x came as %+v", g.frame, x, got)
			}
		}
	}
	for _, g := range golden() {
		got := one(t, framed(g.frame.Type(), []byte{arrayFix}))
		if want := reflect.Zero(reflect.TypeOf(g.frame)).Interface(); !reflect.DeepEqual(got, want) {
			t.Errorf("an empty array came as %+v", got)
		}
	}
	if got := one(t, framed(typeFetched, []byte{arrayFix | 2, bin8, 16, 17: 0, 18: 0, 19: 9})); got != (Fetched{Next: 9}) {
		t.Errorf("got %+v", got)
	}
}

func TestUnknownType(t *testing.T) {
	raw := Append(framed(optional, []byte("whatever")), Promise{Time: 1})
	if got := one(t, raw); got != (Promise{Time: 1}) {
		t.Errorf("behind a frame of type 128: %v", got)
	}
	for _, kind := range []byte{0, typePromise + 1, typePart + 1, optional - 1} {
		if f, err := NewReader(bytes.NewReader(framed(kind, []byte{arrayFix})), 0).Next(); !errors.Is(err, ErrMalformed) {
			t.Errorf("type %d: %v, %v", kind, f, err)
		}
	}
}

// TestMalformed lists bodies that are refused.
func TestMalformed(t *testing.T) {
	entries := Ack{make([]Acked, AckEntriesMax+1)}.appendFields(nil)
	tests := []struct {
		name string
		kind byte
		body string
	}{
		{"no array", typePromise, "\x01"},
		{"bytes behind", typePromise, "\x92\x01\xc2\xc2"},
		{"bytes behind a block", typeBlock, "\x93\x01\x00\xc4\x01a\x00"},
		{"int for bool", typePromise, "\x92\x01\x01"},
		{"nil for int", typePromise, "\x91\xc0"},
		{"too large for int64", typePromise, "\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"negative number", typeBlock, "\x91\xff"},
		{"partition beyond 32 bits", typeLog, "\x94\x01\xa1s\x01\xcf\x00\x00\x00\x01\x00\x00\x00\x00"},
		{"short log id", typeFetch, "\x91\xc4\x0faaaaaaaaaaaaaaa"},
		{"string for log id", typeFetch, "\x91\xb0aaaaaaaaaaaaaaaa"},
		{"sums cut", typeDigest, "\x93\x00\xc4\x00\xc4\x10aaaaaaaaaaaaaaaa"},
		{"list longer than frame", typeAck, "\x91\xdd\x00\x00\xff\xff"},
		{"entries not whole", typeAck, "\x91\x91\x92\x01\x01\x01"},
		{"too many entries", typeAck, string(entries)},
		{"block longer than frame", typeBlock, "\x93\x01\x00\xc6\x00\xff\xff\xffa"},
		{"elements longer than frame", typeBlock, "\xdd\x00\x00\xff\xff\x01\x00\xc4\x01a"},
		{"list of over 65,536", typePromise, "\xdd\x00\x01\x00\x01"},
		{"nested too deep", typePromise, "\x93\x00\xc2" + strings.Repeat("\x91", depthMax) + "\x00"},
		{"byte of no meaning", typePromise, "\x93\x00\xc2\xc1"},
	}
	for _, c := range tests {
		if f, err := NewReader(bytes.NewReader(framed(c.kind, []byte(c.body))), 0).Next(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", c.name, f, err)
		}
	}
	for _, raw := range []string{"\x00", "\xff\xff\xff\xff\xff\x01", "\xff\xff\xff\x7f\x06"} {
		if f, err := NewReader(strings.NewReader(raw), 0).Next(); !errors.Is(err, ErrMalformed) {
			t.Errorf("length %x: %v, %v", raw, f, err)
		}
	}
}

func TestSizes(t *testing.T) {
	whole := Block{1, 0, make([]byte, 16<<20)}
	if got := one(t, Append(nil, whole)); !reflect.DeepEqual(got, whole) {
		t.Error("a block of 16 MiB came back as another")
	}
	tests := []struct {
		name  string
		frame Frame
		max   int
		ok    bool
	}{
		{"part of the longest", Part{Stream: "$c." + strings.Repeat("s", 128), Bytes: make([]byte, PartBytesMax), Next: make([]byte, 2048)}, 0, true},
		{"part above all", Part{Bytes: make([]byte, 16<<20+64)}, 0, false},
		{"block within max", Block{1, 0, make([]byte, 1000)}, 1064, true},
		{"block above max", Block{1, 0, make([]byte, 1064)}, 1064, false},
		{"block above all", Block{1, 0, make([]byte, 16<<20+64)}, 1 << 30, false},
		{"control frame of 64 KiB", Drop{Reason: strings.Repeat("a", ControlBytesMax-7)}, 0, true},
		{"control frame above", Drop{Reason: strings.Repeat("a", ControlBytesMax-6)}, 0, false},
	}
	for _, c := range tests {
		if _, err := NewReader(bytes.NewReader(Append(nil, c.frame)), c.max).Next(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestOwnBytes: what a Reader has given stays as it is while it reads on.
func TestOwnBytes(t *testing.T) {
	var raw []byte
	for i := range 50 {
		raw = Append(raw, Block{uint64(i), 0, bytes.Repeat([]byte{byte(i)}, 100)})
		raw = Append(raw, Digest{Prefix: []byte{byte(i)}})
	}
	r := NewReader(bytes.NewReader(raw), 0)
	var all []Frame
	for {
		f, err := r.Next()
		if err == io.EOF {
			break
		}
		all = append(all, f)
	}
	for i := range 50 {
		b, d := all[2*i].(Block), all[2*i+1].(Digest)
		if !bytes.Equal(b.Bytes, bytes.Repeat([]byte{byte(i)}, 100)) || !bytes.Equal(d.Prefix, []byte{byte(i)}) {
			t.Fatalf("frames %d: %v, %v", i, b, d)
		}
	}
}

func TestLaneOf(t *testing.T) {
	for second, want := range map[byte]int{0: 1, 1: 2, 3: 4, 4: 1, 255: 4} {
		if got := LaneOf(edged.LogID{9, second}, false); got != want {
			t.Errorf("%d goes on lane %d, want %d", second, got, want)
		}
	}
	if got := LaneOf(edged.LogID{}, true); got != LaneHidden {
		t.Errorf("hidden goes on lane %d", got)
	}
}
