package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

const (
	citiesRows = "/v1/functions/cities/rows"
	rowDigest  = "ef000000000000000000000000000000"
)

func rowsAt(n edged.Sequence) string { return cursorAt("$f.cities", n).String() }

// rowAt is the cursor that comes with a row.
func rowAt(n edged.Sequence) string {
	return string(cursorAt("$f.cities", n-1).Base().AppendAt(nil, nameOfShelved("$f.cities").Key(), n))
}

func rowText(city string, n int) string {
	return fmt.Sprintf(`{"city":%q,"n":%d,"_status":"provisional","_revision":%d}`, city, n, n)
}

func TestRowsAsPages(t *testing.T) {
	m, h := cities(t)
	m.counted("Oslo=1", "Lima=1", "Oslo=2")
	for query, want := range map[string]string{
		"":         `{"rows":[` + rowText("Lima", 1) + "," + rowText("Oslo", 2) + `],"cut":"` + rowsAt(3) + `","digest":"` + rowDigest + `","watermark":"2023-11-14T22:14:20Z"}`,
		"?limit=1": `{"rows":[` + rowText("Lima", 1) + `],"cut":"` + rowsAt(3) + `","digest":"` + rowDigest + `","watermark":"2023-11-14T22:14:20Z","next":"1"}`,
	} {
		w := ask(h, http.MethodGet, citiesRows+query, "")
		if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %d\ngot  %s\nwant %s", query, w.Code, w.Body, want)
		}
		w = ask(h, http.MethodGet, citiesRows+query, "", "Accept", typeMsgpack)
		var got any
		if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != typeMsgpack {
			t.Errorf("%s: %v", query, err)
		}
		if g, x := appendJSONValue(nil, got), appendJSONValue(nil, object(t, []byte(want))); string(g) != string(x) {
			t.Errorf("%s in msgpack: got %s, want %s", query, g, x)
		}
	}
	ask(h, http.MethodGet, citiesRows+"?where=n%3E1&window=latest&order_by=-n&limit=10000&page=abc", "")
	if want := (edged.RowsQuery{Function: "cities", Where: "n>1", Window: "latest", OrderBy: "-n", Limit: 10000, Page: "abc"}); m.rows != want {
		t.Errorf("asked for %+v, want %+v", m.rows, want)
	}
	for _, window := range []string{"open", "all", "2026-11-22T06:41:51Z", "1700000000000"} {
		if ask(h, http.MethodGet, citiesRows+"?window="+window, ""); m.rows.Window != window || m.rows.Limit != 1000 {
			t.Errorf("window=%s: asked for %+v", window, m.rows)
		}
	}
}

