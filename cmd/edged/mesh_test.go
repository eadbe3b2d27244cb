package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// meshNode is a server that answers as a node of a mesh would.
type meshNode struct {
	name    string
	digests map[string]string // by stream: the answer of its digest
	values  map[string]string // by collection: the same
	members []string          // as JSON
	origin  string
	*httptest.Server
}

// meshOf starts nodes that know one another. The first is asked.
func meshOf(t *testing.T, nodes ...*meshNode) (url string) {
	t.Helper()
	var members []string
	for i, n := range nodes {
		n.Server = httptest.NewServer(n)
		t.Cleanup(n.Server.Close)
		n.origin = fmt.Sprintf("%s~%020d", n.name, i)
		members = append(members, fmt.Sprintf(`{"name":%q,"region":"eu","address":%q,"state":"alive","self":%v,"origin":%q,"rtt_ms":%d}`,
			n.name, n.address(), i == 0, n.origin, i*40))
	}
	nodes[0].members = members
	return nodes[0].URL
}

func (n *meshNode) address() string { return strings.TrimPrefix(n.URL, "http://") }

// hide makes a member say that it is where the first node is, as one does that listens on 127.0.0.1
// of another machine.
func hide(first, member *meshNode) {
	for i, m := range first.members {
		first.members[i] = strings.Replace(m, member.address(), first.address(), 1)
	}
}

func (n *meshNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; path {
	case "/v1/version":
		fmt.Fprint(w, `{"version":"test"}`)
	case "/v1/cluster":
		fmt.Fprintf(w, `{"node":{"name":%q,"origin":%q},"members":[%s],"stable":{"frontier":"2026-11-25T00:00:00Z","held_back_by":[{"origin":"us-9~02","since":"2026-11-25T00:00:00Z"}]}}`,
			n.name, n.origin, strings.Join(n.members, ","))
	case "/v1/cluster/replication":
		fmt.Fprint(w, `{"peers":[{"name":"us-1","region":"us","connected":true,"lag_events":1200,"lag_ms":52.5,"need_events":3,"rtt_ms":80,"skew_ms":-1.5,"rows":2,"lagging":false},{"name":"ap-1","region":"ap","connected":false}]}`)
	case "/v1/cluster/seal":
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "anew") {
			fmt.Fprintf(w, `{"origin":"us-9~02000000000000000000","state":"sealed","roll":[{"name":%q,"origin":%q}],"away":["us-1"]}`, n.name, n.origin)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"code":"seal_pending","status":503,"detail":"us-1 is not connected"}`)
	case "/v1/streams":
		var infos []string
		for name := range n.digests {
			infos = append(infos, fmt.Sprintf(`{"name":%q}`, name))
		}
		fmt.Fprintf(w, `{"streams":[%s]}`, strings.Join(infos, ","))
	case "/v1/collections":
		if n.values == nil {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"code":"not_found"}`)
			return
		}
		var infos []string
		for name := range n.values {
			infos = append(infos, fmt.Sprintf(`{"name":%q}`, name))
		}
		fmt.Fprintf(w, `{"collections":[%s]}`, strings.Join(infos, ","))
	default:
		if name, ok := strings.CutPrefix(strings.TrimSuffix(path, "/digest"), "/v1/collections/"); ok {
			fmt.Fprint(w, n.values[name])
			return
		}
		stream := strings.TrimSuffix(strings.TrimPrefix(path, "/v1/streams/"), "/digest")
		fmt.Fprint(w, n.digests[stream])
	}
}

func TestMeshMembers(t *testing.T) {
	url := meshOf(t, &meshNode{name: "eu-1"}, &meshNode{name: "us-1"})
	got := edgedRun(t, "", nil, "mesh", "members", "-s", url)
	if lines := strings.Split(got.out, "\n"); got.code != 0 || len(lines) != 4 || !strings.Contains(lines[1], "here") || !strings.Contains(lines[2], "40.0 ms") {
		t.Errorf("%+v", got)
	}
	got = edgedRun(t, "", nil, "mesh", "members", "-s", url, "-o", "json")
	var members []map[string]any
	if err := json.Unmarshal([]byte(got.out), &members); err != nil || len(members) != 2 || members[1]["rtt_ms"] != 40.0 {
		t.Errorf("%v in %+v", err, got)
	}
}

