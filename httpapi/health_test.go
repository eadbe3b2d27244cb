package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

func TestHealth(t *testing.T) {
	well := []edged.Check{{Name: "disk", OK: true, Detail: "9 GiB free"}}
	for _, c := range []struct {
		name, target string
		set          func(f *fakeParts, s *Server)
		status       int
		code, says   string
	}{
		{"alive", "/livez", nil, 200, "", `{"status":"ok"}`},
		{"alive with a full disk", "/livez", func(f *fakeParts, _ *Server) { f.checks = []edged.Check{{Name: "disk"}} }, 200, "", "ok"},
		{"alive while draining", "/livez", func(_ *fakeParts, s *Server) { s.draining.Store(true) }, 200, "", "ok"},
		{"wedged", "/livez", func(f *fakeParts, _ *Server) { f.alive = errors.New("the committer has not moved for 30s") }, 503, "unavailable", "30s"},
		{"ready", "/readyz", nil, 200, "", `{"status":"ok"}`},
		{"ready at length", "/readyz?verbose", nil, 200, "", `{"name":"disk","ok":true,"detail":"9 GiB free"}`},
		{"not at length", "/readyz?verbose=false", nil, 200, "", `{"status":"ok"}`},
		{"healthy at length", "/healthz?verbose=1", nil, 200, "", `"name":"disk"`},
		{"full", "/readyz", func(f *fakeParts, _ *Server) { f.checks = []edged.Check{{Name: "disk", Detail: "1 MiB free"}} }, 503, "unavailable", `"location":"check.disk","message":"1 MiB free"`},
		{"starting", "/readyz", func(f *fakeParts, _ *Server) {
			f.checks = []edged.Check{{Name: "starting", Detail: "reading the log"}}
		}, 503, "starting", "reading"},
		{"draining", "/readyz", func(_ *fakeParts, s *Server) { s.draining.Store(true) }, 503, "draining", "going away"},
		{"enough peers", "/readyz?min_peers=1", nil, 200, "", "ok"},
		{"too few peers", "/readyz?min_peers=2", nil, 503, "unavailable", "1 connected, 2 wanted"},
		{"near enough", "/readyz?max_lag=3s", nil, 200, "", "ok"},
		{"too far", "/readyz?max_lag=2s&verbose", nil, 503, "unavailable", "us-1 is 3s behind"},
		{"no lag", "/readyz?max_lag=soon", nil, 422, "invalid", "query.max_lag"},
		{"no lag at all", "/readyz?max_lag=", nil, 422, "invalid", "query.max_lag"},
		{"no number", "/readyz?min_peers=-1", nil, 422, "invalid", "query.min_peers"},
	} {
		f := newFake()
		f.checks = well
		f.peers = []edged.Peer{{
			Name: "us-1", Connected: true, Lag: 3 * time.Second}, {Name: "ap-1", Lag: time.Second}}
		s := f.server(t, Options{})
		if c.set != nil {
			c.set(f, s)
		}
		w := ask(s.Handler(), http.MethodGet, c.target, "")
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.code != "" {
			checkProblem(t, c.name, w.Header(), w.Body.Bytes(), c.status, c.code)
		}
	}
}

func TestCluster(t *testing.T) {
	f := newFake()
	origin := edged.Origin{ID: edged.OriginID{1}, Label: "eu-1"}
	f.members = []edged.Member{
		{Name: "eu-1", Region: "eu", Address: "a:1", State: "alive", Self: true, Origin: origin, Version: "1"},
		{Name: "us-1", Region: "us", State: "suspect", RTT: 40500 * time.Microsecond},
	}
	f.peers = []edged.Peer{{
		Name: "us-1", Region: "us", Connected: true, LagEvents: 3, Lag: time.Second, NeedEvents: 4, LastProgress: fixedNow(), BytesIn: 5, BytesOut: 6,
		RTT: 81 * time.Millisecond, Skew: -2 * time.Millisecond, LastEqual: fixedNow(), Rows: 7, Lagging: true,
	}, {Name: "new"}}
	f.held = []edged.HeldBack{
		{Origin: edged.Origin{ID: edged.OriginID{2}, Label: "us-1"}, Held: fixedNow().Add(-10 * time.Second).UnixNano()},
		{Origin: origin, Held: fixedNow().UnixNano()},
	}
	f.links = map[string]edged.LinkPolicy{}
	h := f.server(t, Options{Node: "eu-1", Region: "eu", Version: "1", Mesh: "world", Now: fixedNow}).Handler()
	for target, want := range map[string]string{
		"/v1/cluster": `{"node":{"name":"eu-1","region":"eu","origin":"eu-1~01000000000000000000","version":"1","mesh":"world","links_emulated":true},"members":[` +
			`{"name":"eu-1","region":"eu","address":"a:1","state":"alive","self":true,"origin":"eu-1~01000000000000000000","rtt_ms":0,"version":"1"},` +
			`{"name":"us-1","region":"us","address":"","state":"suspect","self":false,"origin":"","rtt_ms":40.5,"version":""}],"stable":{"frontier":"2023-11-14T22:13:10Z","held_back_by":[{"origin":"us-1~02000000000000000000","since":"2023-11-14T22:13:10Z"}]}}` + "\n",
		"/v1/cluster/replication": `{"peers":[{"name":"us-1","region":"us","connected":true,"lag_events":3,"lag_ms":1000,"need_events":4,"last_progress":"2023-11-14T22:13:20Z","bytes_in":5,"bytes_out":6,"rtt_ms":81,"skew_ms":-2,"last_equal":"2023-11-14T22:13:20Z","rows":7,"lagging":true},` +
			`{"name":"new","region":"","connected":false,"lag_events":0,"lag_ms":0,"need_events":0,"bytes_in":0,"bytes_out":0,"rtt_ms":0,"skew_ms":0,"rows":0,"lagging":false}]}` + "\n",
	} {
		if got := ask(h, http.MethodGet, target, "").Body.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
