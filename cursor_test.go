package edged_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

func Example() {
	oslo := edged.Origin{ID: edged.OriginID{0x7f, 0x3a}, Label: "eu-1"}
	tokyo := edged.Origin{ID: edged.OriginID{0x9c, 0x01}, Label: "ap-1"}

	// A reader in Oslo has seen 412 events of its own node and 7 of Tokyo's.
	seen := edged.Cursor{Stream: "orders", Generation: 1, Vector: edged.Vector{
		{Origin: oslo.ID}:  412,
		{Origin: tokyo.ID}: 7,
	}}
	text := seen.String()

	// It goes on at the node in Tokyo, which has more.
	at, err := edged.ParseCursor(text)
	if err != nil {
		fmt.Println(err)
		return
	}
	held := edged.Vector{{Origin: oslo.ID}: 412, {Origin: tokyo.ID}: 9}
	fmt.Println("nothing is missing here:", held.Covers(at.Vector))
	for _, k := range held.Keys() {
		fmt.Printf("%x: %d to come\n", k.Origin[:2], held[k]-at.Vector[k])
	}

	_, err = edged.ParseCursor(text[:len(text)-3])
	fmt.Println(err)
	// Output:
	// nothing is missing here: true
	// 7f3a: 0 to come
	// 9c01: 2 to come
	// bad_cursor: cursor: its checksum does not match; pass on a cursor exactly as a node gave it
}

// originA and originB are two writers whose bytes stand in the golden texts.
func originA() edged.OriginID { return edged.OriginID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10} }

func originB() edged.OriginID {
	return edged.OriginID{0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9}
}

func sampleCursor() edged.Cursor {
	return edged.Cursor{Stream: "orders", Generation: 1, Vector: edged.Vector{
		{Origin: originA(), Partition: 0}: 412,
		{Origin: originA(), Partition: 3}: 7,
		{Origin: originB(), Partition: 0}: 1,
	}}
}

// TestCursorGolden holds the frozen bytes, computed by hand: a cursor outlives the release that
// gave it out.
func TestCursorGolden(t *testing.T) {
	for _, c := range []struct {
		name   string
		cursor edged.Cursor
		want   string
	}{
		{"before everything", edged.Cursor{Stream: "orders", Generation: 1}, "AQZvcmRlcnMBd8iLDg"},
		{"three logs", sampleCursor(), "AQZvcmRlcnMBAQIDBAUGBwgJCgIAnAMDB_Dx8vP09fb3-PkBAAFWxwJ4"},
	} {
		if got := c.cursor.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		again, err := edged.ParseCursor(c.want)
		if err != nil || again.Stream != c.cursor.Stream || again.Generation != c.cursor.Generation ||
			!reflect.DeepEqual(again.Vector.Keys(), c.cursor.Vector.Keys()) || !again.Vector.Covers(c.cursor.Vector) {
			t.Errorf("%s: %s came back as %+v, %v", c.name, c.want, again, err)
		}
	}
}