func TestMeshLag(t *testing.T) {
	url := meshOf(t, &meshNode{name: "eu-1"})
	got := edgedRun(t, "", nil, "mesh", "lag", "-s", url)
	for _, want := range []string{"us-1", "up", "52.5 ms", "1,200", "-1.5 ms", "never", "down"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in %s", want, got.out)
		}
	}
	if got.code != 0 || !strings.Contains(got.errs, "order=stable waits for us-9~02") {
		t.Errorf("%+v", got)
	}
	if got := edgedRun(t, "", nil, "mesh", "lag", "-s", url, "-o", "json"); got.code != 0 || !strings.Contains(got.out, `"held_back_by":[{"origin":"us-9~02"`) {
		t.Errorf("%+v", got)
	}
}

func TestMeshLagSaysWhatItsColumnsMean(t *testing.T) {
	got := edgedRun(t, "", nil, "mesh", "lag", "--help")
	for _, want := range []string{"EQUAL ", "LOGS APART ", "2 to 3 s when all is well", "after a minute of quiet"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in %s", want, got.out)
		}
	}
}

func TestMeshPing(t *testing.T) {
	away := &meshNode{name: "us-1"}
	url := meshOf(t, &meshNode{name: "eu-1"}, away)
	if got := edgedRun(t, "", nil, "mesh", "ping", "-s", url); got.code != 0 || strings.Count(got.out, " ms") != 3 {
		t.Errorf("%+v", got)
	}
	away.Server.Close()
	if got := edgedRun(t, "", nil, "mesh", "ping", "-s", url); got.code != exitUnavailable || !strings.Contains(got.errs, "not reached: us-1 at "+away.URL) {
		t.Errorf("%+v", got)
	}
}

func TestMeshPingKnowsWhoAnswers(t *testing.T) {
	first, away := &meshNode{name: "eu-1"}, &meshNode{name: "us-1"}
	url := meshOf(t, first, away)
	hide(first, away)
	got := edgedRun(t, "", nil, "mesh", "ping", "-s", url)
	want := first.address() + " is answered by another node; let us-1 listen on an address that others reach (--http)"
	if got.code != exitUnavailable || !strings.Contains(got.out, want) || !strings.Contains(got.errs, "not reached: us-1 at ") {
		t.Errorf("%+v", got)
	}
	first.members[1] = strings.Replace(first.members[1], away.origin, "", 1) // known by the mesh's records alone
	if got := edgedRun(t, "", nil, "mesh", "ping", "-s", url); got.code != exitUnavailable || !strings.Contains(got.out, want) {
		t.Errorf("without an origin: %+v", got)
	}
}

func TestMeshSeal(t *testing.T) {
	url := meshOf(t, &meshNode{name: "eu-1"}, &meshNode{name: "us-1"})
	const origin = "us-9~02000000000000000000"
	got := edgedRun(t, "", nil, "mesh", "seal", origin, "-s", url)
	if got.code != exitUnavailable || !strings.Contains(got.errs, "us-1 is not connected") || !strings.Contains(got.errs, "--anew") {
		t.Errorf("pending: %+v", got)
	}
	got = edgedRun(t, "", nil, "mesh", "seal", origin, "--anew", "-s", url)
	if got.code != 0 || !strings.Contains(got.errs, origin+" has ended, as agreed by eu-1") || !strings.Contains(got.errs, "not connected: us-1") {
		t.Errorf("sealed: %+v", got)
	}
	got = edgedRun(t, "", nil, "mesh", "seal", origin, "--anew", "-s", url, "-o", "json")
	var answer map[string]any
	if err := json.Unmarshal([]byte(got.out), &answer); err != nil || answer["state"] != "sealed" {
		t.Errorf("%v in %+v", err, got)
	}
	for _, args := range [][]string{{}, {"us-9"}, {origin, origin}} {
		if got := edgedRun(t, "", nil, append([]string{"mesh", "seal", "-s", url}, args...)...); got.code != exitUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestMeshSecretsAreLongAndNew(t *testing.T) {
	one, two := edgedRun(t, "", nil, "mesh", "secret"), edgedRun(t, "", nil, "mesh", "secret")
	if one.code != 0 || len(one.out) != 44 || one.out == two.out || one.errs != "" {
		t.Errorf("%+v, %+v", one, two)
	}
}
