package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// statusCase is one request and what its answer must be.
type statusCase struct {
	name, method, target, body string
	headers                    []string
	status                     int
	code, location             string
}

const (
	put, get, del = http.MethodPut, http.MethodGet, http.MethodDelete
	ordersPath    = "/v1/streams/orders"
)

// checkStatuses asks one after the other: each case meets what those before it left.
func checkStatuses(t *testing.T, h http.Handler, cases []statusCase) {
	t.Helper()
	for _, c := range cases {
		w := ask(h, c.method, c.target, c.body, c.headers...)
		if w.Code != c.status {
			t.Errorf("%s: %s %s %.60s: status %d, want %d: %s", c.name, c.method, c.target, c.body, w.Code, c.status, w.Body)
			continue
		}
		if c.code == "" {
			continue
		}
		checkProblem(t, c.name, w.Header(), w.Body.Bytes(), c.status, c.code)
		if c.location != "" && !strings.Contains(w.Body.String(), `"location":"`+c.location+`"`) {
			t.Errorf("%s: want location %s: %s", c.name, c.location, w.Body)
		}
	}
}

// orders is a handler that knows the stream of ordersPath.
func orders(t *testing.T) http.Handler {
	t.Helper()
	h := newFake().server(t, Options{}).Handler()
	checkStatuses(t, h, []statusCase{{"make", put, ordersPath, `{"partitions":4}`, nil, 201, "", ""}})
	return h
}

