package intake

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

func TestTimesAgreeWithTheStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		at := time.Unix(rng.Int64N(9_000_000_000*2)-9_000_000_000, rng.Int64N(1e9)/[]int64{1, 1000, 1e6, 1e9}[rng.IntN(4)]).
			In(time.FixedZone("", 60*(rng.IntN(2878)-1439)))
		text := []byte(at.Format(time.RFC3339Nano))
		if rng.IntN(3) == 0 {
			text[rng.IntN(len(text))] = "0123456789-:TZ.+ ,"[rng.IntN(18)]
		}
		got, why := parseTime(text)
		want, err := time.Parse(time.RFC3339Nano, string(text))
		if err == nil && (strings.ContainsRune(string(text), ',') || strings.Contains(string(text[19:]), "24:") || strings.HasSuffix(string(text), ":60")) {
			continue // the standard library takes a comma for a point, and offsets of 24 hours and 60 minutes
		}
		if (why == "") != (err == nil) && !(err == nil && why == wantRange) || why == "" && got != want.UnixNano() {
			t.Fatalf("%s: got %d %q, want %d, %v", text, got, why, want.UnixNano(), err)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		why  string
	}{
		{"1970-01-01T00:00:00Z", 0, ""},
		{"1969-12-31T23:59:59.999999999Z", -1, ""},
		{"2262-04-11T23:47:16.854775807Z", 1<<63 - 1, ""},
		{"1677-09-21T00:12:43.145224192Z", -1 << 63, ""},
		{"2262-04-11T23:47:16.854775808Z", 0, wantRange},
		{"1677-09-21T00:12:43.145224191Z", 0, wantRange},
		{"0000-01-01T00:00:00Z", 0, wantRange},
		{"9999-12-31T23:59:59Z", 0, wantRange},
		{"2024-02-29T00:00:00Z", 1709164800e9, ""},
		{"2023-02-29T00:00:00Z", 0, wantTime},
		{"1900-02-29T00:00:00Z", 0, wantTime},
		{"2024-13-01T00:00:00Z", 0, wantTime},
		{"2024-01-01T24:00:00Z", 0, wantTime},
		{"2024-01-01T00:00:60Z", 0, wantTime},
		{"2024-01-01T00:00:00.Z", 0, wantTime},
		{"2024-01-01T00:00:00.1234567891Z", 0, wantTime},
		{"2024-01-01T00:00:00", 0, wantTime},
		{"2024-01-01T00:00:00+24:00", 0, wantTime},
		{"2024-01-01 00:00:00Z", 0, wantTime},
		{"2024-01-01t00:00:00z", 0, wantTime},
		{"", 0, wantTime},
	} {
		if got, why := parseTime([]byte(c.text)); got != c.want || why != c.why {
			t.Errorf("%s: got %d %q, want %d %q", c.text, got, why, c.want, c.why)
		}
	}
	for _, c := range []struct {
		text string
		want int64
		why  string
	}{
		{"0", 0, ""}, {"-0", 0, ""}, {"1", 1e6, ""}, {"-1.5", -1.5e6, ""}, {"1732345678901.123456", 1732345678901123456, ""},
		{"1.1234567", 1123456, ""}, {"1e3", 1e9, ""}, {"1E-3", 1e3, ""}, {"9223372036854.775807", 1<<63 - 1, ""},
		{"9223372036854.9", 0, wantRange}, {"9223372036855", 0, wantRange}, {"-9223372036855", 0, wantRange}, {"1e400", 0, wantRange},
		{"1" + strings.Repeat("0", 400), 0, wantRange}, {"x", 0, wantTime}, {"1x", 0, wantTime}, {"", 0, wantTime}, {"inf", 0, wantTime}, {"NaN", 0, wantTime},
	} {
		if got, why := parseMillis([]byte(c.text)); got != c.want || why != c.why {
			t.Errorf("%s: got %d %q, want %d %q", c.text, got, why, c.want, c.why)
		}
	}
}

