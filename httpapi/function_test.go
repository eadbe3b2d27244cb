package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// functionText is a function of the mill as it is answered: all members, or those of a list.
func functionText(name, sql, more string, brief bool) string {
	text := `{"name":"` + name + `","sql":"` + sql + `",` + more + `"created":"2023-11-14T22:13:20Z","query_id":"` + strings.Repeat("7f", 16) +
		`","inputs":["orders"],"columns":[{"name":"city","type":"json"},{"name":"n","type":"integer"}],"window":"tumble","runs":"mergeable","state":"running",` +
		`"events_in":9,"events_out":0,"late":1,"too_late":0,"failed":0,"mistyped":0`
	if brief {
		return text + "}"
	}
	return text + `,"explain":"function ` + name + `\n","origins":[{"origin":"n~01000000000000000000","region":"eu","watermark":"2023-11-14T22:13:20Z",` +
		`"position":{"orders/0":9},"state":"live"}]}`
}

func TestFunctionDefinitions(t *testing.T) {
	m := newMill()
	h := m.server(t, Options{}).Handler()
	const sql = "SELECT 'ø' AS x FROM a"
	options := `"options":{"backfill":"false","idle":"10s","max_keys":"500"},`
	for _, q := range []struct {
		method, target, body, form string
		status                     int
		want                       string
	}{
		{http.MethodGet, "/v1/functions", "", "", 200, `{"functions":[]}`},
		{http.MethodPut, "/v1/functions/a", sql, typeSQL, 201, functionText("a", sql, "", false)},
		{http.MethodPut, "/v1/functions/b", `{"sql":"` + sql + `","max_keys":500,"idle":"10s","backfill":false}`, "", 201, functionText("b", sql, options, false)},
		{http.MethodGet, "/v1/functions/b", "", "", 200, functionText("b", sql, options, false)},
		{http.MethodGet, "/v1/functions?limit=1", "", "", 200, `{"functions":[` + functionText("a", sql, "", true) + `],"next":"YQ"}`},
		{http.MethodGet, "/v1/functions?page=YQ", "", "", 200, `{"functions":[` + functionText("b", sql, options, true) + `]}`},
		{http.MethodGet, "/v1/functions/a/completeness", "", "", 200, `{"origins":[{"origin":"n~01000000000000000000","region":"eu","watermark":"2023-11-14T22:13:20Z",` +
			`"position":{"orders/0":9},"state":"live"},{"origin":"us~02000000000000000000","region":"us","position":{},"state":"unreachable"}]}`},
		{http.MethodDelete, "/v1/functions/b", "", "", 204, ""},
	} {
		w := ask(h, q.method, q.target, q.body, "Content-Type", q.form)
		if got := strings.TrimSpace(w.Body.String()); w.Code != q.status || got != q.want {
			t.Errorf("%s %s: %d\ngot  %s\nwant %s", q.method, q.target, w.Code, got, q.want)
		}
		if w.Code == 201 && w.Header().Get("Location") != q.target {
			t.Errorf("%s is at %s", q.target, w.Header().Get("Location"))
		}
	}
}

func TestFunctionsAreReplaced(t *testing.T) {
	m := newMill()
	h := m.server(t, Options{}).Handler()
	for body, want := range map[string]edged.FunctionChange{
		`{"sql":"x"}`: {}, `{"sql":"x","restart":true}`: {Restart: true}, `{"sql":"x","restart":false,"replace":"now"}`: {Now: true},
	} {
		if w := ask(h, http.MethodPut, "/v1/functions/a", body); w.Code/100 != 2 || m.how != want {
			t.Errorf("%s: %d %+v %s", body, w.Code, m.how, w.Body)
		}
	}
	packed, _ := msgpack.Marshal(map[string]any{"sql": "x", "restart": true, "lateness": "1s", "max_keys": uint32(7), "exclude_after": 1.5})
	w := ask(h, http.MethodPut, "/v1/functions/b", string(packed), "Content-Type", typeMsgpack, "Accept", typeMsgpack)
	var got map[string]any
	if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 201 || got["restarted"] != true {
		t.Errorf("%d %v %v", w.Code, got, err)
	}
	if o := m.funcs["b"].Options; len(o) != 3 || o["lateness"] != "1s" || o["max_keys"] != "7" || o["exclude_after"] != "1.5" {
		t.Errorf("options %v", o)
	}
}

