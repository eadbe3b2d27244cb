package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/edgedhq/edged"
)

func allocatedBytes(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func gzipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, err := z.Write(plain)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// zstded encodes with or without the content's size in the frame.
func zstded(t testing.TB, plain []byte, sized bool) []byte {
	t.Helper()
	var buf bytes.Buffer
	z, err := zstd.NewWriter(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if sized {
		return z.EncodeAll(plain, nil)
	}
	for len(plain) > 0 && err == nil {
		n := min(len(plain), 1<<16)
		_, err = z.Write(plain[:n])
		plain = plain[n:]
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestInflate(t *testing.T) {
	var f inflater
	for _, size := range []int{0, 1, 1000, 100_000, 3 << 20} {
		plain := []byte(strings.Repeat("0123456789 a line of a log\n", size/27+1))[:size]
		for name, c := range map[string]struct {
			e   encoding
			raw []byte
		}{
			"gzip": {gzipEncoding, gzipped(t, plain)}, "zstd": {zstdEncoding, zstded(t, plain, true)},
			"zstd stream": {zstdEncoding, zstded(t, plain, false)},
		} {
			got, err := f.inflate(c.e, c.raw, nil, 4<<20)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("%s of %d: %d bytes, %v", name, size, len(got), err)
			}
			if got, err = f.inflate(c.e, c.raw, got[:0], int64(size)); err != nil || len(got) != size {
				t.Errorf("%s of %d, exactly bounded: %d bytes, %v", name, size, len(got), err)
			}
			if size > 0 {
				if _, err := f.inflate(c.e, c.raw, nil, int64(size-1)); !errors.Is(err, errInflated) {
					t.Errorf("%s of %d, bounded below: %v", name, size, err)
				}
			}
			for _, n := range []int{0, 1, len(c.raw) / 2, len(c.raw) - 1} {
				_, err := f.inflate(c.e, c.raw[:n], nil, 4<<20)
				if n == 0 && c.e == zstdEncoding { // no frame is no content
					continue
				}
				if n < len(c.raw) && !errors.Is(err, edged.BadRequest) {
					t.Errorf("%s of %d, cut to %d: %v", name, size, n, err)
				}
			}
		}
	}
}

func TestBombs(t *testing.T) {
	zeros := make([]byte, 16<<20)
	bombs := map[string][]byte{"gzip": gzipped(t, zeros), "zstd": zstded(t, zeros, true), "zstd stream": zstded(t, zeros, false)}
	for name, raw := range bombs {
		e := zstdEncoding
		if name == "gzip" {
			e = gzipEncoding
		}
		var f inflater
		_, _ = f.inflate(e, raw, nil, 1000) // a decoder and its tables are made once
		bound := int64(max(inflateFree, 100*min(len(raw), 10_000)))
		var err error
		n := allocatedBytes(func() { _, err = f.inflate(e, raw, nil, bound) })
		if !errors.Is(err, errInflated) || n > 3*int(bound)+512<<10 { // a zstd block is 128 KiB
			t.Errorf("%s of %d bytes: %v, %d bytes allocated", name, len(raw), err, n)
		}
	}
	s, a := publisher(t, Options{})
	for name, raw := range bombs {
		name, _, _ = strings.Cut(name, " ")
		for _, contentType := range []string{"application/json", "application/x-ndjson"} {
			w := send(s, "", string(raw), "Content-Encoding", name, "Content-Type", contentType)
			if p := object(t, w.Body.Bytes()); w.Code != 413 || p["limit"] == nil || a.calls != 0 {
				t.Errorf("%s as %s: %d %v", name, contentType, w.Code, p)
			}
		}
	}
}

func TestInflatedPublish(t *testing.T) {
	s, a := publisher(t, Options{})
	body := []byte(`{"a":"` + strings.Repeat("x", 50_000) + `"}`)
	for name, raw := range map[string][]byte{"gzip": gzipped(t, body), "X-GZIP": gzipped(t, body), "zstd": zstded(t, body, true), "identity": body} {
		if w := send(s, "", string(raw), "Content-Encoding", name); w.Code != 201 || len(a.got) != 1 || a.got[0] != "|||"+string(body) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestEncodingOf(t *testing.T) {
	for text, want := range map[string]bool{"": true, "gzip": true, " GZip ": true, "zstd": true, "deflate": false, "br": false, "gzip,gzip": false, "compress": false} {
		if _, err := encodingOf(http.Header{"Content-Encoding": {text}}); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := encodingOf(http.Header{"Content-Encoding": {"gzip", "gzip"}}); !errors.Is(err, edged.UnsupportedMediaType) {
		t.Errorf("two headers: %v", err)
	}
}

func FuzzInflate(f *testing.F) {
	plain := []byte(strings.Repeat("a line of a log\n", 100))
	f.Add(gzipped(f, plain), false)
	f.Add(zstded(f, plain, true), true)
	f.Add(zstded(f, plain, false), true)
	var in inflater
	f.Fuzz(func(t *testing.T, raw []byte, isZstd bool) {
		e := gzipEncoding
		if isZstd {
			e = zstdEncoding
		}
		const most = 256 << 10
		var out []byte
		var err error
		for tries := 0; ; tries++ { // others in the process allocate too, and the decoders' tables are made once
			n := allocatedBytes(func() { out, err = in.inflate(e, raw, nil, most) })
			if n <= 4*(len(raw)+most)+64<<10 {
				break
			}
			if tries == 3 {
				t.Fatalf("%d bytes of input took %d bytes", len(raw), n)
			}
		}
		if err == nil && len(out) > most {
			t.Fatalf("%d bytes came out", len(out))
		}
		var r *edged.Refusal
		if err != nil && !errors.Is(err, errInflated) && !errors.As(err, &r) {
			t.Fatal(err)
		}
	})
}