func TestRowsRefuse(t *testing.T) {
	m, h := cities(t)
	for _, q := range []struct {
		query    string
		status   int
		code     string
		location string
	}{
		{"?window=last", 422, "invalid", "query.window"},
		{"?limit=0", 422, "invalid", "query.limit"},
		{"?limit=10001", 422, "invalid", "query.limit"},
		{"?orderby=n", 422, "invalid", "query.orderby"},
		{"?cursor=x", 422, "invalid", "query.cursor"},
		{"?where=?", 422, "filter_invalid", "query.where"},
		{"?where=a&where=b", 422, "invalid", "query.where"},
	} {
		w := ask(h, http.MethodGet, citiesRows+q.query, "")
		checkProblem(t, q.query, w.Header(), w.Body.Bytes(), q.status, q.code)
		if w.Code != q.status || !strings.Contains(w.Body.String(), `"location":"`+q.location+`"`) {
			t.Errorf("%s: %d %s", q.query, w.Code, w.Body)
		}
	}
	for _, q := range [][3]string{
		{"?cursor=x", "bad_cursor", "query.cursor"}, {"?cursor=" + cursorAt("orders", 1).String(), "bad_cursor", "query.cursor"},
		{"?cursor=" + cursorAt("$f.other", 1).String(), "bad_cursor", "cursor"}, {"?window=all", "invalid", "query.window"},
		{"?from=-10m", "invalid", "query.from"}, {"?where=?", "filter_invalid", "query.where"}, {"?key=", "invalid", "query.key"},
	} {
		for _, accept := range []string{typeSSE, typeNDJSON} {
			w := ask(h, http.MethodGet, citiesRows+q[0], "", "Accept", accept)
			if !strings.Contains(w.Body.String(), `"code":"`+q[1]+`"`) || !strings.Contains(w.Body.String(), `"location":"`+q[2]+`"`) {
				t.Errorf("%s: %d %s", q[0], w.Code, w.Body)
			}
		}
	}
	w := ask(h, http.MethodGet, citiesRows, "", "Accept", "image/png")
	checkProblem(t, "form", w.Header(), w.Body.Bytes(), 406, "not_acceptable")
	m.refusal = edged.RefuseField(edged.Invalid, "order_by", "x", "there is no column x")
	w = ask(h, http.MethodGet, citiesRows+"?order_by=x", "")
	if checkProblem(t, "order", w.Header(), w.Body.Bytes(), 422, "invalid"); !strings.Contains(w.Body.String(), `"location":"query.order_by"`) {
		t.Errorf("got %s", w.Body)
	}
	m.refusal = nil
	ask(h, http.MethodPut, "/v1/functions/big", `{"sql":"x","into":"big-orders"}`)
	w = ask(h, http.MethodGet, "/v1/functions/big/rows", "")
	if checkProblem(t, "into", w.Header(), w.Body.Bytes(), 409, "conflict"); !strings.Contains(w.Body.String(), "big-orders") {
		t.Errorf("got %s", w.Body)
	}
	for accept, query := range map[string]string{typeJSON: "cursor=x", typeSSE: "order_by=n"} {
		w = ask(h, http.MethodGet, citiesRows+"?"+query, "", "Accept", accept)
		if !strings.Contains(w.Body.String(), "ask with Accept") {
			t.Errorf("%s: got %s", query, w.Body)
		}
	}
	w = ask(h, http.MethodGet, "/v1/streams/s/events?cursor="+rowsAt(1), "")
	if !strings.Contains(w.Body.String(), `it is of function \"cities\", not stream \"s\"`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestRowsAsServerSentEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, h := cities(t)
		m.counted("Oslo=1")
		w, cancel, done := feedOn(t, h, citiesRows, "Accept", typeSSE)
		one := func(n edged.Sequence, city string, count int) string {
			return fmt.Sprintf("id: %s\ndata: {\"key\":%q,\"row\":%s,\"cursor\":%q}\n\n", rowAt(n), city, rowText(city, count), rowAt(n))
		}
		want := "event: subscribed\nid: " + rowsAt(0) + "\ndata: {\"resume\":\"start\",\"node\":\"node\"}\n\n" + one(1, "Oslo", 1)
		if got := retryLine.ReplaceAllString(w.take(), ""); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		for range 2 { // each of them is told: the watermark moves on
			m.notify("$f.cities", edged.Notice{Op: "up_to_date", Watermark: 1_700_000_000_000_000_000})
			synctest.Wait()
			want = fmt.Sprintf("event: up_to_date\nid: %s\ndata: {\"cut\":%q,\"watermark\":\"2023-11-14T22:13:20Z\"}\n\n", rowsAt(1), rowsAt(1))
			if got := w.take(); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		}
		m.notify("$f.cities", edged.Notice{Op: "reset"})
		m.counted("Lima=3")
		synctest.Wait()
		if got, want := w.take(), "event: reset\nid: "+rowsAt(1)+"\ndata: {}\n\n"+one(2, "Lima", 3); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		ask(h, http.MethodDelete, "/v1/functions/cities", "")
		synctest.Wait()
		if got := w.take(); !strings.HasPrefix(got, "event: problem\ndata: {") || !strings.Contains(got, "function_not_found") {
			t.Errorf("got %s", got)
		}
		cancel()
		<-done
	})
}

func TestRowsResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, h := cities(t)
		m.counted("Oslo=1", "Lima=1", "Oslo=2", "Riga=1")
		line := func(n edged.Sequence, city string, count int) string {
			return fmt.Sprintf("{\"key\":%q,\"row\":%s,\"cursor\":%q}\n", city, rowText(city, count), rowAt(n))
		}
		for _, q := range []struct{ query, last, want string }{
			{"?cursor=" + rowAt(2), "", line(3, "Oslo", 2) + line(4, "Riga", 1)},
			{"?from=latest", "", ""},
			{"?from=latest", rowAt(3), line(4, "Riga", 1)},
			{"?key=Lima&prefix=L", "", line(2, "Lima", 1)},
			{"?where=Riga", "", line(4, "Riga", 1)},
			{"?cursors=sparse&cursor=" + rowAt(3), "", line(4, "Riga", 1)},
		} {
			headers := []string{"Accept", typeNDJSON}
			if q.last != "" {
				headers = append(headers, "Last-Event-ID", q.last)
			}
			w, cancel, done := feedOn(t, h, citiesRows+q.query, headers...)
			if got := w.take(); got != q.want {
				t.Errorf("%s: got %s\nwant %s", q.query, got, q.want)
			}
			cancel()
			<-done
		}
	})
}

func TestRowsOverWebSocket(t *testing.T) {
	for _, packed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m, h := cities(t)
			m.counted("Oslo=1")
			p := make(pipes)
			p.serve(t, h)
			protocol := protocolJSON
			if packed {
				protocol = protocolMsgpack
			}
			c := &talk{t, join(t, p, citiesRows, protocol), packed}
			got := c.hear()
			row, _ := got["row"].(map[string]any)
			if got["key"] != "Oslo" || got["cursor"] != rowAt(1) || fmt.Sprint(row["n"]) != "1" || row["_status"] != "provisional" || len(got) != 3 {
				t.Errorf("heard %v", got)
			}
			m.notify("$f.cities", edged.Notice{Op: "reset"})
			c.expect("reset")
			c.conn.CloseNow()
			synctest.Wait()
		})
	}
}

func TestRowsOverLive(t *testing.T) {
	for _, packed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m, h := cities(t)
			m.counted("Oslo=1", "Lima=2")
			p := make(pipes)
			p.serve(t, h)
			c := talkOn(t, p, packed)
			row := func(sub, n int, city string, count int) {
				t.Helper()
				got := c.hear()
				has, _ := got["row"].(map[string]any)
				if fmt.Sprintln(got["op"], got["sub"], got["cursor"], got["key"], has["n"]) != fmt.Sprintln("row", sub, rowAt(edged.Sequence(n)), city, count) {
					t.Errorf("heard %v, want %d of %s", got, count, city)
				}
			}
			c.say(`{"op":"watch","id":1,"function":"cities"}`)
			c.expect("subscribed id=1 sub=1")
			row(1, 1, "Oslo", 1)
			row(1, 2, "Lima", 2)
			c.say(`{"op":"watch","id":2,"function":"cities","cursor":"` + rowAt(1) + `","where":"Lima"}`)
			c.expect("subscribed id=2 sub=2")
			row(2, 2, "Lima", 2)
			for frame, code := range map[string]string{
				`{"op":"watch","id":5,"function":"none"}`:                      "function_not_found",
				`{"op":"watch","id":5,"function":"None"}`:                      "invalid",
				`{"op":"watch","id":5,"function":7}`:                           "invalid",
				`{"op":"watch","id":5,"function":"cities","collection":"c"}`:   "invalid",
				`{"op":"watch","id":5,"function":"cities","window":"latest"}`:  "invalid",
				`{"op":"watch","id":5,"function":"cities","where":"?"}`:        "filter_invalid",
				`{"op":"watch","id":5,"function":"cities","cursor":"nonsens"}`: "bad_cursor",
			} {
				c.say(frame)
				c.expect("error id=5 " + code)
			}
			m.notify("$f.cities", edged.Notice{Op: "up_to_date"})
			c.expect("up_to_date sub=1", "up_to_date sub=2")
			ask(h, http.MethodDelete, "/v1/functions/cities", "")
			c.expect("error sub=1 function_not_found", "error sub=2 function_not_found")
			c.conn.CloseNow()
			synctest.Wait()
		})
	}
}

func TestWatchWithoutFunctions(t *testing.T) {
	inLive(t, func(t *testing.T, _ *shelf, _ *Server, c *talk) {
		c.say(`{"op":"watch","id":1,"function":"cities"}`)
		c.expect("error id=1 not_found")
	})
}
