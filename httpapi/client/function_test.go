package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/edgedhq/edged"
)

func TestFunctions(t *testing.T) {
	const cities = `{"name":"cities","sql":"SELECT 1","options":{"idle":"1s"},"created":"2026-11-25T00:00:00Z","query_id":"7f","inputs":["orders"],` +
		`"columns":[{"name":"n","type":"integer"}],"window":"tumble","runs":"mergeable","state":"running","replaces":true,"events_in":9,` +
		`"explain":"plan","origins":[{"origin":"n~01","region":"eu","watermark":"2026-11-25T00:00:01Z","position":{"orders/0":9},"state":"live"}]}`
	c := serveExchanges(t,
		exchange{`PUT /v1/functions/cities {"idle":"1s","replace":"now","restart":true,"sql":"SELECT 1"}`, 201, cities},
		exchange{"GET /v1/functions/cities", 200, cities},
		exchange{"GET /v1/functions?limit=100", 200, `{"functions":[` + cities + `],"next":"x"}`},
		exchange{"GET /v1/functions?limit=100&page=x", 200, `{"functions":[{"name":"z"}]}`},
		exchange{"GET /v1/functions/cities/completeness?after=c1", 200, `{"origins":[{"origin":"n~01","region":"eu","position":{},"state":"idle"}]}`},
		exchange{"DELETE /v1/functions/cities", 204, ""},
	)
	info, made, err := c.PutFunction(t.Context(), "cities", FunctionSpec{SQL: "SELECT 1", Options: map[string]string{"idle": "1s"}, Restart: true, Now: true})
	if err != nil || !made || !info.Replaces || info.Columns[0].Type != "integer" {
		t.Errorf("%+v %v %v", info, made, err)
	}
	info, err = c.Function(t.Context(), "cities")
	if err != nil || info.Explain != "plan" || info.Origins[0].Position["orders/0"] != 9 || info.Origins[0].Watermark.Unix() != 1795564801 {
		t.Errorf("%+v %v", info, err)
	}
	var names []string
	for info, err := range c.Functions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Name)
	}
	if !slices.Equal(names, []string{"cities", "z"}) {
		t.Errorf("listed %v", names)
	}
	if v, err := c.Completeness(t.Context(), "cities", "c1"); err != nil || v.Watermark != nil || v.Origins[0].State != "idle" {
		t.Errorf("%+v %v", v, err)
	}
	if err := c.DeleteFunction(t.Context(), "cities"); err != nil {
		t.Error(err)
	}
}

