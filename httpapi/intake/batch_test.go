package intake

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

func limits() Limits {
	return Limits{EventBytesMax: 1 << 20, BatchBytesMax: 8 << 20, BatchEventsMax: 10_000}
}

// show writes a draft in one line: what is there, in a fixed order.
func show(d *edged.Draft) string {
	var parts []string
	add := func(name, text string, is bool) {
		if is {
			parts = append(parts, name+"="+text)
		}
	}
	add("id", string(d.ID), d.ID != nil)
	add("key", string(d.Key), d.Key != nil)
	add("time", time.Unix(0, d.Time).UTC().Format(time.RFC3339Nano), d.HasTime)
	add("type", string(d.Type), d.Type != nil)
	add("ct", string(d.ContentType), len(d.ContentType) > 0)
	for _, h := range d.Headers {
		add(h.Name, h.Value, true)
	}
	return strings.Join(append(parts, "data="+string(d.Data)), " ")
}

func pack(t testing.TB, v any) string {
	t.Helper()
	b, err := msgpack.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type m map[string]any

const (
	cloudType    = "application/cloudevents+json"
	cloudsType   = "application/cloudevents-batch+json"
	linesType    = "application/x-ndjson"
	envelopeType = "application/vnd.edged.events+json"
	packedType   = "application/vnd.edged.events+msgpack"
	cloudHead    = `"specversion":"1.0","id":"1","source":"/s","type":"t"`
	cloudShown   = "id=1 type=t ce-specversion=1.0 ce-source=/s"
)

type sample struct {
	name, contentType, body string
	change                  func(*Request)
	want                    []string // drafts; nil: a refusal
	kind                    edged.Kind
	detail                  string // part of the refusal
}

func (s *sample) run(t *testing.T) {
	t.Helper()
	req := Request{ContentType: s.contentType, Body: []byte(s.body), Limits: limits()}
	if s.change != nil {
		s.change(&req)
	}
	req.Form = FormOf(req.ContentType, req.Header)
	before := string(req.Body)
	var b Batch
	err := b.Read(&req)
	if string(req.Body) != before {
		t.Errorf("%s: the body was changed", s.name)
	}
	if s.want == nil {
		var r *edged.Refusal
		if !errors.As(err, &r) || r.Kind != s.kind || !strings.Contains(r.Detail, s.detail) || len(r.Fields) == 0 {
			t.Errorf("%s: got %v, want %s: %s", s.name, err, s.kind, s.detail)
		}
		if len(b.Drafts) != 0 {
			t.Errorf("%s: refused, with %d drafts", s.name, len(b.Drafts))
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %v", s.name, err)
		return
	}
	var got []string
	for i := range b.Drafts {
		got = append(got, show(&b.Drafts[i]))
	}
	if strings.Join(got, "\n") != strings.Join(s.want, "\n") {
		t.Errorf("%s:\n got %q\nwant %q", s.name, got, s.want)
	}
}

func runAll(t *testing.T, samples []sample) {
	t.Helper()
	for i := range samples {
		samples[i].run(t)
	}
}

func query(name string, value string) func(*Request) {
	return func(r *Request) {
		p := Param{Value: value, Location: "query." + name}
		switch name {
		case "key":
			r.Key = p
		case "time":
			r.Time = p
		case "type":
			r.Type = p
		}
	}
}

func idempotent(key string) func(*Request) {
	return func(r *Request) { r.ID = Param{key, "header.Idempotency-Key"} }
}

func TestOne(t *testing.T) {
	runAll(t, []sample{
		{name: "json", contentType: "application/json", body: ` {"a": 1} `, want: []string{`data={"a": 1}`}},
		{name: "no type is JSON", body: `1`, want: []string{"data=1"}},
		{name: "charset", contentType: "Application/JSON ; charset=UTF-8", body: `"x"`, want: []string{`data="x"`}},
		{name: "line ends go", body: "{\n  \"a\": \"b c\"\r\n}\n", want: []string{`data={"a":"b c"}`}},
		{name: "other JSON", contentType: "application/geo+json", body: `{}`, want: []string{"ct=application/geo+json data={}"}},
		{name: "text", contentType: "text/plain; charset=utf-8", body: "a\nb", want: []string{"ct=text/plain; charset=utf-8 data=a\nb"}},
		{name: "no text", contentType: "text/plain", body: "", want: []string{"ct=text/plain data="}},
		{name: "bytes", contentType: "image/png", body: "\x89\xff", want: []string{"ct=image/png data=\x89\xff"}},
		{name: "msgpack", contentType: "application/msgpack", body: "\x81\xa1a\x01", want: []string{"ct=application/msgpack data=\x81\xa1a\x01"}},
		{name: "key", body: "1", change: query("key", "/a"), want: []string{"key=/a data=1"}},
		{name: "type", body: "1", change: query("type", "t"), want: []string{"type=t data=1"}},
		{name: "time", body: "1", change: query("time", "2026-11-22T06:41:51.9+01:00"), want: []string{"time=2026-11-22T05:41:51.9Z data=1"}},
		{name: "millis", body: "1", change: query("time", "1500"), want: []string{"time=1970-01-01T00:00:01.5Z data=1"}},
		{name: "id", body: "1", change: idempotent("K"), want: []string{"id=K data=1"}},

		{name: "nothing", kind: edged.BadRequest, detail: "body: line 1, column 1 (byte 0): want a value"},
		{name: "broken", body: "{\n \"a\":}", kind: edged.BadRequest, detail: "body: line 2, column 6 (byte 7): want a value, found '}'"},
		{name: "broken msgpack", contentType: "application/msgpack", body: "\xdd\x00\x98\x96\x80", kind: edged.BadRequest, detail: "claims 10000000 entries"},
		{name: "other charset", contentType: "application/json; charset=latin1", body: "1", kind: edged.UnsupportedMediaType, detail: "want JSON in UTF-8"},
		{name: "no slash", contentType: "json", body: "1", kind: edged.UnsupportedMediaType, detail: "want type/subtype"},
		{name: "empty key", body: "1", change: query("key", ""), kind: edged.Invalid, detail: "query.key: want 1 to 1,024 bytes"},
		{name: "long key", body: "1", change: query("key", strings.Repeat("k", 1025)), kind: edged.Invalid, detail: "not 1025"},
		{name: "key not UTF-8", body: "1", change: query("key", "\xff"), kind: edged.Invalid, detail: "want UTF-8"},
		{name: "long type", body: "1", change: query("type", strings.Repeat("k", 257)), kind: edged.Invalid, detail: "query.type: want 1 to 256"},
		{name: "time", body: "1", change: query("time", "yesterday"), kind: edged.Invalid, detail: "query.time: want RFC 3339"},
		{name: "far time", body: "1", change: query("time", "2500-01-01T00:00:00Z"), kind: edged.Invalid, detail: "between the years 1677 and 2262"},
		{name: "long id", body: "1", change: idempotent(strings.Repeat("k", 241)), kind: edged.Invalid, detail: "header.Idempotency-Key: want 1 to 240"},
		{name: "large", body: "1", change: func(r *Request) { r.Body = make([]byte, 1<<20+1) }, kind: edged.TooLarge, detail: "1048577 bytes"},
	})
}

func TestEnvelopes(t *testing.T) {
	full := `{"id":"a\u0031","key":"k","time":"2026-11-22T06:41:51Z","type":"t","headers":{"h":"v","i":"\n"},"data":{"x":[1]}}`
	one := func(text string) string { return "[" + text + "]" }
	taken := func(name, body string, want ...string) sample {
		return sample{name: name, contentType: envelopeType, body: body, want: want}
	}
	runAll(t, []sample{
		taken("full", one(full), `id=a1 key=k time=2026-11-22T06:41:51Z type=t h=v i=`+"\n"+` data={"x":[1]}`),
		taken("two", ` [ {"data":1} , {"data":null} ] `, "data=1", "data=null"),
		taken("nulls are absent", one(`{"data":1,"id":null,"key":null,"time":null,"type":null,"headers":null,"content_type":null,"data_base64":null}`), "data=1"),
		taken("escaped name", one(`{"d\u0061ta":1}`), "data=1"),
		taken("millis", one(`{"data":1,"time":1732345678901.5}`), "time=2024-11-23T07:07:58.9015Z data=1"),
		taken("exponent", one(`{"data":1,"time":1.5e3}`), "time=1970-01-01T00:00:01.5Z data=1"),
		taken("base 64", one(`{"data_base64":"AP8="}`), "ct=application/octet-stream data=\x00\xff"),
		taken("base 64, slash escaped", one(`{"data_base64":"\/\/8=","content_type":"image/png"}`), "ct=image/png data=\xff\xff"),
		taken("base 64 of JSON", one(`{"data_base64":"eyJhIjoKMX0=","content_type":"application/json"}`), `data={"a":1}`),
		taken("text", one(`{"content_type":"text/plain","data":"a\nb"}`), "ct=text/plain data=a\nb"),
		taken("xml", one(`{"data":"<a/>","content_type":"application/xml"}`), "ct=application/xml data=<a/>"),
		taken("string as JSON", one(`{"data":"a\nb"}`), `data="a\nb"`),
		taken("line ends", "[\n{\"data\":{\n\"a\": 1},\"key\":\"k\"}]", `key=k data={"a":1}`),
		changed(taken("ids", `[{"data":1},{"data":2,"id":"own"},{"data":3}]`, "id=K:0 data=1", "id=own data=2", "id=K:2 data=3"), idempotent("K")),
		changed(taken("ids of one", `[{"data":1}]`, "id=K:0 data=1"), idempotent("K")),
		changed(taken("key for all", `[{"data":1},{"data":2,"key":"own"}]`, "key=/k data=1", "key=own data=2"), query("key", "/k")),
	})
}

// changed is the sample with its request changed.
func changed(s sample, change func(*Request)) sample { s.change = change; return s }

func TestEnvelopesRefused(t *testing.T) {
	refused := func(name, body string, kind edged.Kind, detail string) sample {
		return sample{name: name, contentType: envelopeType, body: body, kind: kind, detail: detail}
	}
	runAll(t, []sample{
		refused("empty", "", edged.BadRequest, "body: line 1, column 1 (byte 0): want an array, found the end"),
		refused("object", `{"data":1}`, edged.BadRequest, "want an array, found '{'"),
		refused("no event", "[]", edged.Invalid, "want at least one event"),
		refused("cut", `[{"data":1},{"da`, edged.BadRequest, "body[1]: line 1, column 17 (byte 16): want the closing quote"),
		refused("cut after", `[{"data":1}`, edged.BadRequest, "want a comma or ]"),
		refused("tail", `[{"data":1}] x`, edged.BadRequest, "want nothing after"),
		refused("element", `[{"data":1},2]`, edged.BadRequest, "body[1]: line 1, column 13 (byte 12): want an object, found '2'"),
		refused("comma", "[{\"data\":1},\n]", edged.BadRequest, "body[1]: line 2, column 1 (byte 13): want an object, found ']'"),
		refused("no data", `[{"data":1},{"key":"k"}]`, edged.Invalid, "body[1].data: is missing"),
		refused("both", `[{"data":1,"data_base64":""}]`, edged.Invalid, "body[0].data_base64: want either"),
		refused("twice", `[{"data":1,"data":1}]`, edged.Invalid, "body[0].data: is there twice"),
		refused("unknown", `[{"data":1,"tpye":"t"}]`, edged.Invalid, `body[0].tpye: unknown member; did you mean "type"?`),
		refused("camel", `[{"data":1,"contentType":"t"}]`, edged.Invalid, `did you mean "content_type"?`),
		refused("far off", `[{"data":1,"whatever":"t"}]`, edged.Invalid, "want data, data_base64, id"),
		refused("ours", `[{"data":1,"seq":4}]`, edged.Invalid, "body[0].seq: is given by the node"),
		refused("id", `[{"data":1,"id":""}]`, edged.Invalid, "body[0].id: want 1 to 256 bytes, not 0"),
		refused("id number", `[{"data":1,"id":7}]`, edged.Invalid, "body[0].id: want a string"),
		refused("key", `[{"data":1,"key":""}]`, edged.Invalid, "body[0].key: want 1 to 1,024 bytes"),
		refused("half a pair", `[{"data":1,"key":"\ud800"}]`, edged.Invalid, "body[0].key: has a \\u escape"),
		refused("time", `[{"data":1},{"data":1,"time":"soon"}]`, edged.Invalid, "body[1].time: want RFC 3339"),
		refused("time kind", `[{"data":1,"time":true}]`, edged.Invalid, "body[0].time: want RFC 3339"),
		refused("far time", `[{"data":1,"time":1e300}]`, edged.Invalid, "body[0].time: want a time between"),
		refused("time twice", `[{"time":1,"time":2,"data":1}]`, edged.Invalid, "body[0].time: is there twice"),
		refused("headers", `[{"data":1,"headers":[]}]`, edged.Invalid, "body[0].headers: want an object"),
		refused("header value", `[{"data":1,"headers":{"a":1}}]`, edged.Invalid, "body[0].headers.a: want a string"),
		refused("header twice", `[{"data":1,"headers":{"a":"1","a":"1"}}]`, edged.Invalid, "body[0].headers.a: is there twice"),
		refused("header name", `[{"data":1,"headers":{"":"1"}}]`, edged.Invalid, "want 1 to 128 bytes"),
		refused("header size", `[{"data":1,"headers":{"a":"`+strings.Repeat("v", 4097)+`"}}]`, edged.Invalid, "want at most 4096 bytes"),
		refused("content type", `[{"data":1,"content_type":"json"}]`, edged.Invalid, "body[0].content_type: want type/subtype"),
		refused("no content type", `[{"data":1,"content_type":""}]`, edged.Invalid, "body[0].content_type: want type/subtype"),
		refused("text", `[{"data":{},"content_type":"text/plain"}]`, edged.Invalid, "body[0].data: want a string"),
		refused("base 64", `[{"data_base64":"AP8"}]`, edged.Invalid, "body[0].data_base64: want base 64"),
		refused("not JSON", `[{"data_base64":"AP8=","content_type":"application/json"}]`, edged.Invalid, "body[0].data_base64: want JSON"),
		refused("not msgpack", `[{"data_base64":"wQ==","content_type":"application/msgpack"}]`, edged.Invalid, "body[0].data: want MessagePack"),
		refused("deep", `[{"data":`+strings.Repeat("[", 100_000), edged.BadRequest, "want at most 64 containers"),
		changed(refused("many", `[{"data":1},{"data":2},{"data":3}]`, edged.TooLarge, "at most 2 events"), func(r *Request) { r.Limits.BatchEventsMax = 2 }),
		changed(refused("large event", `[{"data":"abcd"}]`, edged.TooLarge, "body[0].data: the data of one event has 6 bytes"), func(r *Request) { r.Limits.EventBytesMax = 5 }),
		changed(refused("large batch", `[{"data":"abcd"}]`, edged.TooLarge, "body: the body of a batch has 17 bytes"), func(r *Request) { r.Limits.BatchBytesMax = 10 }),
	})
	var many []string
	for i := range 65 {
		many = append(many, fmt.Sprintf(`"h%d":""`, i))
	}
	s := refused("headers", `[{"data":1,"headers":{`+strings.Join(many, ",")+`}}]`, edged.Invalid, "body[0].headers: want at most 64")
	s.run(t)
}

func TestLines(t *testing.T) {
	refused := func(name, body string, change func(*Request), kind edged.Kind, detail string) sample {
		return sample{name: name, contentType: linesType, body: body, change: change, kind: kind, detail: detail}
	}
	taken := func(name, body string, change func(*Request), want ...string) sample {
		return sample{name: name, contentType: linesType + "; charset=utf-8", body: body, change: change, want: want}
	}
	const people = "{\"u\":{\"id\":\"a\\u0031\"},\"at\":\"2026-01-02T03:04:05Z\"}\r\n\n \t\n{\"u\":{\"id\":7},\"at\":5}\n{\"u\":null,\"at\":null}\n{}"
	runAll(t, []sample{
		taken("lines", "1\n\"x\"\r\n{\"a\": 2}", nil, "data=1", `data="x"`, `data={"a": 2}`),
		taken("key", people, query("key", "/u/id"),
			`key=a1 data={"u":{"id":"a\u0031"},"at":"2026-01-02T03:04:05Z"}`, `key=7 data={"u":{"id":7},"at":5}`, `data={"u":null,"at":null}`, "data={}"),
		taken("time", people, query("time", "/at"),
			`time=2026-01-02T03:04:05Z data={"u":{"id":"a\u0031"},"at":"2026-01-02T03:04:05Z"}`,
			`time=1970-01-01T00:00:00.005Z data={"u":{"id":7},"at":5}`, `data={"u":null,"at":null}`, "data={}"),
		taken("one key for all", "1\n2", query("key", "k"), "key=k data=1", "key=k data=2"),
		taken("ids", "1\n\n2", idempotent("K"), "id=K:0 data=1", "id=K:1 data=2"),
		taken("lone carriage return", "[1,\r2]\n", nil, "data=[1,2]"),

		refused("none", "\n \n", nil, edged.Invalid, "want at least one event"),
		refused("broken", "1\n\n{\"a\":1\n2", nil, edged.BadRequest, "body[1]: line 3, column 7 (byte 9): want a comma or }"),
		refused("two in a line", "1\n2 3", nil, edged.BadRequest, "body[1]: line 2, column 3 (byte 4): want nothing after"),
		refused("over two lines", "[1,\n2]", nil, edged.BadRequest, "body[0]: line 1, column 4 (byte 3): want a value"),
		refused("pointer", "1", query("key", "/~2"), edged.Invalid, "query.key: want a JSON Pointer"),
		refused("key kind", "{\"u\":[]}", query("key", "/u"), edged.Invalid, "body[0]: /u: want a string or a number"),
		refused("empty key", "{\"u\":\"\"}", query("key", "/u"), edged.Invalid, "body[0]/u: want 1 to 1,024"),
		refused("time", "{\"u\":\"\"}", query("time", "/u"), edged.Invalid, "body[0]/u: want RFC 3339"),
		refused("many", "1\n2\n3", func(r *Request) { r.Limits.BatchEventsMax = 2 }, edged.TooLarge, "at most 2 events"),
		refused("large", "1\n22\n333", func(r *Request) { r.Limits.EventBytesMax = 2 }, edged.TooLarge, "body[2].data: the data of one event has 3 bytes"),
	})
}

func TestCloudEvents(t *testing.T) {
	binary := func(header map[string][]string) func(*Request) {
		return func(r *Request) {
			r.Header = map[string][]string{"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"/s"}, "Ce-Type": {"t"}, "X-Other": {"x"}}
			for k, v := range header {
				if r.Header[k] = v; v == nil {
					delete(r.Header, k)
				}
			}
		}
	}
	const shown = "id=1 type=t ce-source=/s ce-specversion=1.0"
	runAll(t, []sample{
		{name: "binary", contentType: "application/json", body: `{"a":1}`, change: binary(nil), want: []string{shown + ` data={"a":1}`}},
		{name: "binary, all", contentType: "text/plain", body: `x`,
			change: binary(map[string][]string{"Ce-Subject": {"Euro%20%E2%82%AC"}, "Ce-Time": {"2026-01-02T03:04:05Z"}, "Ce-Traceparent": {`"a\"b"`}}),
			want:   []string{`id=1 key=Euro € time=2026-01-02T03:04:05Z type=t ct=text/plain ce-source=/s ce-specversion=1.0 ce-traceparent=a"b data=x`}},
		{name: "binary, no data", body: "", change: binary(nil), want: []string{shown + " data="}},
		{name: "binary, idempotency key", body: "1", change: func(r *Request) { binary(nil)(r); idempotent("K")(r) }, want: []string{shown + " data=1"}},
		{name: "structured", contentType: cloudType, body: "{" + cloudHead + `,"subject":"k","time":"2026-01-02T03:04:05Z","n":5,"b":true,"nothing":null,"data":{"a":1}}`,
			want: []string{`id=1 key=k time=2026-01-02T03:04:05Z type=t ce-specversion=1.0 ce-source=/s ce-n=5 ce-b=true data={"a":1}`}},
		{name: "structured, text", contentType: cloudType, body: "{" + cloudHead + `,"datacontenttype":"text/xml","data":"<a/>"}`,
			want: []string{"id=1 type=t ct=text/xml ce-specversion=1.0 ce-source=/s data=<a/>"}},
		{name: "structured, bytes", contentType: cloudType, body: "{" + cloudHead + `,"data_base64":"AP8="}`,
			want: []string{"id=1 type=t ct=application/octet-stream ce-specversion=1.0 ce-source=/s data=\x00\xff"}},
		{name: "structured, no data", contentType: cloudType, body: "{" + cloudHead + "}", want: []string{cloudShown + " data="}},
		{name: "batch", contentType: cloudsType, body: "[{" + cloudHead + `,"data":1},{` + cloudHead + `,"data":2}]`,
			want: []string{cloudShown + " data=1", cloudShown + " data=2"}},

		{name: "binary, version", body: "1", change: binary(map[string][]string{"Ce-Specversion": {"0.3"}}), kind: edged.Invalid, detail: "header.ce-specversion: want 1.0"},
		{name: "binary, no source", body: "1", change: binary(map[string][]string{"Ce-Source": nil}), kind: edged.Invalid, detail: "header.ce-source: is missing"},
		{name: "binary, twice", body: "1", change: binary(map[string][]string{"Ce-Id": {"1", "2"}}), kind: edged.Invalid, detail: "header.ce-id: is there twice"},
		{name: "binary, time", body: "1", change: binary(map[string][]string{"Ce-Time": {"5"}}), kind: edged.Invalid, detail: "header.ce-time: want RFC 3339"},
		{name: "binary, not UTF-8", body: "1", change: binary(map[string][]string{"Ce-X": {"%ff"}}), kind: edged.Invalid, detail: "want UTF-8"},
		{name: "binary, broken", body: "{", change: binary(nil), kind: edged.BadRequest, detail: "body: line 1"},
		{name: "structured, missing", contentType: cloudType, body: `{"specversion":"1.0","id":"1","source":"/s"}`, kind: edged.Invalid, detail: "body.type: is missing"},
		{name: "structured, twice", contentType: cloudType, body: "{" + cloudHead + `,"id":"2"}`, kind: edged.Invalid, detail: "body.id: is there twice"},
		{name: "structured, extension twice", contentType: cloudType, body: "{" + cloudHead + `,"x":"2","x":"2"}`, kind: edged.Invalid, detail: "is there twice"},
		{name: "structured, object", contentType: cloudType, body: "{" + cloudHead + `,"x":{}}`, kind: edged.Invalid, detail: "body.x: want a string"},
		{name: "structured, id", contentType: cloudType, body: `{"id":5}`, kind: edged.Invalid, detail: "body.id: want a string"},
		{name: "structured, name", contentType: cloudType, body: "{" + cloudHead + `,"a b":"x"}`, kind: edged.Invalid, detail: "letters and digits"},
		{name: "structured, array", contentType: cloudType, body: "[]", kind: edged.BadRequest, detail: "want an object"},
		{name: "structured, tail", contentType: cloudType, body: "{" + cloudHead + "}}", kind: edged.BadRequest, detail: "want nothing after"},
		{name: "batch, second", contentType: cloudsType, body: "[{" + cloudHead + `},{"id":"1"}]`, kind: edged.Invalid, detail: "body[1].source: is missing"},
		{name: "batch, object", contentType: cloudsType, body: "{" + cloudHead + "}", kind: edged.BadRequest, detail: "want an array"},
	})
}

func TestPacked(t *testing.T) {
	list := func(events ...any) string { return pack(t, append([]any{}, events...)) }
	refused := func(name, body string, kind edged.Kind, detail string) sample {
		return sample{name: name, contentType: packedType, body: body, kind: kind, detail: detail}
	}
	taken := func(name, body string, want ...string) sample {
		return sample{name: name, contentType: packedType, body: body, want: want}
	}
	at := time.Date(2026, 11, 22, 6, 41, 51, 900, time.UTC)
	runAll(t, []sample{
		taken("full", list(m{"id": "a"}.with("key", "k").with("type", "t").with("time", "2026-11-22T06:41:51Z").with("headers", m{"h": "v"}).with("data", []any{1, -2, 1.5, "x", nil, true, m{"a": []any{}}})),
			`id=a key=k time=2026-11-22T06:41:51Z type=t h=v data=[1,-2,1.5,"x",null,true,{"a":[]}]`),
		taken("json bytes", list(m{"data": []byte("{\n}")}), "data={}"),
		taken("json string", list(m{"data": "a\n\"é"}), `data="a\u000a\"é"`),
		taken("nil data", list(m{"data": nil}), "data=null"),
		taken("text", list(m{"data": "a", "content_type": "text/plain"}), "ct=text/plain data=a"),
		taken("bytes", list(m{"data": []byte{0, 255}, "content_type": "image/png"}), "ct=image/png data=\x00\xff"),
		taken("base 64 as bytes", list(m{"data_base64": []byte{0, 255}}), "ct=application/octet-stream data=\x00\xff"),
		taken("base 64 as text", list(m{"data_base64": "AP8="}), "ct=application/octet-stream data=\x00\xff"),
		taken("timestamp", list(m{"data": 1, "time": at}), "time=2026-11-22T06:41:51.0000009Z data=1"),
		taken("millis", list(m{"data": 1, "time": 1500}), "time=1970-01-01T00:00:01.5Z data=1"),
		taken("negative millis", list(m{"data": 1, "time": -1500}), "time=1969-12-31T23:59:58.5Z data=1"),
		taken("float millis", list(m{"data": 1, "time": 0.5}), "time=1970-01-01T00:00:00.0005Z data=1"),
		taken("single float", list(m{"data": float32(0.1)}), "data=0.1"),
		taken("small and large floats", list(m{"data": []any{1e-9, 1e30, 123456789.0}}), "data=[1e-09,1e+30,123456789]"),
		taken("nil members", list(m{"data": 1, "id": nil, "time": nil}), "data=1"),

		refused("nothing", "", edged.BadRequest, "body: byte 0: want a value"),
		refused("map", pack(t, m{}), edged.BadRequest, "want an array of envelopes, found a map"),
		refused("no event", list(), edged.Invalid, "want at least one event"),
		refused("element", list(m{"data": 1}, 5), edged.BadRequest, "body[1]: want a map, found an integer"),
		refused("claim", "\xdd\x00\x98\x96\x80", edged.BadRequest, "body: byte 0: an array claims 10000000 entries"),
		refused("deep", strings.Repeat("\x91", 100_000), edged.BadRequest, "at most 64 arrays and maps"),
		refused("tail", list(m{"data": 1})+"\xc0", edged.BadRequest, "want nothing after"),
		refused("unknown", list(m{"data": 1, "kee": 1}), edged.Invalid, `body[0].kee: unknown member; did you mean "key"?`),
		refused("name kind", "\x91\x81\x01\x01", edged.Invalid, "want names of members as strings"),
		refused("twice", "\x91\x82\xa4data\x01\xa4data\x01", edged.Invalid, "body[0].data: is there twice"),
		refused("no data", list(m{"key": "k"}), edged.Invalid, "body[0].data: is missing"),
		refused("both", "\x91\x82\xa4data\x01\xabdata_base64\xc4\x00", edged.Invalid, "want either"),
		refused("key kind", list(m{"data": 1, "key": 5}), edged.Invalid, "body[0].key: want a string, found an integer"),
		refused("key not UTF-8", list(m{"data": 1, "key": "\xff"}), edged.Invalid, "body[0].key: want UTF-8"),
		refused("data not UTF-8", list(m{"data": "\xff"}), edged.Invalid, "not UTF-8"),
		refused("NaN", "\x91\x81\xa4data\xca\x7f\xc0\x00\x00", edged.Invalid, "NaN"),
		refused("bytes inside", list(m{"data": m{"a": []byte{1}}}), edged.Invalid, "has binary at byte"),
		refused("number as name", list(m{"data": map[int]int{1: 1}}), edged.Invalid, "has an integer as a name"),
		refused("bytes that are no JSON", list(m{"data": []byte{1}}), edged.Invalid, "body[0].data: want JSON"),
		refused("map as text", list(m{"data": m{}, "content_type": "text/plain"}), edged.Invalid, "because content_type is text/plain, found a map"),
		refused("base 64 kind", list(m{"data_base64": 5}), edged.Invalid, "want binary, or a string of base 64"),
		refused("time ext", "\x91\x82\xa4data\x01\xa4time\xd4\x05\x00", edged.Invalid, "body[0].time: want RFC 3339"),
		refused("far time", list(m{"data": 1, "time": uint64(1 << 63)}), edged.Invalid, "body[0].time: want a time between"),
		refused("headers", list(m{"data": 1, "headers": m{"a": 1}}), edged.Invalid, "want names and values that are strings"),
		{name: "grows past the limit", contentType: packedType, body: list(m{"data": make([]bool, 200)}), kind: edged.TooLarge,
			change: func(r *Request) { r.Limits.EventBytesMax = 500 }, detail: "as JSON"},
	})
}

func (x m) with(name string, v any) m { x[name] = v; return x }

func TestFormOf(t *testing.T) {
	ce := map[string][]string{"Ce-Id": {"1"}}
	for _, c := range []struct {
		contentType string
		header      map[string][]string
		want        Form
	}{
		{"", nil, One}, {"application/json", nil, One}, {"application/json", ce, Binary}, {"", ce, Binary},
		{"image/png", ce, Binary}, {"application/x-ndjson", ce, Lines}, {"Application/X-NDJSON ;a=b", nil, Lines},
		{"application/x-ndjsonx", nil, One}, {cloudType, nil, Cloud}, {cloudsType + ";charset=utf-8", ce, CloudBatch},
		{envelopeType, nil, Envelopes}, {packedType, nil, Packed},
	} {
		if got := FormOf(c.contentType, c.header); got != c.want {
			t.Errorf("%q %v: got %d, want %d", c.contentType, c.header, got, c.want)
		}
	}
}

func TestBatchIsUsedAgain(t *testing.T) {
	var b Batch
	for i := range 5 {
		body := fmt.Sprintf(`[{"data_base64":%q,"headers":{"n":"%d"}}]`, base64.StdEncoding.EncodeToString(make([]byte, 1000*i)), i)
		if err := b.Read(&Request{Form: Envelopes, Body: []byte(body), Limits: limits()}); err != nil {
			t.Fatal(err)
		}
		if len(b.Drafts) != 1 || len(b.Drafts[0].Data) != 1000*i || b.Drafts[0].Headers[0].Value != fmt.Sprint(i) {
			t.Fatalf("round %d: %+v", i, b.Drafts)
		}
	}
	b.Reset()
	if len(b.Drafts) != 0 || b.body != nil || b.request != nil {
		t.Error("a reset batch holds on to its request")
	}
}
