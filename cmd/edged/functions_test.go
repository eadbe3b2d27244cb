package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFunctions(t *testing.T) {
	const cities = `{"name":"cities","sql":"SELECT 1","options":{"idle":"1s"},"created":"2026-11-25T00:00:00Z","query_id":"7f90","inputs":["orders","returns"],` +
		`"columns":[{"name":"n","type":"integer"}],"window":"tumble","runs":"mergeable","state":"running","events_in":1200,"events_out":3,"late":1,"too_late":2,` +
		`"failed":0,"mistyped":4,"last_error":"a\u001b[31m","explain":"function cities\n1 read\n",` +
		`"origins":[{"origin":"n~01","region":"eu","watermark":"2026-11-25T00:00:01Z","position":{"orders/1":9,"orders/0":7},"state":"live"},` +
		`{"origin":"u~02","region":"us","position":{},"state":"unreachable"}]}`
	const rows = `{"rows":[{"city":"Oslo","n":2,"_status":"final"},{"city":null,"n":1,"_excluded":["u~02"]}],"cut":"c1","digest":"ef"}`
	const feed = "id: c1\ndata: {\"key\":\"Oslo\",\"row\":{\"city\":\"Oslo\",\"n\":2},\"cursor\":\"c1\"}\n\n" +
		"event: reset\nid: c1\ndata: {}\n\n" +
		"id: c2\ndata: {\"key\":\"Lima\",\"row\":{\"city\":\"Lima\\u001b\",\"n\":3},\"cursor\":\"c2\"}\n\n"
	url := shelfOf(t, map[string]string{
		"GET /functions?limit=100":                                                            `{"functions":[` + cities + `]}`,
		`PUT /functions/cities {"sql":"SELECT 1"}`:                                            cities,
		`PUT /functions/cities {"idle":"1s","restart":true,"sql":"FILE"}`:                     cities,
		`PUT /functions/cities {"replace":"now","sql":"STDIN"}`:                               cities,
		"GET /functions/cities":                                                               cities,
		"GET /functions/cities/rows?limit=10000":                                              rows,
		"GET /functions/cities/rows?after=c9&limit=1&order_by=-n&where=n+%3E+1&window=latest": `{"rows":[{"city":"Oslo"}],"cut":"c1","digest":"ef","next":"x"}`,
		"GET /functions/cities/rows?from=earliest&where=n+%3E+1":                              feed,
		"DELETE /functions/cities":                                                            "",
		"DELETE /functions/hot":                                                               "",
	})
	file := filepath.Join(t.TempDir(), "q.sql")
	if err := os.WriteFile(file, []byte("FILE"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in        string
		args      []string
		out, errs string // what they hold
	}{
		"list":             {"", []string{"ls"}, "cities  running  orders, returns  tumble  none  1,200  3    3     0", ""},
		"list in json":     {"", []string{"ls", "-o", "json"}, `[{"name":"cities","sql":"SELECT 1"`, ""},
		"apply":            {"", []string{"apply", "cities", "SELECT 1"}, "function cities\n1 read\n", "created cities"},
		"apply a file":     {"", []string{"apply", "cities", "-f", file, "--option", "idle=1s", "--restart"}, "1 read", "created cities"},
		"apply from input": {"STDIN", []string{"apply", "cities", "-", "--now", "-o", "json"}, `"query_id":"7f90"`, ""},
		"explain":          {"", []string{"explain", "cities"}, "function cities\n1 read\n", ""},
		"explain in json":  {"", []string{"explain", "cities", "-o", "json"}, `{"explain":"function cities\n1 read\n"}`, ""},
		"status":           {"", []string{"status", "cities"}, "too late     2\n", ""},
		"status: errors":   {"", []string{"status", "cities"}, `last error   a\x1b[31m`, ""},
		"status: origins":  {"", []string{"status", "cities"}, "orders/0:7 orders/1:9\n", ""},
		"status: away":     {"", []string{"status", "cities"}, "u~02    us      unreachable  none", ""},
		"rows":             {"", []string{"rows", "cities"}, "{\"city\":\"Oslo\",\"n\":2,\"_status\":\"final\"}\n{\"city\":null,\"n\":1,\"_excluded\":[\"u~02\"]}\n", ""},
		"rows as a table":  {"", []string{"rows", "cities", "-o", "table"}, "city  n  _status  _excluded\nOslo  2  final    \nnull  1           [\"u~02\"]\n", ""},
		"some rows": {"", []string{"rows", "cities", "--where", "n > 1", "--window", "latest", "--order-by", "-n", "--limit", "1", "--after", "c9"},
			"{\"city\":\"Oslo\"}\n", ""},
		"watch":            {"", []string{"watch", "cities", "--where", "n > 1", "--limit", "2"}, "{\"key\":\"Oslo\",\"row\":{\"city\":\"Oslo\",\"n\":2},\"cursor\":\"c1\"}\n", "reset: another query"},
		"watch as a table": {"", []string{"watch", "cities", "--where", "n > 1", "--limit", "2", "-o", "table"}, `  city=Lima\x1b  n=3`, ""},
		"rm":               {"", []string{"rm", "cities", "hot"}, "", "deleted cities\ndeleted hot\n"},
	} {
		got := edgedRun(t, c.in, nil, append([]string{"functions", "-s", url}, c.args...)...)
		if got.code != exitDone || !strings.Contains(got.out, c.out) || !strings.Contains(got.errs, c.errs) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestQuery(t *testing.T) {
	const answer = `{"columns":[{"name":"n","type":"integer"},{"name":"city","type":"json"}],"rows":[{"city":"Oslo","n":2}],"cut":"c1","truncated":true}`
	url := shelfOf(t, map[string]string{
		`POST /query {"sql":"SELECT 1"}`:                              answer,
		`POST /query {"sql":"STDIN","limit":1,"cut":"c9"}`:            answer,
		`POST /query {"sql":"SELECT 1","timeout":"1m0s"}`:             answer,
		`POST /query {"sql":"SELECT n FROM orders WHERE n \u003c 1"}`: `{"columns":[{"name":"n","type":"integer"}],"rows":[],"cut":"c1","truncated":false}`,
	})
	for name, c := range map[string]struct {
		in        string
		args      []string
		out, errs string
	}{
		"lines":      {"", []string{"SELECT 1"}, "{\"city\":\"Oslo\",\"n\":2}\n", "truncated: there are more rows"},
		"table":      {"", []string{"SELECT 1", "-o", "table"}, "n  city\n2  Oslo\n", "truncated"},
		"from input": {"STDIN", []string{"-", "--limit", "1", "--cut", "c9", "-o", "json"}, "{\"city\":\"Oslo\",\"n\":2}\n", ""},
		"in time":    {"", []string{"SELECT 1", "--timeout", "1m"}, "Oslo", ""},
		"nothing":    {"", []string{"SELECT n FROM orders WHERE n < 1", "-o", "table"}, "n\n", ""},
	} {
		got := edgedRun(t, c.in, nil, append([]string{"query", "-s", url}, c.args...)...)
		if got.code != exitDone || !strings.Contains(got.out, c.out) || !strings.Contains(got.errs, c.errs) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestFunctionsUsage(t *testing.T) {
	for _, args := range [][]string{
		{"functions", "apply"}, {"functions", "apply", "cities"}, {"functions", "apply", "cities", "SELECT", "1"}, {"functions", "apply", "Cities", "SELECT 1"},
		{"functions", "apply", "cities", " "}, {"functions", "apply", "cities", "-f", "/nowhere"}, {"functions", "apply", "cities", "x", "-f", "y"},
		{"functions", "apply", "cities", "x", "--option", "idle"}, {"functions", "apply", "cities", "x", "--option", "sql=y"},
		{"functions", "rows"}, {"functions", "rows", "cities", "--limit", "-1"}, {"functions", "rm"}, {"functions", "rm", "A"}, {"functions", "status", "A"},
		{"functions", "watch", "cities", "--limit", "-1"}, {"functions", "aply"}, {"query"}, {"query", "SELECT", "1"}, {"query", "x", "--limit", "-1"},
	} {
		if got := edgedRun(t, "", nil, args...); got.code != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got := edgedRun(t, "", nil, "functions", "aply"); !strings.Contains(got.errs, "apply") {
		t.Errorf("%+v", got)
	}
}

// TestRefusedSQLIsPlaced: each place of a text that is refused is shown with line and column.
func TestRefusedSQLIsPlaced(t *testing.T) {
	code := "sql_invalid"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(map[string]int{"sql_invalid": 422, "function_not_found": 404, "conflict": 409}[code])
		_, _ = w.Write([]byte(`{"status":422,"code":"` + code + `","detail":"2 parts of the query are refused.","errors":[` +
			`{"location":"sql","line":2,"column":27,"message":"HOP takes the slide first."},{"location":"sql","line":3,"column":8,"message":"NOW()\u001b differs."}]}`))
	}))
	defer s.Close()
	got := edgedRun(t, "", nil, "functions", "apply", "cities", "SELECT 1", "-s", s.URL)
	want := "error: sql_invalid: 2 parts of the query are refused.\n  2:27: HOP takes the slide first.\n  3:8: NOW()\\x1b differs.\nnext:  correct the text"
	if got.code != exitFailed || !strings.Contains(got.errs, want) {
		t.Errorf("%+v", got)
	}
	code = "function_not_found"
	if got := edgedRun(t, "", nil, "functions", "rows", "cities", "-s", s.URL); got.code != exitNotFound || !strings.Contains(got.errs, "edged functions ls") {
		t.Errorf("%+v", got)
	}
	code = "conflict"
	if got := edgedRun(t, "", nil, "functions", "rows", "cities", "-s", s.URL); got.code != exitConflict {
		t.Errorf("%+v", got)
	}
}

func TestExplainNeedsNoNode(t *testing.T) {
	for _, c := range []struct {
		sql, want string
		exit      int
	}{
		{"SELECT city, COUNT(*) AS n FROM orders GROUP BY city", "by city", exitDone},
		{"SELECT city, NOW() AS n\nFROM orders", "1:14: NOW() differs from node to node", exitFailed},
	} {
		got := edgedRun(t, "", nil, "explain", c.sql)
		if got.code != c.exit || !strings.Contains(got.out+got.errs, c.want) {
			t.Errorf("%s: %+v", c.sql, got)
		}
	}
}
