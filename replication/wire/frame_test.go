package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

func fill(p []byte, from byte) {
	for i := range p {
		p[i] = from + byte(i)
	}
}

func origin(label string) (o edged.Origin) {
	fill(o.ID[:], 0x10)
	o.Label = label
	return o
}

// golden holds one frame of each type and its bytes, which can never change.
func golden() []struct {
	frame Frame
	want  string
} {
	var log edged.LogID
	fill(log[:], 0x20)
	var chain edged.Chain
	fill(chain[:], 0x30)
	var root edged.Sum
	fill(root[:], 0x40)
	stamp := edged.Timestamp{Wall: 1_700_000_000_000_000_000, Logical: 7}
	return []struct {
		frame Frame
		want  string
	}{
		{Hello{
			Mesh: "m", Node: "n", Name: "a", Region: "eu", Origin: origin("a"), Nonce: [8]byte{1, 2, 3, 4, 5, 6, 7, 8},
			Started: stamp.Wall, VersionMin: 1, VersionMax: 2, BlockVersion: 1, Features: []string{"x", "y"}, Sent: stamp.Wall,
			HLC: stamp, Selector: "all", BlockBytesMax: 16 << 20, RowsMax: 1000, HTTP: "h:1", Address: "h:2",
		}, "5d01dc0014a16da16ea161a26575c40a10111213141516171819a161c4080102030405060708cf17979cfe362a000001020192a178a179cf17979cfe362a0000cf17979cfe362a000007a3616c6cce01000000cd03e8a3683a31a3683a32"},
		{Refuse{"busy", "full", time.Second}, "110293a462757379a466756c6cce3b9aca00"},
		{Bye{"stop", "", 0}, "090393a473746f70a000"},
		{Tick{
			Sent: stamp.Wall, Echo: 1, Waited: -1, Tick: 1_700_000_000, Root: root, Newest: stamp,
			Held: []Held{{origin("").ID, stamp.Wall}}, NeedEvents: 5, NeedBytes: 500, Flags: 1,
		}, "4a049bcf17979cfe362a000001ffce6553f100c410404142434445464748494a4b4c4d4e4fcf17979cfe362a0000079192c40a10111213141516171819cf17979cfe362a000005cd01f401"},
		{Log{3, edged.LogName{Stream: "orders", Generation: 1, Partition: 2, Origin: origin("a")}, "eu"}, "1d059703a66f72646572730102c40a10111213141516171819a161a26575"},
		{Block{300, 1, []byte("block")}, "0d0693cd012c01c405626c6f636b"},
		{Ack{[]Acked{{1, 300, 70_000}}}, "0d0791919301cd012cce00011170"},
		{Digest{1_700_000_000, []byte{9}, nil}, "0c0893ce6553f100c40109c400"},
		{Rows{0, []byte{9, 8}, []Row{{log, 1, 40, chain, true}}, false, true}, "32099500c40209089195c410202122232425262728292a2b2c2d2e2f0128c410303132333435363738393a3b3c3d3e3fc3c2c3"},
		{Drop{1, 300, "deleted"}, "0e0a9301cd012ca764656c65746564"},
		{Fetch{log, 41, 57, 4 << 20}, "1b0b94c410202122232425262728292a2b2c2d2e2f2939ce00400000"},
		{Fetched{log, 58, 1}, "160c93c410202122232425262728292a2b2c2d2e2f3a01"},
		{Promise{stamp.Wall, true}, "0c0d92cf17979cfe362a0000c3"},
		{Snapshot{7, "$c.visits", 1, 15, []byte("key"), 256 << 10}, "19109607a924632e766973697473010fc4036b6579ce00040000"},
		{Part{7, "$c.visits", 1, 15, []byte("part"), []byte("next"), true, "no"}, "1f119807a924632e766973697473010fc40470617274c4046e657874c3a26e6f"},
	}
}

func TestGolden(t *testing.T) {
	for _, g := range golden() {
		raw := Append([]byte("before"), g.frame)[len("before"):]
		if got := hex.EncodeToString(raw); got != g.want {
			t.Errorf("%T\n got %s\nwant %s", g.frame, got, g.want)
		}
		if again := one(t, raw); !reflect.DeepEqual(again, g.frame) {
			t.Errorf("%+v came back as %+v", g.frame, again)
		}
	}
}

// one reads the only frame in raw.
func one(t *testing.T, raw []byte) Frame {
	t.Helper()
	r := NewReader(bytes.NewReader(raw), 0)
	f, err := r.Next()
	if err != nil {
		t.Fatalf("%x: %v", raw, err)
	}
	if more, err := r.Next(); err != io.EOF {
		t.Fatalf("%x: %v, %v behind the frame", raw, more, err)
	}
	return f
}