// plainEnvelope is the second opinion on an envelope.
type plainEnvelope struct {
	ID          string            `json:"id,omitempty"`
	Key         string            `json:"key,omitempty"`
	Time        string            `json:"time,omitempty"`
	Type        string            `json:"type,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	Data        any               `json:"data,omitempty"`
	Bytes       []byte            `json:"data_base64,omitempty"`
}

func randomText(rng *rand.Rand) string {
	var b strings.Builder
	for range 1 + rng.IntN(30) {
		b.WriteString([]string{"a", "0", "é", "世", "😀", "\"", "\\", "\n", "\x00", "<"}[rng.IntN(10)])
	}
	return b.String()
}

func randomEnvelope(rng *rand.Rand) plainEnvelope {
	var e plainEnvelope
	some := func(into *string) {
		if rng.IntN(2) == 0 {
			*into = randomText(rng)
		}
	}
	some(&e.ID)
	some(&e.Key)
	some(&e.Type)
	if rng.IntN(2) == 0 {
		e.Time = time.Unix(rng.Int64N(2e9), rng.Int64N(1e9)).UTC().Format(time.RFC3339Nano)
	}
	if rng.IntN(3) == 0 {
		e.Headers = map[string]string{randomText(rng): randomText(rng)}
	}
	switch rng.IntN(4) {
	case 0:
		e.Data, e.ContentType = randomText(rng), "text/plain"
	case 1:
		e.Bytes, e.ContentType = []byte(randomText(rng)), "image/png"
	default:
		e.Data = map[string]any{"a": randomText(rng), "b": []any{float64(rng.IntN(100)), nil, true, rng.Float64()}}
	}
	return e
}

// shown is what show makes of the draft of an envelope.
func (e *plainEnvelope) shown(t *testing.T) string {
	var parts []string
	for _, p := range [][2]string{{"id=", e.ID}, {"key=", e.Key}, {"time=", e.Time}, {"type=", e.Type}, {"ct=", e.ContentType}} {
		if p[1] != "" {
			parts = append(parts, p[0]+p[1])
		}
	}
	for name, value := range e.Headers {
		parts = append(parts, name+"="+value)
	}
	data := string(e.Bytes)
	switch {
	case e.ContentType == "text/plain":
		data = e.Data.(string)
	case e.Bytes == nil:
		b, err := json.Marshal(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		data = string(b)
	}
	return strings.Join(append(parts, "data="+data), " ")
}

// sameData writes JSON data as encoding/json would, so that two texts of one value compare.
func sameData(shown string) string {
	head, data, _ := strings.Cut(shown, "data={")
	var v any
	if json.Unmarshal([]byte("{"+data), &v) != nil {
		return shown
	}
	b, _ := json.Marshal(v)
	return head + "data=" + string(b)
}

func TestEnvelopesAgreeWithEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b Batch
	for range 2000 {
		events := make([]plainEnvelope, 1+rng.IntN(5))
		for i := range events {
			events[i] = randomEnvelope(rng)
		}
		asJSON, err := json.Marshal(events)
		if err != nil {
			t.Fatal(err)
		}
		var packed strings.Builder
		enc := msgpack.NewEncoder(&packed)
		enc.SetCustomStructTag("json")
		if err := enc.Encode(events); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(2) == 0 {
			if asJSON, err = json.MarshalIndent(events, "", "\t"); err != nil {
				t.Fatal(err)
			}
		}
		for form, body := range map[Form][]byte{Envelopes: asJSON, Packed: []byte(packed.String())} {
			if err := b.Read(&Request{Form: form, Body: body, Limits: limits()}); err != nil {
				t.Fatalf("%q: %v", body, err)
			}
			for i := range events {
				if got, want := sameData(show(&b.Drafts[i])), sameData(events[i].shown(t)); got != want {
					t.Fatalf("%q:\n got %q\nwant %q", body, got, want)
				}
			}
		}
	}
}

func TestNothingIsAllocatedForAnEvent(t *testing.T) {
	for _, c := range benchmarks(t) {
		var b Batch
		req := c.request
		read := func() {
			if err := b.Read(&req); err != nil || len(b.Drafts) != 100 {
				t.Fatal(len(b.Drafts), err)
			}
		}
		read()
		if n := testing.AllocsPerRun(50, read); n > c.allocs {
			t.Errorf("%s: %v allocations for 100 events, want at most %v", c.name, n, c.allocs)
		}
	}
}

type benchmark struct {
	name    string
	request Request
	allocs  float64
}

func benchmarks(t testing.TB) []benchmark {
	var envelopes, lines, clouds []string
	var packed []any
	for i := range 100 {
		data := fmt.Sprintf(`{"user":"u-%04d","total":%d.25,"city":"Oslo","items":[1,2,3],"note":"%s"}`, i, i, strings.Repeat("x", 56))
		envelopes = append(envelopes, fmt.Sprintf(`{"key":"user-%d","type":"order.created","data":%s}`, i, data))
		clouds = append(clouds, fmt.Sprintf(`{"specversion":"1.0","id":"%d","source":"/orders","type":"order.created","time":"2026-11-22T06:41:51.9Z","data":%s}`, i, data))
		lines = append(lines, data)
		packed = append(packed, m{"key": "user", "type": "order.created", "data": []byte(data)})
	}
	text := func(form Form, body string) Request { return Request{Form: form, Body: []byte(body), Limits: limits()} }
	keyed := text(Lines, strings.Join(lines, "\n"))
	keyed.Key = Param{"/user", "query.key"}
	named := text(Envelopes, "["+strings.Join(envelopes, ",")+"]")
	named.ID = Param{"0123456789abcdef", "header.Idempotency-Key"}
	return []benchmark{
		{"envelopes", text(Envelopes, "["+strings.Join(envelopes, ",")+"]"), 0},
		{"envelopes with ids", named, 0},
		{"lines", text(Lines, strings.Join(lines, "\n")), 0},
		{"lines with key", keyed, 1},
		{"packed", text(Packed, pack(t, packed)), 0},
		{"clouds", text(CloudBatch, "["+strings.Join(clouds, ",")+"]"), 0},
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range benchmarks(b) {
		b.Run(c.name, func(b *testing.B) {
			var batch Batch
			b.SetBytes(int64(len(c.request.Body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := batch.Read(&c.request); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
