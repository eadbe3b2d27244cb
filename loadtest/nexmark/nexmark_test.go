package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/query"
	"github.com/edgedhq/edged/loadtest/nexmark/table"
)

func TestSettings(t *testing.T) {
	s, err := parse([]string{"-short", "-only", "q5,q19"})
	if err != nil || !s.check || s.market().Events != 10_000 {
		t.Errorf("%+v, %v; want a check of 10,000 events", s, err)
	}
	if q, err := s.queries(); err != nil || len(q) != 2 || q[0].Name != "q5" || q[1].Name != "q19" {
		t.Errorf("%v, %v", q, err)
	}
	if s, err := parse([]string{"-bench", "-only", "q3"}); err != nil || s.check {
		t.Errorf("%+v, %v; want no check", s, err)
	} else if _, err := s.queries(); err == nil {
		t.Error("q3 is there, though it joins")
	}
}

// TestHalves: between one node and three each query is followed once and backfilled once.
func TestHalves(t *testing.T) {
	names := func(queries []query.Query) (all []string) {
		for _, q := range queries {
			all = append(all, q.Name)
		}
		return all
	}
	early, late := halves(query.Phase1(), 1)
	earlyOf3, lateOf3 := halves(query.Phase1(), 3)
	if !slices.Equal(names(early), names(lateOf3)) || !slices.Equal(names(late), names(earlyOf3)) || len(early)+len(late) != 17 {
		t.Errorf("%v and %v, then %v and %v", names(early), names(late), names(earlyOf3), names(lateOf3))
	}
}

func TestClosing(t *testing.T) {
	seen := map[string]bool{}
	for node := range 3 {
		for i, e := range closing(node, 1000) {
			var fields struct{ DateTime int64 }
			if err := json.Unmarshal(e.Data, &fields); err != nil || fields.DateTime != e.Time || e.Time != 61_000 {
				t.Errorf("%s at %d: %v", e.Data, e.Time, err)
			}
			if e.Kind != market.Kinds()[i] || seen[string(e.Data)] {
				t.Errorf("%s of node %d: kind %v, seen before: %v", e.Data, node, e.Kind, seen[string(e.Data)])
			}
			seen[string(e.Data)] = true
		}
	}
}

// TestRight: a node that answers rows page by page is right when they are the wanted ones and
// final as far as they are past.
func TestRight(t *testing.T) {
	const good = `{"window_start":"1970-01-01T00:00:00Z","window_end":"1970-01-01T00:00:10Z","bidder":1,"bids":2,"_status":"final","_revision":7}
		{"window_start":"1970-01-01T00:00:10Z","window_end":"1970-01-01T00:00:20Z","bidder":1,"bids":3,"_status":"provisional"}`
	want := table.Table{Columns: []string{"window_start", "window_end", "bidder", "bids"}, Rows: [][]any{
		{int64(0), int64(10_000), int64(1), int64(2)}, {int64(10_000), int64(20_000), int64(1), int64(3)},
	}}
	for _, tc := range []struct {
		name, rows string
		ok         bool
	}{
		{"as wanted", good, true},
		{"revised", strings.Replace(good, `"final"`, `"revised"`, 1), true},
		{"not final", strings.Replace(good, `"final"`, `"provisional"`, 1), false},
		{"without some origin", strings.Replace(good, `"_revision":7`, `"_excluded":["us-1"]`, 1), false},
		{"incomplete", strings.Replace(good, `"_revision":7`, `"_incomplete":true`, 1), false},
		{"one too few", strings.SplitAfter(good, "\n")[0], false},
		{"another count", strings.Replace(good, `"bids":2`, `"bids":1`, 1), false},
		{"another column", strings.Replace(good, `"bids":2`, `"bids":2,"more":1`, 1), false},
	} {
		n := pretend(t, tc.rows)
		c := checking{settled: 15_000}
		q := query.Query{Name: "q11", Window: true}
		err := c.right(context.Background(), n, q, want)
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// pretend is a node that gives rows, one a page.
func pretend(t *testing.T, rows string) *node {
	t.Helper()
	var all [][]byte
	for line := range strings.Lines(rows) {
		all = append(all, bytes.TrimSpace([]byte(line)))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := 0
		if page := r.URL.Query().Get("page"); page != "" {
			_, _ = fmt.Sscan(page, &at)
		}
		next := "null"
		if at+1 < len(all) {
			next = fmt.Sprintf("%q", fmt.Sprint(at+1))
		}
		_, _ = fmt.Fprintf(w, `{"rows":[%s],"cut":"c","digest":"d","watermark":null,"next":%s}`, all[at], next)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &node{name: "pretended", client: c}
}