func TestCutOff(t *testing.T) {
	for _, g := range golden() {
		raw := Append(nil, g.frame)
		for n := 1; n < len(raw); n++ {
			if f, err := NewReader(bytes.NewReader(raw[:n]), 0).Next(); err != io.ErrUnexpectedEOF {
				t.Errorf("%T cut to %d bytes: %v, %v", g.frame, n, f, err)
			}
		}
	}
}

// TestCutInside shortens the frame with its length, so that the array is what is cut.
func TestCutInside(t *testing.T) {
	for _, g := range golden() {
		body := g.frame.appendFields(nil)
		for n := range body {
			if f, err := NewReader(bytes.NewReader(framed(g.frame.Type(), body[:n])), 0).Next(); !errors.Is(err, ErrMalformed) {
				t.Errorf("%T cut to %d bytes: %v, %v", g.frame, n, f, err)
			}
		}
	}
}

// framed makes a frame of a body of less than 16 KiB.
func framed(kind byte, body []byte) []byte {
	n := len(body) + 1
	return append([]byte{byte(n&0x7f | 0x80), byte(n >> 7), kind}, body...)
}

// TestRoundTrip holds Append and Reader together over random frames of all types, read from one
// stream in pieces.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var frames []Frame
		var raw []byte
		for range 20 {
			f := anyFrame(r)
			frames = append(frames, f)
			if b, ok := f.(Block); ok && r.IntN(2) == 0 {
				raw = append(AppendBlock(raw, b.Number, b.Flags, len(b.Bytes)), b.Bytes...)
			} else {
				raw = Append(raw, f)
			}
		}
		in := NewReader(&pieces{r, raw}, 0)
		for i, want := range frames {
			got, err := in.Next()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("frame %d: %+v came back as %+v, %v", i, want, got, err)
			}
		}
		if _, err := in.Next(); err != io.EOF {
			t.Fatalf("after the last: %v", err)
		}
	}
}

// pieces gives its bytes a few at a time.
type pieces struct {
	r    *rand.Rand
	left []byte
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+p.r.IntN(3000))], p.left)
	p.left = p.left[n:]
	return n, nil
}

// anyFrame fills a frame of any type; slices are nil or not empty.
func anyFrame(r *rand.Rand) Frame {
	kinds := golden()
	v := reflect.New(reflect.TypeOf(kinds[r.IntN(len(kinds))].frame)).Elem()
	anyValue(r, v)
	switch f := v.Interface().(type) {
	case Block:
		if f.Bytes != nil {
			f.Bytes = bytes.Repeat(f.Bytes, r.IntN(3)*r.IntN(4000)+1)
		}
		return f
	case Digest:
		if f.Sums != nil {
			f.Sums = make([]edged.Sum, edged.Shards)
			anyValue(r, reflect.ValueOf(f.Sums))
		}
		return f
	default:
		return f.(Frame)
	}
}

func anyValue(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			anyValue(r, v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			anyValue(r, v.Index(i))
		}
	case reflect.Slice:
		n := max(0, r.IntN(40)-5)
		if v.Len() > 0 {
			n = v.Len()
		} else if n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range n {
			anyValue(r, v.Index(i))
		}
	case reflect.String:
		v.SetString(string(make([]byte, r.IntN(3)*r.IntN(300))))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.IntN(64))
	case reflect.Uint64, reflect.Uint32, reflect.Uint8:
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()) >> r.IntN(v.Type().Bits()))
	default:
		panic(v.Kind())
	}
}

// TestIntegers reads every form of every integer that has a form of its own.
func TestIntegers(t *testing.T) {
	for _, v := range []int64{
		0, 1, 127, 128, 255, 256, 65_535, 65_536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64,
		-1, -32, -33, -128, -129, -32_768, -32_769, math.MinInt32, math.MinInt32 - 1, math.MinInt64,
	} {
		want := Promise{Time: v}
		if got := one(t, Append(nil, want)); got != want {
			t.Errorf("%d came back as %v", v, got)
		}
		wide := append([]byte{arrayFix | 1, int64b}, be(uint64(v))...)
		if got := one(t, framed(typePromise, wide)); got != want {
			t.Errorf("%d in 8 bytes came back as %v", v, got)
		}
	}
}

func be(v uint64) (b []byte) {
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(v>>shift))
	}
	return b
}
