package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

func TestMsgpackFormsOfTheDocumentedEvent(t *testing.T) {
	run := runOf(412, documented(t))
	cursor := string(run.base.AppendAt(nil, run.name.Key(), 412))
	want := map[string]any{
		"id": "01J", "stream": "orders", "partition": int8(0), "origin": "eu-1~7f3a0102030405060708",
		"seq": uint16(412), "hlc": "2026-11-22T06:41:51.999452935Z+3", "time": "2026-11-22T06:41:51.9Z",
		"key": "user-7", "type": "order.created", "content_type": "application/json",
		"headers": map[string]any{"tenant": "acme"}, "data": map[string]any{"total": int8(42)},
	}
	if got := unpack(t, encode(run, Packed, Shape{}).Range(0, 1)); !reflect.DeepEqual(got, want) {
		t.Errorf("packed:\n got %v\nwant %v", got, want)
	}
	live := payload(t, encode(run, LiveBinary, Shape{}).Range(0, 1), opBinary)
	if got := unpack(t, live); !reflect.DeepEqual(got, map[string]any{
		"op": "event", "sub": int8(1), "cursor": cursor, "event": want,
	}) {
		t.Errorf("live: got %v", got)
	}
	want["cursor"] = cursor
	if got := unpack(t, payload(t, encode(run, Binary, Shape{}).Range(0, 1), opBinary)); !reflect.DeepEqual(got, want) {
		t.Errorf("binary:\n got %v\nwant %v", got, want)
	}
}

func unpack(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	d := msgpack.NewDecoder(bytes.NewReader(b))
	v, err := d.DecodeInterface()
	if err != nil {
		t.Fatalf("%x does not decode: %v", b, err)
	}
	if rest := d.Buffered(); rest != nil {
		var one [1]byte
		if n, _ := rest.Read(one[:]); n != 0 {
			t.Fatalf("%x goes on after its end", b)
		}
	}
	return v
}

func checkPacked(t *testing.T, n int, run *list) {
	f := encode(run, Binary, Shape{})
	for i, e := range run.events {
		got := unpack(t, payload(t, f.Range(i, i+1), opBinary)).(map[string]any)
		if got["id"] != string(e.AppendID(nil)) || got["hlc"] != e.HLC.String() ||
			got["time"] != string(edged.AppendTime(nil, e.Time)) || fmt.Sprint(got["seq"]) != fmt.Sprint(e.Sequence) {
			t.Fatalf("round %d: got %v of %+v", n, got, e)
		}
		if _, err := edged.ParseCursor(got["cursor"].(string)); err != nil {
			t.Fatalf("round %d: %v", n, err)
		}
		if e.ContentType == "" || sortOf(e.ContentType) == jsonData {
			var want any
			if err := json.Unmarshal(e.Data, &want); err != nil || !reflect.DeepEqual(floats(got["data"]), want) {
				t.Fatalf("round %d: data %v of %+v (%v)", n, got["data"], e, err)
			}
			continue
		}
		switch data := got["data"].(type) {
		case []byte:
			if e.ContentType == "text/plain" || !bytes.Equal(data, e.Data) {
				t.Fatalf("round %d: bytes %q of %+v", n, data, e)
			}
		case string:
			if e.ContentType != "text/plain" || data != string(e.Data) {
				t.Fatalf("round %d: text %q of %+v", n, data, e)
			}
		default:
			t.Fatalf("round %d: data %T of %+v", n, data, e)
		}
	}
}
