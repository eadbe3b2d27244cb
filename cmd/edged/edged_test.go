package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// result is what one run of the command line gave.
type result struct {
	code      int
	out, errs string
}

// edgedRun runs the command line with no environment but the given.
func edgedRun(t *testing.T, in string, environ []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(in), out: &out, errs: &errs, environ: environ}
	code := a.run(ctx, args)
	return result{code, out.String(), errs.String()}
}

// nobody is an address where nothing listens.
func nobody(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	return s.URL
}

// answering is a server that knows its version, and answers the rest with one problem.
func answering(t *testing.T, status int, code string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/version" {
			fmt.Fprint(w, `{"version":"test"}`)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"title":"T","detail":"why it is so","code":%q,"stored":false,"cursor":"EARLIEST"}`, code)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestExitCodes(t *testing.T) {
	cases := []struct {
		name   string
		status int
		code   string
		args   []string
		want   int
		says   string
	}{
		{"unknown command", 0, "", []string{"pbu"}, 2, `unknown command "pbu" for "edged"; did you mean pub?`},
		{"unknown command with flags", 0, "", []string{"colections", "ls", "--tpye", "x"}, 2, `unknown command "colections" for "edged"; did you mean collections?`},
		{"unknown subcommand", 0, "", []string{"streams", "crate"}, 2, "did you mean create?"},
		{"unknown flag", 0, "", []string{"sub", "s", "--form", "x"}, 2, "unknown flag: --form; did you mean --from?"},
		{"bad flag value", 0, "", []string{"pub", "s", "x", "--batch", "many"}, 2, "invalid argument"},
		{"bad stream name", 0, "", []string{"pub", "Orders", "x"}, 2, `"Orders" is no name of a stream`},
		{"too few arguments", 0, "", []string{"sub"}, 2, "want a stream, got 0 arguments"},
		{"bad output", 0, "", []string{"-o", "jsn", "version"}, 2, "did you mean json?"},
		{"bad setting", 0, "", []string{"serve", "--log-level", "loud"}, 2, "want debug, info, warn, error"},
		{"bad setting, no command", 0, "", []string{"--http", "80"}, 2, "want HOST:PORT"},
		{"mesh flags", 0, "", []string{"serve", "--mesh", "0.0.0.0:7946"}, 2, "edged mesh secret > mesh.secret"},
		{"bad key pointer", 0, "", []string{"pub", "s", "-", "--key-from", "user"}, 2, "want a JSON Pointer"},
		{"bad ack", 0, "", []string{"pub", "s", "x", "--ack", "disc"}, 2, "want memory, disk, region or regions:N"},
		{"not found", 404, "stream_not_found", []string{"streams", "info", "s"}, 3, "edged streams ls"},
		{"denied", 403, "forbidden", []string{"streams", "ls"}, 4, "--token-file"},
		{"unauthenticated", 401, "unauthenticated", []string{"streams", "ls"}, 4, "--token-file"},
		{"conflict", 409, "conflict", []string{"streams", "create", "s", "--partitions", "3"}, 5, "why it is so"},
		{"disk full", 507, "disk_full", []string{"pub", "s", "x", "--retry-for", "0s"}, 6, "free space"},
		{"draining", 503, "draining", []string{"pub", "s", "x", "--retry-for", "0s"}, 6, "try again"},
		{"ack timeout", 504, "ack_timeout", []string{"pub", "s", "x", "--retry-for", "0s"}, 6, "ack_timeout"},
		{"invalid", 422, "invalid", []string{"pub", "s", "x"}, 1, "invalid: why it is so"},
		{"expired", 410, "cursor_expired", []string{"sub", "s", "--cursor", "OLD"}, 1, "--cursor EARLIEST"},
		{"version", 0, "", []string{"version"}, 0, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			args := tc.args
			if tc.status != 0 {
				args = append(args, "--server", answering(t, tc.status, tc.code))
			}
			got := edgedRun(t, "", nil, args...)
			if got.code != tc.want || !strings.Contains(got.errs, tc.says) {
				t.Errorf("edged %s: exit %d, want %d; it said %q, want %q in it", strings.Join(args, " "), got.code, tc.want, got.errs, tc.says)
			}
			if tc.want != 0 && got.out != "" {
				t.Errorf("standard output is for data, and has %q", got.out)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	for _, args := range [][]string{{"pub", "s", "x"}, {"sub", "s"}, {"streams", "ls"}, {"bench", "publish"}} {
		got := edgedRun(t, "", []string{"EDGED_SERVER=" + nobody(t)}, args...)
		if got.code != exitUnavailable || !strings.Contains(got.errs, "unreachable") || !strings.Contains(got.errs, "next:") {
			t.Errorf("%v: %+v", args, got)
		}
		if strings.Contains(got.errs, "/v1/") { // a URL may hold a cursor of kilobytes
			t.Errorf("%v: the cause is hidden behind the request: %s", args, got.errs)
		}
	}
}

func TestErrorsAsJSON(t *testing.T) {
	got := edgedRun(t, "", nil, "-o", "json", "streams", "info", "s", "--server", answering(t, 404, "stream_not_found"))
	var f fault
	if err := json.Unmarshal([]byte(got.errs), &f); err != nil || f.Code != "stream_not_found" || f.Detail != "why it is so" || f.Next == "" {
		t.Errorf("%v in %q", err, got.errs)
	}
}

func TestTokenIsSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sesame" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		fmt.Fprint(w, `{"streams":[]}`)
	}))
	defer s.Close()
	if got := edgedRun(t, "", []string{"EDGED_TOKEN_FILE=" + file}, "streams", "ls", "-s", s.URL, "-o", "json"); got.code != 0 || got.out != "[]\n" {
		t.Errorf("%+v", got)
	}
	if got := edgedRun(t, "", nil, "streams", "ls", "--token-file", "/nowhere"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}

func TestConfigShowSaysWhere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("e.yaml", []byte("node:\n  name: eu-1\nhttp:\n  cors: [https://a.example]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := edgedRun(t, "", []string{"EDGED_LOG__LEVEL=debug"}, "config", "show", "--config", "e.yaml", "--region", "eu", "-o", "json")
	var shown []struct {
		Key, From string
		Value     any
	}
	if err := json.Unmarshal([]byte(got.out), &shown); err != nil {
		t.Fatalf("%v in %+v", err, got)
	}
	from := map[string]string{}
	for _, s := range shown {
		from[s.Key] = fmt.Sprint(s.Value, " from ", s.From)
	}
	for key, want := range map[string]string{
		"node.name": "eu-1 from e.yaml:2", "node.region": "eu from --region", "log.level": "debug from EDGED_LOG__LEVEL",
		"http.listen": "127.0.0.1:8080 from default", "http.cors": "[https://a.example] from e.yaml:4",
	} {
		if from[key] != want {
			t.Errorf("%s is %s, want %s", key, from[key], want)
		}
	}
	if got := edgedRun(t, "", nil, "config", "check", "--config", "e.yaml"); got.code != 0 {
		t.Errorf("%+v", got)
	}
}

func TestPointers(t *testing.T) {
	doc := []byte(`{"a":{"b/c":["x",{"~":7}]},"":1,"t":true,"n":null,"f":1.50}`)
	cases := []struct{ pointer, want, key string }{
		{"/a/b~1c/0", `"x"`, "x"}, {"/a/b~1c/1/~0", "7", "7"}, {"/", "1", "1"}, {"/t", "true", "true"}, {"/f", "1.50", "1.50"},
		{"/n", "null", ""}, {"/a", `{"b/c":["x",{"~":7}]}`, ""}, {"/zz", "", ""}, {"/a/b~1c/9", "", ""}, {"/t/x", "", ""},
	}
	for _, tc := range cases {
		got, err := pointed(doc, tc.pointer)
		if string(got) != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s: got %s, %v; want %s", tc.pointer, got, err, tc.want)
		}
		if tc.want == "" {
			continue
		}
		if key, err := keyText(got); key != tc.key || (err == nil) != (tc.key != "") {
			t.Errorf("%s: key %q, %v; want %q", tc.pointer, key, err, tc.key)
		}
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2026, 11, 22, 6, 41, 51, 900_000_000, time.UTC)
	for _, text := range []string{`"2026-11-22T06:41:51.9Z"`, `"2026-11-22T07:41:51.9+01:00"`, `1795329711900`, `1795329711900.0`} {
		if got, err := timeOf(json.RawMessage(text)); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`"yesterday"`, `true`, `{}`, `1e300`} {
		if got, err := timeOf(json.RawMessage(text)); err == nil {
			t.Errorf("%s: got %v, want an error", text, got)
		}
	}
}

func TestDraftsOfLines(t *testing.T) {
	p := pubFlags{keyFrom: "/u", timeFrom: "/at", kind: "login"}
	d, err := p.draft([]byte(`{"u":7,"at":1000}`))
	if err != nil || d.Key != "7" || d.Time.UnixMilli() != 1000 || d.Type != "login" || d.ContentType != "" {
		t.Errorf("got %+v, %v", d, err)
	}
	for _, line := range []string{"plain", `{"u":7}`, `{"at":1}`, `{"u":{},"at":1}`} {
		if _, err := p.draft([]byte(line)); err == nil {
			t.Errorf("%s was taken", line)
		}
	}
	p = pubFlags{key: "k"}
	for line, want := range map[string]string{"{": "text/plain", "": "text/plain", "7": "", "\xff": "application/octet-stream"} {
		if d, err := p.draft([]byte(line)); err != nil || d.ContentType != want || d.Key != "k" {
			t.Errorf("%q: got %+v, %v; want %s", line, d, err, want)
		}
	}
}

func TestSuggestionsStayNear(t *testing.T) {
	if got := edgedRun(t, "", nil, "zebra"); got.code != exitUsage || strings.Contains(got.errs, "did you mean") {
		t.Errorf("%+v", got)
	}
}

func TestHarmless(t *testing.T) {
	if got := harmless("a\x1b[2Jb\tc\u009b"); got != "a\\x1b[2Jb\tc\\x9b" {
		t.Errorf("got %q", got)
	}
}

func TestWithCursor(t *testing.T) {
	cases := []struct{ data, cursor, want string }{
		{`{"id":"1"}`, "c", `{"id":"1","cursor":"c"}`},
		{`{"id":"1","cursor":"c"}`, "c", `{"id":"1","cursor":"c"}`},
		{`{"id":"1"}`, "", `{"id":"1"}`},
	}
	for _, tc := range cases {
		if got := withCursor(&client.Delivery{Cursor: tc.cursor, Data: []byte(tc.data)}); string(got) != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestDoctorSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"rmem_max": "212992\n", "wmem_max": "9000000\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if v := checkBuffers(dir); v.State != stateWarn || !strings.Contains(v.Do, "sysctl -w net.core.rmem_max=7500000;") {
		t.Errorf("%+v", v)
	}
	if v := checkBuffers(t.TempDir()); v.State != stateOK {
		t.Errorf("%+v", v)
	}
	if v := checkClock(time.Unix(0, 0)); v.State != stateFail || v.Do == "" {
		t.Errorf("%+v", v)
	}
	if v := checkSync(filepath.Join(dir, "rmem_max", "x")); v.State != stateFail || v.Do == "" {
		t.Errorf("%+v", v)
	}
	if v := checkSync(filepath.Join(dir, "not", "yet")); v.State == stateFail {
		t.Errorf("%+v", v)
	}
}

func TestDoctorFindsThePortTaken(t *testing.T) {
	taken := answering(t, 404, "not_found") // answers /v1/version: a node
	got := edgedRun(t, "", nil, "doctor", "--http", strings.TrimPrefix(taken, "http://"), "--data", t.TempDir(), "--min-free", "0", "-o", "json")
	if !strings.Contains(got.out, "served by a node that runs already") {
		t.Errorf("%+v", got)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	got = edgedRun(t, "", nil, "doctor", "--http", strings.TrimPrefix(other.URL, "http://"), "--data", t.TempDir(), "--min-free", "0")
	if got.code != exitUnhealthy || !strings.Contains(got.out, "fail  http port") || !strings.Contains(got.out, "do: ") {
		t.Errorf("%+v", got)
	}
}

func TestLoggerLeavesOutRepeats(t *testing.T) {
	var b bytes.Buffer
	log := newLogger(&b, "info", "json")
	now := time.Unix(100, 0)
	log.Handler().(*sparing).memory.now = func() time.Time { return now }
	for range 25 {
		log.With("k", 1).Info("the same")
	}
	log.Debug("not shown")
	log.Info("another")
	now = now.Add(repeatPeriod)
	log.Info("the same")
	lines := slices.Collect(strings.Lines(b.String()))
	if len(lines) != repeatsShown+2 || !strings.Contains(lines[len(lines)-1], `"omitted":15`) {
		t.Errorf("%d lines, the last is %s", len(lines), lines[len(lines)-1])
	}
}