func TestRefusedSQLHasPlaces(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"code":"sql_invalid","detail":"d","errors":[{"location":"sql","line":2,"column":8,"value":"?","message":"m"}]}`)
	})
	_, _, err := c.PutFunction(t.Context(), "bad", FunctionSpec{SQL: "?"})
	p, ok := errors.AsType[*Problem](err)
	if !ok || !errors.Is(err, edged.SQLInvalid) || len(p.Errors) != 1 || p.Errors[0].Line != 2 || p.Errors[0].Column != 8 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestRows(t *testing.T) {
	const row = `{"z":1,"a":{"x":[1,2]},"_status":"final"}`
	c := serveExchanges(t,
		exchange{"GET /v1/functions/cities/rows", 200, `{"rows":[` + row + `],"cut":"c1","digest":"ef","watermark":"2026-11-25T00:00:01Z","next":"n"}`},
		exchange{"GET /v1/functions/cities/rows?after=c1&limit=5&order_by=-n&page=n&where=n+%3E+1&window=latest", 200, `{"rows":[],"cut":"c1","digest":"ef"}`},
		exchange{`POST /v1/query {"sql":"SELECT 1","limit":3,"cut":"c1","timeout":"1m0s"}`, 200, `{"columns":[{"name":"z","type":"json"}],"rows":[` + row + `],"cut":"c2","truncated":true}`},
		exchange{`POST /v1/query {"sql":"SELECT 1"}`, 200, `{"columns":[],"rows":[],"cut":"c2","truncated":false}`},
	)
	page, err := c.Rows(t.Context(), "cities", RowsQuery{})
	if err != nil || page.Cut != "c1" || page.Next != "n" || page.Watermark == nil || len(page.Rows) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	if r := page.Rows[0]; !slices.Equal(r.Names, []string{"z", "a", "_status"}) || string(r.Values["a"]) != `{"x":[1,2]}` {
		t.Errorf("%+v", r)
	}
	if b, err := json.Marshal(page.Rows[0]); err != nil || string(b) != row {
		t.Errorf("%s %v", b, err)
	}
	page, err = c.Rows(t.Context(), "cities", RowsQuery{Where: "n > 1", Window: "latest", OrderBy: "-n", Limit: 5, Page: "n", After: "c1"})
	if err != nil || len(page.Rows) != 0 || page.Watermark != nil {
		t.Errorf("%+v %v", page, err)
	}
	answer, err := c.Query(t.Context(), OnceQuery{SQL: "SELECT 1", Limit: 3, Timeout: time.Minute, Cut: "c1"})
	if err != nil || !answer.Truncated || answer.Cut != "c2" || answer.Columns[0].Name != "z" || len(answer.Rows) != 1 {
		t.Errorf("%+v %v", answer, err)
	}
	if answer, err = c.Query(t.Context(), OnceQuery{SQL: "SELECT 1"}); err != nil || answer.Truncated {
		t.Errorf("%+v %v", answer, err)
	}
}

// TestWatchRowsResumes: after a loss of connection the feed goes on by the cursor.
func TestWatchRowsResumes(t *testing.T) {
	const row = `{"key":"Oslo","row":{"n":%d},"cursor":"c%d"}`
	for _, transport := range []Transport{SSE, NDJSON} {
		asked := 0
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked++
			want := "from=latest&key=Oslo&where=n+%3E+1"
			if asked > 1 {
				want = "cursor=c2&key=Oslo&where=n+%3E+1"
			}
			if r.URL.Path != "/v1/functions/cities/rows" || r.URL.RawQuery != want {
				t.Errorf("asked %s", r.RequestURI)
			}
			line := fmt.Sprintf(row, asked, asked*2)
			if transport == SSE {
				fmt.Fprintf(w, "id: c%d\ndata: %s\n\nevent: reset\nid: c%d\ndata: {}\n\n", asked*2, line, asked*2)
			} else {
				fmt.Fprintf(w, "%s\n\n{\"op\":\"reset\",\"cursor\":\"c%d\"}\n", line, asked*2)
			}
		})
		var got []string
		feed := c.WatchRows(t.Context(), "cities", RowsFeed{From: "latest", Where: "n > 1", Keys: []string{"Oslo"}}, FollowOptions{Transport: transport, RetryMin: time.Millisecond})
		for d, err := range feed {
			if err != nil {
				t.Fatal(err)
			}
			if d.Notice != "" {
				got = append(got, d.Notice)
			} else if change, err := d.Row(); err == nil {
				got = append(got, fmt.Sprint(change.Key, string(change.Row.Data), change.Cursor, d.Cursor))
			}
			if len(got) == 4 {
				break
			}
		}
		if want := `Oslo{"n":1}c2c2 reset Oslo{"n":2}c4c4 reset`; strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", transport, got, want)
		}
	}
}

func TestLiveWatchRows(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		frame, _ := wsutil.ReadClientText(conn)
		if string(frame) != `{"from":"latest","function":"cities","id":1,"op":"watch","where":"n = 1"}` {
			t.Errorf("said %s", frame)
		}
		_ = wsutil.WriteServerText(conn, []byte(`{"op":"row","sub":1,"cursor":"c1","key":"Oslo","row":{"n":2}}`))
	})
	l, err := c.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.WatchRows("cities", RowsFeed{From: "latest", Where: "n = 1"}, 0); err != nil {
		t.Fatal(err)
	}
	if m, err := l.Next(); err != nil || m.Op != "row" || m.Key != "Oslo" || string(m.Row) != `{"n":2}` || m.Cursor != "c1" {
		t.Errorf("%+v %v", m, err)
	}
}