func TestFunctionDefinitionRefuses(t *testing.T) {
	m := newMill()
	h := m.server(t, Options{}).Handler()
	for _, q := range []struct {
		body, form     string
		status         int
		code, location string
		says           string
	}{
		{"", "", 400, "bad_request", "", "application/sql"},
		{"SELECT 1", "", 400, "bad_request", "", "application/sql"},
		{"{}", "", 422, "invalid", "body.sql", "is missing"},
		{`{"sql":`, "", 400, "bad_request", "", "cannot be read"},
		{`{"sql":""}`, "", 422, "invalid", "body.sql", "not empty"},
		{" \n", typeSQL, 422, "invalid", "body.sql", "not empty"},
		{"\xff", typeSQL, 422, "invalid", "body.sql", "UTF-8"},
		{`{"sql":7}`, "", 422, "invalid", "body.sql", "string"},
		{`{"sql":null}`, "", 422, "invalid", "body.sql", "string"},
		{`{"sql":"x","idel":"1s"}`, "", 422, "invalid", "body.idel", `did you mean \"idle\"?`},
		{`{"sql":"x","idle":["1s"]}`, "", 422, "invalid", "body.idle", "string"},
		{`{"sql":"x","restart":"yes"}`, "", 422, "invalid", "body.restart", "true or false"},
		{`{"sql":"x","replace":"later"}`, "", 422, "invalid", "body.replace", `\"now\"`},
		{`{"javascript":"x"}`, "", 422, "invalid", "body.javascript", "planned for phase 3"},
		{`{"wasm_base64":"AGFzbQ=="}`, "", 422, "invalid", "body.wasm_base64", "planned for phase 3"},
		{"SELECT ?\nFROM ø ? x", typeSQL, 422, "sql_invalid", "sql", `"line":2,"column":8,"value":"?"`},
		{strings.Repeat("x", 256<<10+1), typeSQL, 413, "too_large", "", "256 KiB"},
		{"x", "text/html", 415, "unsupported_media_type", "header.Content-Type", "application/sql"},
		{"x", typeSQL + "; charset=latin1", 415, "unsupported_media_type", "header.Content-Type", "UTF-8"},
		{"\xc1", typeMsgpack, 400, "bad_request", "", "cannot be read"},
		{"\x81\xa3sql\xa1\xff", typeMsgpack, 422, "invalid", "body.sql", "UTF-8"},
	} {
		w := ask(h, http.MethodPut, "/v1/functions/a", q.body, "Content-Type", q.form)
		checkProblem(t, q.body, w.Header(), w.Body.Bytes(), q.status, q.code)
		if text := w.Body.String(); w.Code != q.status || !strings.Contains(text, q.says) || !strings.Contains(text, `"stored":false`) ||
			q.location != "" && !strings.Contains(text, `"location":"`+q.location+`"`) {
			t.Errorf("%.60s: %d %s", q.body, w.Code, text)
		}
	}
	if len(m.funcs) > 0 {
		t.Errorf("made all the same: %v", m.funcs)
	}
	for _, target := range []string{"", "/rows", "/completeness"} {
		w := ask(h, http.MethodGet, "/v1/functions/none"+target, "")
		checkProblem(t, target, w.Header(), w.Body.Bytes(), 404, "function_not_found")
		w = ask(h, http.MethodGet, "/v1/functions/None"+target, "")
		checkProblem(t, target, w.Header(), w.Body.Bytes(), 422, "invalid")
	}
	w := ask(h, http.MethodDelete, "/v1/functions/none", "")
	checkProblem(t, "delete", w.Header(), w.Body.Bytes(), 404, "function_not_found")
}

func TestWithoutFunctionsTheirPathsAreNotThere(t *testing.T) {
	h := newCupboard().server(t, Options{}).Handler()
	for _, target := range []string{"/v1/functions", "/v1/functions/a", "/v1/functions/a/rows", "/v1/query"} {
		w := ask(h, http.MethodPost, target, `{"sql":"SELECT 1"}`)
		checkProblem(t, target, w.Header(), w.Body.Bytes(), 404, "not_found")
		if !strings.Contains(w.Body.String(), noFunctions) {
			t.Errorf("it does not say why: %s", w.Body)
		}
	}
	w := ask(newMill().server(t, Options{}).Handler(), http.MethodGet, "/v1/functions/a/row", "")
	if checkProblem(t, "mistyped", w.Header(), w.Body.Bytes(), 404, "not_found"); !strings.Contains(w.Body.String(), "/v1/functions/NAME/rows") {
		t.Errorf("it does not say where rows are: %s", w.Body)
	}
}

// TestAfterAwaitsRows: a cut is waited for anywhere; a cursor of a stream, at a function's paths, until
// the rows have it too.
func TestAfterAwaitsRows(t *testing.T) {
	m, h := cities(t)
	m.put("orders", "1")
	cut, orders := cursorAt("$f.cities", 0).String(), cursorAt("orders", 1).String()
	for _, q := range [][2]string{
		{"/v1/functions/cities/rows?after=" + cut, "cities $f.cities"}, {"/v1/functions/cities/completeness?after=" + orders, "cities orders"},
		{"/v1/functions/cities/rows?after=" + orders, "cities orders"}, {"/v1/streams/orders/events?after=" + cut, " $f.cities"},
		{"/v1/functions?after=" + cursorAt("$partials.7f", 1).String(), " $partials.7f"},
		{"/v1/functions?after=" + orders, ""}, {"/v1/streams/orders/events?after=" + orders, ""},
	} {
		m.waited = nil
		w := ask(h, http.MethodGet, q[0], "")
		if got := strings.Join(m.waited, "+"); w.Code != 200 || got != q[1] {
			t.Errorf("%s: %d, waited for %q, want %q: %s", q[0], w.Code, got, q[1], w.Body)
		}
	}
}
