package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged/httpapi/client"
)

func TestStateOf(t *testing.T) {
	digest := func(digest string, vector map[string]uint64) client.Digest {
		return client.Digest{Vector: vector, Digest: digest}
	}
	two, three := map[string]uint64{"a~1/0": 2}, map[string]uint64{"a~1/0": 3}
	cases := []struct {
		name  string
		nodes map[string]client.Digest
		want  string
	}{
		{"one node", map[string]client.Digest{"a": digest("d", two)}, stateEqual},
		{"equal", map[string]client.Digest{"a": digest("d", two), "b": digest("d", map[string]uint64{"a~1/0": 2})}, stateEqual},
		{"behind", map[string]client.Digest{"a": digest("d", two), "b": digest("e", three)}, stateApart},
		{"not known there", map[string]client.Digest{"a": digest("d", two), "b": {}}, stateApart},
		{"empty, and not known there", map[string]client.Digest{"a": digest("00", nil), "b": {}}, stateEqual},
		{"mismatch", map[string]client.Digest{"a": digest("d", two), "b": digest("e", two)}, stateMismatch},
		{"mismatch beside one behind", map[string]client.Digest{"a": digest("d", two), "b": digest("f", three), "c": digest("e", two)}, stateMismatch},
	}
	for _, tc := range cases {
		if got := stateOf(tc.nodes); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestVerify(t *testing.T) {
	const two = `{"vector":{"a~1/0":2},"digest":"d2"}`
	const three = `{"vector":{"a~1/0":3},"digest":"d3"}`
	const forked = `{"vector":{"a~1/0":3},"digest":"e3"}`
	cases := []struct {
		name      string
		here      map[string]string
		there     map[string]string
		args      []string
		code      int
		out, errs string
	}{
		{"equal", map[string]string{"s": three}, map[string]string{"s": three}, nil, exitDone, "equal", "1 stream at 2 of 2 nodes"},
		{"empty", nil, nil, nil, exitDone, "STREAM", "0 streams"},
		{"apart", map[string]string{"s": three}, map[string]string{"s": two}, nil, exitDone, "apart", "--wait 30s"},
		{"not there yet", map[string]string{"s": three}, nil, nil, exitDone, "apart", ""},
		{"apart for too long", map[string]string{"s": three}, map[string]string{"s": two}, []string{"--wait", "1ms"}, exitUnavailable, "apart", "vectors still differ"},
		{"mismatch", map[string]string{"s": three, "t": two}, map[string]string{"s": forked, "t": two}, []string{"--wait", "1m"}, exitFailed, "mismatch", "digest_mismatch"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			url := meshOf(t, &meshNode{name: "eu-1", digests: tc.here}, &meshNode{name: "us-1", digests: tc.there})
			got := edgedRun(t, "", nil, append([]string{"verify", "-s", url}, tc.args...)...)
			if got.code != tc.code || !strings.Contains(got.out, tc.out) || !strings.Contains(got.errs, tc.errs) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestVerifyComparesCollections(t *testing.T) {
	const two, three, wrong = `{"vector":{"a~1/0":2},"digest":"d2"}`, `{"vector":{"a~1/0":3},"digest":"d3"}`, `{"vector":{"a~1/0":3},"digest":"e3"}`
	for _, tc := range []struct {
		there     string
		code      int
		out, errs string
	}{
		{three, exitDone, "equal", "1 stream and 1 collection at 2 of 2 nodes"},
		{two, exitDone, "apart", "--wait 30s"},
		{wrong, exitFailed, "mismatch", "digest_mismatch"},
	} {
		held := map[string]string{"visits": three}
		url := meshOf(t, &meshNode{name: "eu-1", digests: held, values: held},
			&meshNode{name: "us-1", digests: held, values: map[string]string{"visits": tc.there}})
		got := edgedRun(t, "", nil, "verify", "-s", url)
		if got.code != tc.code || !strings.Contains(got.out, tc.out) || !strings.Contains(got.out, "COLLECTION  NODE") || !strings.Contains(got.errs, tc.errs) {
			t.Errorf("%+v", got)
		}
		got = edgedRun(t, "", nil, "verify", "-s", url, "-o", "json")
		var found audit
		if err := json.Unmarshal([]byte(got.out), &found); err != nil || len(found.Collections) != 1 || found.Collections[0].Collection != "visits" || found.Collections[0].State != tc.out {
			t.Errorf("%v %+v", err, found)
		}
	}
	// A node of a build without collections holds none, and the rest is compared.
	url := meshOf(t, &meshNode{name: "eu-1", values: map[string]string{}}, &meshNode{name: "us-1"})
	if got := edgedRun(t, "", nil, "verify", "-s", url); got.code != exitDone || !strings.Contains(got.errs, "0 streams at 2 of 2 nodes") {
		t.Errorf("%+v", got)
	}
}

func TestVerifyGoesOnWithoutANode(t *testing.T) {
	const three = `{"vector":{"a~1/0":3},"digest":"d3"}`
	away := &meshNode{name: "us-1"}
	// The third has the name of the first: both are shown.
	twin := &meshNode{name: "eu-1", digests: map[string]string{"s": three}}
	url := meshOf(t, &meshNode{name: "eu-1", digests: map[string]string{"s": three}}, away, twin)
	away.Server.Close()
	got := edgedRun(t, "", nil, "verify", "-s", url, "-o", "json")
	var found audit
	if err := json.Unmarshal([]byte(got.out), &found); err != nil || got.code != exitUnavailable {
		t.Fatalf("%v in %+v", err, got)
	}
	if len(found.Nodes) != 3 || found.Nodes[1].Error == "" || len(found.Streams) != 1 || len(found.Streams[0].Nodes) != 2 || found.Streams[0].State != stateEqual {
		t.Errorf("%+v", found)
	}
	if got := edgedRun(t, "", nil, "verify", "-s", url); !strings.Contains(got.errs, "us-1 was not reached at "+away.URL) ||
		!strings.Contains(got.errs, "not reached: us-1 at "+away.URL) || !strings.Contains(got.out, stateEqual) {
		t.Errorf("%+v", got)
	}
}

func TestVerifyDoesNotTakeOneNodeForAnother(t *testing.T) {
	held := map[string]string{"s": `{"vector":{"a~1/0":3},"digest":"d3"}`}
	first, away := &meshNode{name: "eu-1", digests: held}, &meshNode{name: "us-1"}
	url := meshOf(t, first, away)
	hide(first, away)
	got := edgedRun(t, "", nil, "verify", "-s", url)
	if got.code != exitUnavailable || !strings.Contains(got.errs, "1 stream at 1 of 2 nodes") ||
		!strings.Contains(got.errs, first.address()+" is answered by another node; let us-1 listen on") {
		t.Errorf("%+v", got)
	}
}

func TestVerifyLeavesOutWhoIsReplaced(t *testing.T) {
	held := map[string]string{"s": `{"vector":{"a~1/0":3},"digest":"d3"}`}
	first, second := &meshNode{name: "eu-1", digests: held}, &meshNode{name: "us-1", digests: held}
	url := meshOf(t, first, second)
	gone := func(name string) string {
		return strings.NewReplacer(`"us-1"`, `"`+name+`"`, "alive", "dead", second.origin, name+"~99999999999999999999").Replace(first.members[1])
	}
	whole := first.members
	first.members = append(slices.Clip(whole), gone("us-1"))
	if got := edgedRun(t, "", nil, "verify", "-s", url); got.code != exitDone || !strings.Contains(got.errs, "1 stream at 2 of 2 nodes") {
		t.Errorf("a node that lost its disk: %+v", got)
	}
	if got := edgedRun(t, "", nil, "mesh", "ping", "-s", url); got.code != exitDone {
		t.Errorf("a node that lost its disk: %+v", got)
	}
	// Another name at that address is a node that nobody knows to be replaced.
	first.members = append(slices.Clip(whole), gone("us-2"))
	if got := edgedRun(t, "", nil, "verify", "-s", url); got.code != exitUnavailable || !strings.Contains(got.errs, "1 stream at 2 of 3 nodes") {
		t.Errorf("a node that is down: %+v", got)
	}
}