func packed(t *testing.T, v any) string {
	t.Helper()
	b, err := msgpack.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPutStream(t *testing.T) {
	whole := `{"partitions":4,"retention":{"age":"24h","bytes":"64MiB"},"regions":["eu","us"],"replication":"aggregates","description":"d"}`
	inMsgpack := []string{"Content-Type", typeMsgpack}
	checkStatuses(t, newFake().server(t, Options{}).Handler(), []statusCase{
		{"make", put, ordersPath, whole, nil, 201, "", ""},
		{"make with no body", put, "/v1/streams/b", "", nil, 201, "", ""},
		{"make with a space as body", put, "/v1/streams/b", " ", nil, 200, "", ""},
		{"find", put, ordersPath, whole, nil, 200, "", ""},
		{"null", put, ordersPath, `{"retention":null}`, nil, 422, "invalid", "body.retention"},
		{"a whole number with a point", put, ordersPath, `{"partitions":4.0,"retention":{"bytes":4e3}}`, nil, 200, "", ""},
		{"as curl -d says it", put, ordersPath, `{"partitions":4}`, []string{"Content-Type", typeForm}, 200, "", ""},
		{"null below", put, ordersPath, `{"retention":{"bytes":null}}`, nil, 422, "invalid", "body.retention.bytes"},
		{"replace", put, ordersPath, `{"description":""}`, []string{"Content-Type", "application/json; charset=utf-8"}, 200, "", ""},
		{"as msgpack", put, ordersPath, packed(t, map[string]any{"partitions": 4, "retention": map[string]any{"bytes": 4096}}), inMsgpack, 200, "", ""},
	})
}

func TestPutStreamRefusesValues(t *testing.T) {
	checkStatuses(t, orders(t), []statusCase{
		{"other partitions", put, ordersPath, `{"partitions":5}`, nil, 409, "conflict", "body.partitions"},
		{"no partitions", put, ordersPath, `{"partitions":0}`, nil, 422, "invalid", "body.partitions"},
		{"too many partitions", put, ordersPath, `{"partitions":257}`, nil, 422, "invalid", "body.partitions"},
		{"half a partition", put, ordersPath, `{"partitions":1.5}`, nil, 422, "invalid", "body.partitions"},
		{"text for partitions", put, ordersPath, `{"partitions":"4"}`, nil, 422, "invalid", "body.partitions"},
		{"unknown field", put, ordersPath, `{"partition":4}`, nil, 422, "invalid", "body.partition"},
		{"field in another case", put, ordersPath, `{"Partitions":4}`, nil, 422, "invalid", "body.Partitions"},
		{"unknown field below", put, ordersPath, `{"retention":{"ages":"1h"}}`, nil, 422, "invalid", "body.retention.ages"},
		{"age without unit", put, ordersPath, `{"retention":{"age":"24"}}`, nil, 422, "invalid", "body.retention.age"},
		{"age of nothing", put, ordersPath, `{"retention":{"age":"0s"}}`, nil, 422, "invalid", "body.retention.age"},
		{"age past all bounds", put, ordersPath, `{"retention":{"age":"9999999999h"}}`, nil, 422, "invalid", "body.retention.age"},
		{"negative age", put, ordersPath, `{"retention":{"age":"-1h"}}`, nil, 422, "invalid", "body.retention.age"},
		{"size in words", put, ordersPath, `{"retention":{"bytes":"much"}}`, nil, 422, "invalid", "body.retention.bytes"},
		{"size of nothing", put, ordersPath, `{"retention":{"bytes":0}}`, nil, 422, "invalid", "body.retention.bytes"},
		{"size past all bounds", put, ordersPath, `{"retention":{"bytes":"999999999TiB"}}`, nil, 422, "invalid", "body.retention.bytes"},
		{"size as a huge number", put, ordersPath, `{"retention":{"bytes":1e30}}`, nil, 422, "invalid", "body.retention.bytes"},
		{"replication", put, ordersPath, `{"replication":"some"}`, nil, 422, "invalid", "body.replication"},
		{"region", put, ordersPath, `{"regions":["eu","E U"]}`, nil, 422, "invalid", "body.regions[1]"},
		{"description", put, ordersPath, `{"description":"` + strings.Repeat("x", 1025) + `"}`, nil, 422, "invalid", "body.description"},
	})
}

func TestPutStreamRefusesBodies(t *testing.T) {
	large := `{"description":"` + strings.Repeat("x", bodyBytesMax) + `"}`
	inMsgpack := []string{"Content-Type", typeMsgpack}
	checkStatuses(t, orders(t), []statusCase{
		{"an array", put, ordersPath, `[]`, nil, 422, "invalid", "body"},
		{"not JSON", put, ordersPath, `{"partitions":`, nil, 400, "bad_request", ""},
		{"a form", put, ordersPath, `partitions=4`, []string{"Content-Type", typeForm}, 400, "bad_request", ""},
		{"two values", put, ordersPath, `{} {}`, nil, 400, "bad_request", ""},
		{"bad UTF-8", put, ordersPath, "{\"description\":\"\xff\"}", nil, 400, "bad_request", ""},
		{"deep", put, ordersPath, strings.Repeat("[", 1000) + strings.Repeat("]", 1000), nil, 400, "bad_request", ""},
		{"wide", put, ordersPath, `{"regions":[` + strings.Repeat(`{},`, 100) + `{}]}`, nil, 400, "bad_request", ""},
		{"not msgpack", put, ordersPath, "\xc1", inMsgpack, 400, "bad_request", ""},
		{"msgpack that lies", put, ordersPath, "\xdd\xff\xff\xff\xff", inMsgpack, 400, "bad_request", ""},
		{"msgpack binary", put, ordersPath, "\x81\xa1a\xc4\x01x", inMsgpack, 400, "bad_request", ""},
		{"msgpack with a number for a key", put, ordersPath, "\x81\x01\x01", inMsgpack, 400, "bad_request", ""},
		{"msgpack not a number", put, ordersPath, packed(t, map[string]any{"partitions": nan()}), inMsgpack, 422, "invalid", "body.partitions"},
		{"large", put, ordersPath, large, nil, 413, "too_large", ""},
		{"text", put, ordersPath, "x", []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "header.Content-Type"},
		{"another charset", put, ordersPath, "{}", []string{"Content-Type", "application/json; charset=latin1"}, 415, "unsupported_media_type", "header.Content-Type"},
		{"compressed", put, ordersPath, "{}", []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type", "header.Content-Encoding"},
		{"as HTML", put, ordersPath, "{}", []string{"Accept", "text/html"}, 406, "not_acceptable", "header.Accept"},
	})
}

func TestStreamNames(t *testing.T) {
	checkStatuses(t, orders(t), []statusCase{
		{"upper case", put, "/v1/streams/Orders", "", nil, 422, "invalid", "path.stream"},
		{"long name", put, "/v1/streams/" + strings.Repeat("a", 129), "", nil, 422, "invalid", "path.stream"},
		{"up", get, "/v1/streams/%2e%2e", "", nil, 422, "invalid", "path.stream"},
		{"up and across", get, "/v1/streams/%2e%2e%2fx", "", nil, 422, "invalid", "path.stream"},
		{"plain up", get, "/v1/streams/../x", "", nil, 404, "not_found", ""},
		{"NUL", get, "/v1/streams/a%00b", "", nil, 422, "invalid", "path.stream"},
		{"encoded twice", get, "/v1/streams/%256frders", "", nil, 422, "invalid", "path.stream"},
		{"encoded", get, "/v1/streams/%6frders", "", nil, 200, "", ""},
		{"right to left", get, "/v1/streams/%E2%80%AEa", "", nil, 422, "invalid", "path.stream"},
	})
}

func TestStreamCalls(t *testing.T) {
	checkStatuses(t, orders(t), []statusCase{
		{"show", get, ordersPath, "", nil, 200, "", ""},
		{"show none", get, "/v1/streams/none", "", nil, 404, "stream_not_found", ""},
		{"slash", get, ordersPath + "/", "", nil, 404, "not_found", ""},
		{"no name", get, "/v1/streams//digest", "", nil, 422, "invalid", "path.stream"},
		{"digest", get, ordersPath + "/digest", "", nil, 200, "", ""},
		{"digest of none", get, "/v1/streams/none/digest", "", nil, 404, "stream_not_found", ""},
		{"list", get, "/v1/streams?limit=1", "", nil, 200, "", ""},
		{"list how many", get, "/v1/streams?limit=", "", nil, 422, "invalid", "query.limit"},
		{"wait for nothing", get, "/v1/streams?wait=soon", "", nil, 422, "invalid", "query.wait"},
		{"list none", get, "/v1/streams?limit=0", "", nil, 422, "invalid", "query.limit"},
		{"list all", get, "/v1/streams?limit=1001", "", nil, 422, "invalid", "query.limit"},
		{"a page of ours no more", get, "/v1/streams?page=!", "", nil, 422, "invalid", "query.page"},
		{"a page of another", get, "/v1/streams?page=QQ", "", nil, 422, "invalid", "query.page"},
		{"delete", del, ordersPath, "", nil, 204, "", ""},
		{"delete again", del, ordersPath, "", nil, 404, "stream_not_found", ""},
		{"console", get, "/console", "", nil, 404, "not_found", ""},
		{"links", get, "/v1/links/eu", "", nil, 404, "not_found", ""},
		{"query", http.MethodPost, "/v1/query", `{"sql":"SELECT 1"}`, nil, 404, "not_found", ""},
		{"root", get, "/", "", nil, 404, "not_found", ""},
	})
}

func nan() float64 { zero := 0.0; return zero / zero }

func checkProblem(t *testing.T, name string, h http.Header, body []byte, status int, code string) {
	t.Helper()
	p := object(t, body)
	if h.Get("Content-Type") != typeProblem || p["code"] != code || p["status"] != float64(status) ||
		p["title"] == "" || p["detail"] == "" || p["type"] != "/docs#"+code || p["retryable"] == nil {
		t.Errorf("%s: %s: want a problem %s: %s", name, h.Get("Content-Type"), code, body)
	}
}

func TestStreamForms(t *testing.T) {
	f := newFake()
	h := f.server(t, Options{}).Handler()
	ask(h, http.MethodPut, "/v1/streams/orders", `{"partitions":4,"retention":{"age":"90m","bytes":1000000},"regions":["eu"]}`)
	if got, want := f.streams["orders"].Retention, (edged.Retention{Age: 90 * time.Minute, Bytes: 1_000_000}); got != want {
		t.Fatalf("retention %v, want %v", got, want)
	}
	info := f.streams["orders"]
	origin := edged.Origin{ID: edged.OriginID{1}, Label: "eu-1"}
	info.Events, info.Bytes = 3, 300
	info.Logs = []edged.LogInfo{{
		Name:  edged.LogName{Stream: "orders", Generation: 1, Partition: 2, Origin: origin},
		First: 5, Last: 7, Bytes: 300, Newest: edged.Timestamp{Wall: 1_700_000_000_000_000_000, Logical: 3},
	}}
	f.streams["orders"] = info
	want := `{"name":"orders","partitions":4,"retention":{"age":"1h30m","bytes":"1000000B"},"regions":["eu"],` +
		`"replication":"full","created":"2023-11-14T22:13:20Z","events":3,"bytes":300,"origins":[{"origin":` +
		`"eu-1~01000000000000000000","partition":2,"first":5,"last":7,"bytes":300,"newest":"2023-11-14T22:13:20Z+3"}]}` + "\n"
	if got := ask(h, http.MethodGet, "/v1/streams/orders", "").Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	w := ask(h, http.MethodGet, "/v1/streams/orders", "", "Accept", "application/msgpack")
	var packed, plain map[string]any
	if err := msgpack.Unmarshal(w.Body.Bytes(), &packed); err != nil || w.Header().Get("Content-Type") != typeMsgpack {
		t.Fatal(w.Header(), err)
	}
	again, err := json.Marshal(packed)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.Unmarshal(again, &packed), json.Unmarshal([]byte(want), &plain)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(packed, plain) {
		t.Errorf("msgpack %v, JSON %v", packed, plain)
	}
	// what is shown of a definition can be put again
	view := object(t, []byte(want))
	back, err := json.Marshal(map[string]any{"partitions": view["partitions"], "retention": view["retention"], "regions": view["regions"], "replication": view["replication"]})
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(h, http.MethodPut, "/v1/streams/orders", string(back)); w.Code != 200 {
		t.Errorf("%s came back as %d: %s", back, w.Code, w.Body)
	}
}

func TestListPages(t *testing.T) {
	f := newFake()
	h := f.server(t, Options{}).Handler()
	for i := range 5 {
		ask(h, http.MethodPut, fmt.Sprintf("/v1/streams/s%d", i), "")
	}
	var got []string
	for target := "/v1/streams?limit=2"; target != ""; {
		page := object(t, ask(h, http.MethodGet, target, "").Body.Bytes())
		for _, v := range page["streams"].([]any) {
			got = append(got, v.(map[string]any)["name"].(string))
		}
		target = ""
		if next, ok := page["next"].(string); ok {
			target = "/v1/streams?limit=2&page=" + next
		}
	}
	if strings.Join(got, " ") != "s0 s1 s2 s3 s4" {
		t.Errorf("pages gave %v", got)
	}
}

func TestSizes(t *testing.T) {
	sizes := regexp.MustCompile(sizePattern)
	for text, want := range map[string]int64{
		"1": 1, "1B": 1, "1kB": 1000, "1KB": 1000, "64MiB": 64 << 20, "2TB": 2e12, "3GiB": 3 << 30, "1e6": 1e6, "7.0": 7,
		"": 0, "x": -1, "-1": -1, "0": -1, "1.5": -1, "1 MiB": -1, "90000000000000000": sizeMax, "90000000000000001": -1, "9999TiB": 9999 << 40, "9999TB": 9999e12, "9223372036854775807kB": -1,
		"999999999KiB": 999999999 << 10,
	} {
		got, err := sizeValue(text).bytes("body")
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
		if want > 0 {
			if back, err := sizeOf(got).bytes("body"); back != got || !sizes.MatchString(string(sizeOf(got))) {
				t.Errorf("%d is said as %q, which is %d, %v", got, sizeOf(got), back, err)
			}
		}
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 90 * time.Minute: "1h30m", time.Minute: "1m", 250 * time.Millisecond: "250ms", 10 * time.Second: "10s", time.Hour + time.Second: "1h0m1s",
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
		if back, err := time.ParseDuration(durationText(d)); err != nil || back != d {
			t.Errorf("%q came back as %v, %v", durationText(d), back, err)
		}
	}
}

func TestSuggest(t *testing.T) {
	words := []string{"description", "partitions", "regions", "replication", "retention"}
	for given, want := range map[string]string{
		"partiton": "partitions", "Partitions": "partitions", "retension": "retention", "region": "regions", "name": "", strings.Repeat("a", 1<<16): "",
	} {
		got := suggest(given, words)
		if want == "" && !strings.HasPrefix(got, "want one of description, ") || want != "" && got != `did you mean "`+want+`"?` {
			t.Errorf("%.40s: %s", given, got)
		}
	}
}