// TestCursorFromBase holds every way to move a base on to the plain one: raise the vector, encode.
func TestCursorFromBase(t *testing.T) {
	start := sampleCursor()
	base := start.Base()
	a3 := edged.LogKey{Origin: originA(), Partition: 3}
	moved := func(raise edged.Vector) edged.Cursor {
		c := sampleCursor()
		c.Vector.Merge(raise)
		return c
	}
	for _, c := range []struct {
		name string
		got  string
		want edged.Cursor
	}{
		{"at the base", string(base.AppendTo(nil)), start},
		{"one event on", string(base.AppendAt(nil, a3, 8)), moved(edged.Vector{a3: 8})},
		{"behind the base", string(base.AppendAt(nil, a3, 2)), start},
		{"no spans", string(base.AppendAfter(nil, originA(), nil)), start},
		{
			"two spans", string(base.AppendAfter(nil, originB(), []edged.Span{{Partition: 0, First: 2, Last: 4}, {Partition: 9, First: 1, Last: 1}})),
			moved(edged.Vector{{Origin: originB()}: 4, {Origin: originB(), Partition: 9}: 1}),
		},
		{"chained", string(base.With(a3, 8).With(a3, 9).AppendTo(nil)), moved(edged.Vector{a3: 9})},
		{"chained and on", string(base.With(a3, 8).AppendAt(nil, a3, 10)), moved(edged.Vector{a3: 10})},
		{"decoded", base.With(a3, 8).Cursor().String(), moved(edged.Vector{a3: 8})},
	} {
		got, err := edged.ParseCursor(c.got)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
	if got := string(base.AppendAt([]byte("data: "), a3, 8)); !strings.HasPrefix(got, "data: AQ") {
		t.Errorf("appended to a prefix: %s", got)
	}
}

// TestCursorRefused holds that what no node gave out is BadCursor, every cut-off prefix included.
func TestCursorRefused(t *testing.T) {
	whole := sampleCursor().String()
	bad := map[string]string{
		"empty":          "",
		"not base64":     "AQZvcmRl!nMB",
		"padded":         whole + "==",
		"one byte more":  whole + "AA",
		"too long":       strings.Repeat("A", 23<<10),
		"newer version":  sealed([]byte("\x02\x06orders\x01")),
		"stream cut off": sealed([]byte("\x01\x07orders")),
		"half an origin": sealed([]byte("\x01\x06orders\x01\x01\x02\x03")),
		"lying count":    sealed(append([]byte("\x01\x06orders\x01\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"), 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 1)),
		"lying length":   sealed([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01orders")),
		"long uvarint":   sealed([]byte("\x01\x06orders\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
	}
	for n := range len(whole) {
		bad[fmt.Sprintf("the first %d characters", n)] = whole[:n]
	}
	for name, text := range bad {
		if c, err := edged.ParseCursor(text); !errors.Is(err, edged.BadCursor) {
			t.Errorf("%s: %.60q gave %+v, %v, want bad_cursor", name, text, c, err)
		}
	}
}

func TestCursorAllocatesNothing(t *testing.T) {
	base, key, dst := sampleCursor().Base(), edged.LogKey{Origin: originA()}, make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() { dst = base.AppendAt(dst[:0], key, 413) }); n != 0 {
		t.Errorf("AppendAt allocates %v times", n)
	}
}

// sealed completes bytes of a cursor with their checksum, as someone who makes cursors up would.
func sealed(body []byte) string {
	sum := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
	return base64.RawURLEncoding.EncodeToString(binary.LittleEndian.AppendUint32(bytes.Clone(body), sum))
}

// parseWithin parses and holds the bound on allocation. What is refused keeps to the usual one;
// the map of a vector takes up to 128 bytes more for each log, growth included.
func parseWithin(t *testing.T, text string) (edged.Cursor, error) {
	t.Helper()
	var c edged.Cursor
	var err error
	n := allocated(func() { c, err = edged.ParseCursor(text) })
	if bound := 4*len(text) + 64<<10 + 128*len(c.Vector); n > bound {
		t.Fatalf("%d bytes of input took %d bytes, more than %d", len(text), n, bound)
	}
	return c, err
}

// TestCursorOfManyLogs holds the bound where it is tightest: two or three bytes a log, and the
// same with the last of them cut off.
func TestCursorOfManyLogs(t *testing.T) {
	many := append([]byte("\x01\x01s\x01"), make([]byte, 10)...)
	many = binary.AppendUvarint(many, 5000)
	for n := range uint64(5000) {
		many = append(binary.AppendUvarint(many, n), 1)
	}
	if c, err := parseWithin(t, sealed(many)); err != nil || len(c.Vector) != 5000 {
		t.Errorf("got %d logs, %v, want 5000", len(c.Vector), err)
	}
	if _, err := parseWithin(t, sealed(many[:len(many)-1])); !errors.Is(err, edged.BadCursor) {
		t.Errorf("cut off: got %v, want bad_cursor", err)
	}
}

// FuzzParseCursor gives each input twice: as a cursor's text, and as its bytes with the checksum
// put right.
func FuzzParseCursor(f *testing.F) {
	f.Add([]byte(sampleCursor().String()))
	f.Add([]byte("\x01\x06orders\x01\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, text := range []string{string(in), sealed(in)} {
			c, err := parseWithin(t, text)
			if err != nil {
				if !errors.Is(err, edged.BadCursor) {
					t.Fatalf("%q: %v is not bad_cursor", text, err)
				}
				continue
			}
			if again, err := edged.ParseCursor(c.String()); len(c.String()) <= len(text) && (err != nil || !reflect.DeepEqual(again, c)) {
				t.Fatalf("%+v came back as %+v, %v", c, again, err)
			}
		}
	})
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}
