package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

func TestQueryOnce(t *testing.T) {
	m := newMill()
	h := m.server(t, Options{}).Handler()
	cut := cursorAt("orders", 9).String()
	want := func(n string) string {
		return `{"columns":[{"name":"city","type":"json"},{"name":"n","type":"integer"}],"rows":[{"city":"Oslo","n":` + n + `},{"city":null,"n":1}],` +
			`"cut":"` + cut + `","truncated":true}`
	}
	for _, q := range []struct{ body, form, want string }{
		{`{"sql":"SELECT 1"}`, "", want("1000")},
		{"SELECT 1", typeSQL, want("1000")},
		{`{"sql":"SELECT 1","limit":7.0,"timeout":"60s","cut":"` + cut + `"}`, typeJSON, want("7")},
	} {
		w := ask(h, http.MethodPost, "/v1/query", q.body, "Content-Type", q.form)
		if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != q.want || m.once.SQL != "SELECT 1" {
			t.Errorf("%s: %d\ngot  %s\nwant %s", q.body, w.Code, got, q.want)
		}
	}
	if m.once.Cut != cut {
		t.Errorf("the cut was %q", m.once.Cut)
	}
	packed, _ := msgpack.Marshal(map[string]any{"sql": "SELECT 1", "limit": 3})
	w := ask(h, http.MethodPost, "/v1/query", string(packed), "Content-Type", typeMsgpack, "Accept", typeMsgpack)
	var got any
	if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %v", w.Code, err)
	}
	if g, x := appendJSONValue(nil, got), appendJSONValue(nil, object(t, []byte(want("3")))); string(g) != string(x) {
		t.Errorf("in msgpack: got %s, want %s", g, x)
	}
}

func TestQueryOnceRefuses(t *testing.T) {
	m := newMill()
	h := m.server(t, Options{}).Handler()
	for _, q := range []struct {
		body, form     string
		status         int
		code, location string
	}{
		{"", "", 400, "bad_request", ""},
		{"{}", "", 422, "invalid", "body.sql"},
		{`{"sql":"x","limit":0}`, "", 422, "invalid", "body.limit"},
		{`{"sql":"x","limit":10001}`, "", 422, "invalid", "body.limit"},
		{`{"sql":"x","limit":"5"}`, "", 422, "invalid", "body.limit"},
		{`{"sql":"x","limit":1e99}`, "", 422, "invalid", "body.limit"},
		{`{"sql":"x","timeout":"0s"}`, "", 422, "invalid", "body.timeout"},
		{`{"sql":"x","timeout":"61s"}`, "", 422, "invalid", "body.timeout"},
		{`{"sql":"x","timeout":5}`, "", 422, "invalid", "body.timeout"},
		{`{"sql":"x","cut":"nonsense"}`, "", 400, "bad_cursor", "body.cut"},
		{`{"sql":"x","lmit":5}`, "", 422, "invalid", "body.lmit"},
		{"SELECT ?", typeSQL, 422, "sql_invalid", "sql"},
		{"SELECT 1", "text/plain", 415, "unsupported_media_type", "header.Content-Type"},
	} {
		w := ask(h, http.MethodPost, "/v1/query", q.body, "Content-Type", q.form)
		checkProblem(t, q.body, w.Header(), w.Body.Bytes(), q.status, q.code)
		if w.Code != q.status || q.location != "" && !strings.Contains(w.Body.String(), `"location":"`+q.location+`"`) {
			t.Errorf("%s: %d %s", q.body, w.Code, w.Body)
		}
	}
	m.refusal = edged.RefuseField(edged.BadCursor, "cut", nil, "it is of another query")
	w := ask(h, http.MethodPost, "/v1/query", `{"sql":"x"}`)
	if checkProblem(t, "cut", w.Header(), w.Body.Bytes(), 400, "bad_cursor"); !strings.Contains(w.Body.String(), `"location":"body.cut"`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestQueryOnceEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMill()
		m.hold = true
		h := m.server(t, Options{}).Handler()
		for body, bound := range map[string]time.Duration{`{"sql":"x"}`: 30 * time.Second, `{"sql":"x","timeout":"250ms"}`: 250 * time.Millisecond} {
			began := time.Now()
			w := ask(h, http.MethodPost, "/v1/query", body)
			checkProblem(t, body, w.Header(), w.Body.Bytes(), 503, "unavailable")
			if took := time.Since(began); took != bound || !strings.Contains(w.Body.String(), `"location":"body.timeout"`) {
				t.Errorf("%s: after %v: %s", body, took, w.Body)
			}
		}
	})
}
