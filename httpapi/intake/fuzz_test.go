package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgedhq/edged"
)

func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// hold reads a body as a pooled batch would and holds the outcome to what is promised of any.
// A value of MessagePack may be six times as long as JSON, so what it became counts as input.
func hold(t *testing.T, b *Batch, req *Request) bool {
	t.Helper()
	req.Limits = limits()
	if b.Drafts == nil {
		b.Drafts = make([]edged.Draft, 0, draftsKeptMax) // the pool's, whatever the request
	}
	given := bytes.Clone(req.Body)
	var err error
	for tries := 0; ; tries++ { // others in the process allocate too
		b.headers, b.scratch = nil, nil
		n := allocated(func() { err = b.Read(req) })
		if n <= 4*(len(given)+len(b.scratch))+64<<10 {
			break
		}
		if tries == 3 {
			t.Fatalf("%d bytes of input took %d bytes", len(given), n)
		}
	}
	if !bytes.Equal(given, req.Body) {
		t.Fatal("the body was changed")
	}
	if err != nil {
		var r *edged.Refusal
		if !errors.As(err, &r) || r.Detail == "" || len(r.Fields) == 0 || len(b.Drafts) != 0 {
			t.Fatalf("refused with %#v and %d drafts", err, len(b.Drafts))
		}
		return false
	}
	for i := range b.Drafts {
		holdDraft(t, &b.Drafts[i])
	}
	return true
}

func holdDraft(t *testing.T, d *edged.Draft) {
	t.Helper()
	for name, text := range map[string][]byte{"id": d.ID, "type": d.Type, "content type": d.ContentType} {
		if text != nil && (len(text) > 256 || !utf8.Valid(text)) {
			t.Fatalf("%s is %q", name, text)
		}
	}
	if d.Key != nil && edged.CheckKey("", d.Key) != nil {
		t.Fatalf("key is %q", d.Key)
	}
	_, c, err := sortType("", string(d.ContentType))
	if err != nil {
		t.Fatal(err)
	}
	if c == jsonClass && len(d.Data) > 0 && (!json.Valid(d.Data) || bytes.ContainsAny(d.Data, "\r\n")) {
		t.Fatalf("data is %q", d.Data)
	}
}

func FuzzEnvelopes(f *testing.F) {
	f.Add([]byte(`[{"id":"a\u0031","key":"k","time":"2026-11-22T06:41:51Z","type":"t","headers":{"h":"v","i":"\n"},"data":{"x":[1]}}]`))
	f.Add([]byte(`[{"data_base64":"eyJhIjoKMX0=","content_type":"application/json","time":1.5e3},{"data":"x","content_type":"text/plain"}]`))
	var b Batch
	f.Fuzz(func(t *testing.T, in []byte) {
		if !hold(t, &b, &Request{Form: Envelopes, Body: in}) {
			return
		}
		var again []map[string]any // the second opinion: no stricter than this package
		if err := json.Unmarshal(in, &again); err != nil || len(again) != len(b.Drafts) {
			t.Fatalf("%d drafts of %q; encoding/json: %d, %v", len(b.Drafts), in, len(again), err)
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"u\":{\"id\":\"a\\u0031\"},\"at\":\"2026-01-02T03:04:05Z\"}\r\n\n{\"u\":{\"id\":7},\"at\":5}\n"), "/u/id", "/at")
	f.Add([]byte("1\n2\n[3,\r4]"), "k", "1500")
	var b Batch
	f.Fuzz(func(t *testing.T, in []byte, key, at string) {
		if len(key)+len(at) > 1000 {
			return
		}
		hold(t, &b, &Request{Form: Lines, Body: in, Key: Param{key, "query.key"}, Time: Param{at, "query.time"}})
	})
}

func FuzzCloud(f *testing.F) {
	f.Add([]byte("[{"+cloudHead+`,"subject":"k","time":"2026-01-02T03:04:05Z","n":5,"data":{"a":1}}]`), "x")
	f.Add([]byte("{"+cloudHead+`,"data_base64":"AP8="}`), "%e2%82%ac")
	var b Batch
	f.Fuzz(func(t *testing.T, in []byte, header string) {
		hold(t, &b, &Request{Form: CloudBatch, Body: in})
		hold(t, &b, &Request{Form: Cloud, Body: in})
		if len(header) < 1000 {
			hold(t, &b, &Request{Form: Binary, Body: in, Header: map[string][]string{
				"Ce-Id": {header}, "Ce-Type": {header}, "Ce-Source": {header}, "Ce-Specversion": {"1.0"}, "Ce-Subject": {header},
			}})
		}
	})
}

func FuzzPacked(f *testing.F) {
	f.Add([]byte(pack(f, []any{m{"id": "a", "key": "k", "time": 5, "headers": m{"h": "v"}, "data": []any{1, -2, 1.5, "x", nil, true, m{"a": []any{}}}}})))
	f.Add([]byte(pack(f, []any{m{"data": []byte("{\n}")}, m{"data_base64": "AP8=", "content_type": "image/png"}})))
	f.Add([]byte("\xdd\x00\x98\x96\x80"))
	f.Add([]byte(strings.Repeat("\x91", 100)))
	var b Batch
	f.Fuzz(func(t *testing.T, in []byte) {
		hold(t, &b, &Request{Form: Packed, Body: in})
	})
}

func FuzzOne(f *testing.F) {
	f.Add([]byte("{\n}"), "application/json")
	f.Add([]byte("\x81\xa1a\x01"), "application/msgpack")
	f.Add([]byte("x"), "text/plain; charset=utf-8")
	var b Batch
	f.Fuzz(func(t *testing.T, in []byte, contentType string) {
		if FormOf(contentType, nil) == One {
			hold(t, &b, &Request{Form: One, ContentType: contentType, Body: in})
		}
	})
}

func FuzzTime(f *testing.F) {
	f.Add("2026-11-22T06:41:51.9+01:00")
	f.Add("1732345678901.5e1")
	f.Fuzz(func(t *testing.T, in string) {
		n := allocated(func() {
			parseTime([]byte(in))
			parseMillis([]byte(in))
		})
		if n > 4*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
	})
}
