package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

const visitsChanges = "/v1/collections/visits/changes"

// visited is a server whose collection visits has changed three times: home to 1, shop to 2, and
// home is gone again.
func visited(t testing.TB) (*cupboard, http.Handler) {
	t.Helper()
	c, h := counters(t)
	ask(h, http.MethodPost, visitsHome, `{"increment":1}`)
	ask(h, http.MethodPost, "/v1/collections/visits/keys/shop", `{"increment":2}`)
	ask(h, http.MethodDelete, visitsHome, "")
	return c, h
}

// visitsAt is the cursor after so many changes.
func visitsAt(n edged.Sequence) string { return cursorAt("$c.visits", n).String() }

// changeAt is the cursor that comes with a change.
func changeAt(n edged.Sequence) string {
	return string(cursorAt("$c.visits", n-1).Base().AppendAt(nil, nameOfShelved("$c.visits").Key(), n))
}

func TestChangesAsPages(t *testing.T) {
	_, h := visited(t)
	for query, want := range map[string]string{
		"?from=earliest":                      fmt.Sprintf(`{"changes":[{"key":"home","value":1},{"key":"shop","value":2},{"key":"home","value":null,"deleted":true}],"cursor":%q,"caught_up":true}`, visitsAt(3)),
		"?from=earliest&limit=1":              fmt.Sprintf(`{"changes":[{"key":"home","value":1}],"cursor":%q,"caught_up":false}`, visitsAt(1)),
		"?from=earliest&key=shop&key=x":       fmt.Sprintf(`{"changes":[{"key":"shop","value":2}],"cursor":%q,"caught_up":true}`, visitsAt(3)),
		"?from=earliest&prefix=sh":            fmt.Sprintf(`{"changes":[{"key":"shop","value":2}],"cursor":%q,"caught_up":true}`, visitsAt(3)),
		"?cursor=" + visitsAt(2):              fmt.Sprintf(`{"changes":[{"key":"home","value":null,"deleted":true}],"cursor":%q,"caught_up":true}`, visitsAt(3)),
		"":                                    fmt.Sprintf(`{"changes":[],"cursor":%q,"caught_up":true}`, visitsAt(3)),
		"?from=latest&on_lag=skip&wait=0s":    fmt.Sprintf(`{"changes":[],"cursor":%q,"caught_up":true}`, visitsAt(3)),
		"?cursor=" + visitsAt(3) + "&limit=1": fmt.Sprintf(`{"changes":[],"cursor":%q,"caught_up":true}`, visitsAt(3)),
	} {
		if w := ask(h, http.MethodGet, visitsChanges+query, ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %d\ngot  %s\nwant %s", query, w.Code, w.Body, want)
		}
		w := ask(h, http.MethodGet, visitsChanges+query, "", "Accept", typeMsgpack)
		var got any
		if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		if g, x := appendJSONValue(nil, got), appendJSONValue(nil, object(t, []byte(want))); string(g) != string(x) {
			t.Errorf("%s in msgpack: got %s, want %s", query, g, x)
		}
	}
}

// standing is a feed whose cursor stays for the first changes, as where keys are listed.
type standing struct {
	edged.Feed
	at    edged.Cursor
	given int
}

func (s *standing) Next(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	had := len(dst)
	dst, err := s.Feed.Next(dst, bytesMax, eventsMax)
	for _, d := range dst[had:] {
		s.given += d.Len()
	}
	return dst, err
}

func (s *standing) Cursor() edged.Cursor {
	if s.given < 2 {
		return s.at
	}
	return s.Feed.Cursor()
}

// TestAPageOfChangesGetsOn: a page whose cursor is the one that it was asked for would come again.
func TestAPageOfChangesGetsOn(t *testing.T) {
	c, _ := visited(t)
	feed, err := c.Changes(edged.Query{Stream: "visits"}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	at := feed.Cursor()
	p := page{start: at.String()}
	if err := p.gather(&standing{Feed: feed, at: at}, 1); err != nil || p.events != 2 || p.cursor != visitsAt(2) || p.caughtUp {
		t.Errorf("%d changes up to %s, caught up %v, %v; want 2 up to %s", p.events, p.cursor, p.caughtUp, err, visitsAt(2))
	}
}

func TestChangesRefuse(t *testing.T) {
	_, h := visited(t)
	for _, q := range []struct {
		query    string
		status   int
		code     string
		location string
	}{
		{"?from=-10m", 422, "invalid", "query.from"},
		{"?from=2026-11-22T06:41:51Z", 422, "invalid", "query.from"},
		{"?key_prefix=a", 422, "invalid", "query.key_prefix"},
		{"?order=stable", 422, "invalid", "query.order"},
		{"?key=", 422, "invalid", "query.key"},
		{"?prefix=%ff", 422, "invalid", "query.prefix"},
		{"?limit=0", 422, "invalid", "query.limit"},
		{"?wait=2h", 422, "invalid", "query.wait"},
		{"?cursor=x", 400, "bad_cursor", "query.cursor"},
		{"?cursor=" + cursorAt("orders", 1).String(), 400, "bad_cursor", "query.cursor"},
		{"?cursor=" + cursorAt("$c.other", 1).String(), 400, "bad_cursor", "query.cursor"},
	} {
		for _, accept := range []string{typeJSON, typeSSE, typeNDJSON} {
			w := ask(h, http.MethodGet, visitsChanges+q.query, "", "Accept", accept)
			checkProblem(t, q.query, w.Header(), w.Body.Bytes(), q.status, q.code)
			if w.Code != q.status || !strings.Contains(w.Body.String(), `"location":"`+q.location+`"`) {
				t.Errorf("%s: %d %s", q.query, w.Code, w.Body)
			}
		}
	}
	w := ask(h, http.MethodGet, visitsChanges, "", "Accept", "image/png")
	checkProblem(t, "form", w.Header(), w.Body.Bytes(), 406, "not_acceptable")
	w = ask(h, http.MethodGet, visitsChanges+"?cursor="+cursorAt("$c.other", 1).String(), "")
	if !strings.Contains(w.Body.String(), `it is of collection \"other\", not collection \"visits\"`) {
		t.Errorf("got %s", w.Body)
	}
	for _, accept := range []string{typeSSE, typeNDJSON} { // no waiting for one to be made: its type is not known
		w := ask(h, http.MethodGet, "/v1/collections/none/changes", "", "Accept", accept)
		checkProblem(t, accept, w.Header(), w.Body.Bytes(), 404, "collection_not_found")
	}
	w = ask(h, http.MethodGet, "/v1/streams/s/events?cursor="+visitsAt(1), "")
	if !strings.Contains(w.Body.String(), `it is of collection \"visits\", not stream \"s\"`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestChangesAsLongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, h := visited(t)
		w, cancel, done := feedOn(t, h, visitsChanges+"?wait=20s")
		defer cancel()
		time.Sleep(10 * time.Second)
		ask(h, http.MethodPost, visitsHome, `{"increment":7}`)
		<-done
		if got, want := w.take(), fmt.Sprintf("{\"changes\":[{\"key\":\"home\",\"value\":7}],\"cursor\":%q,\"caught_up\":true}\n", visitsAt(4)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		began := time.Now()
		w, cancel, done = feedOn(t, h, visitsChanges+"?wait=20s&key=other")
		defer cancel()
		ask(h, http.MethodPost, visitsHome, `{"increment":7}`)
		<-done
		if got := w.take(); !strings.HasPrefix(got, `{"changes":[]`) || time.Since(began) != 20*time.Second {
			t.Errorf("after %v: %s", time.Since(began), got)
		}
	})
}

func TestChangesAsServerSentEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h := visited(t)
		w, cancel, done := feedOn(t, h, visitsChanges+"?from=earliest", "Accept", typeSSE)
		one := func(n edged.Sequence, members string) string {
			return fmt.Sprintf("id: %s\ndata: {%s,\"cursor\":%q}\n\n", changeAt(n), members, changeAt(n))
		}
		want := "event: subscribed\nid: " + visitsAt(0) + "\ndata: {\"resume\":\"start\",\"node\":\"node\"}\n\n" +
			one(1, `"key":"home","value":1`) + one(2, `"key":"shop","value":2`) + one(3, `"key":"home","value":null,"deleted":true`) +
			"event: up_to_date\nid: " + visitsAt(3) + "\ndata: {}\n\n"
		if got := retryLine.ReplaceAllString(w.take(), ""); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		ask(h, http.MethodPost, visitsHome, `{"increment":7}`)
		synctest.Wait()
		if got := w.take(); got != one(4, `"key":"home","value":7`) {
			t.Errorf("got %s", got)
		}
		c.notify("$c.visits", edged.Notice{Op: "gap", Log: nameOfShelved("$c.visits"), From: 1, To: 2, Reason: "retired"})
		synctest.Wait()
		if got := w.take(); !strings.HasPrefix(got, "event: gap\nid: "+visitsAt(4)+"\ndata: {\"from\":1,\"to\":2,\"reason\":\"retired\"") {
			t.Errorf("got %s", got)
		}
		cancel()
		<-done

		w, cancel, done = feedOn(t, h, visitsChanges+"?from=earliest", "Accept", typeSSE, "Last-Event-ID", visitsAt(3))
		if got := w.take(); !strings.Contains(got, `"resume":"complete"`) || strings.Count(got, `data: {"key"`) != 1 || !strings.Contains(got, one(4, `"key":"home","value":7`)) {
			t.Errorf("it comes back to %s", got)
		}
		ask(h, http.MethodDelete, "/v1/collections/visits", "")
		<-done
		if got := w.take(); !strings.Contains(got, "event: problem\ndata: {\"type\":\"/docs#collection_not_found\"") {
			t.Errorf("got %s", got)
		}
		cancel()
	})
}

func TestChangesAsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, h := visited(t)
		w, cancel, done := feedOn(t, h, visitsChanges+"?cursor="+visitsAt(1), "Accept", typeNDJSON)
		want := fmt.Sprintf("{\"key\":\"shop\",\"value\":2,\"cursor\":%q}\n{\"key\":\"home\",\"value\":null,\"deleted\":true,\"cursor\":%q}\n", changeAt(2), changeAt(3))
		if got := w.take(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		cancel()
		<-done
		w, cancel, done = feedOn(t, h, visitsChanges+"?from=earliest&limit=2&cursors=sparse", "Accept", typeNDJSON)
		<-done
		if got := strings.Count(w.take(), "\n"); got != 2 {
			t.Errorf("with a limit of 2 it gave %d", got)
		}
		cancel()
	})
}

func TestChangesOverASocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h := visited(t)
		p := make(pipes)
		p.serve(t, h)
		so := join(t, p, visitsChanges+"?from=earliest&key=home", protocolJSON)
		for _, want := range []string{
			fmt.Sprintf(`{"key":"home","value":1,"cursor":%q}`, changeAt(1)),
			fmt.Sprintf(`{"key":"home","value":null,"deleted":true,"cursor":%q}`, changeAt(3)),
		} {
			if got := string(hear(t, so)); got != want {
				t.Errorf("heard %s, want %s", got, want)
			}
		}
		packed := join(t, p, visitsChanges+"?from=earliest&prefix=sh", protocolMsgpack)
		var got map[string]any
		if err := msgpack.Unmarshal(hear(t, packed), &got); err != nil || fmt.Sprintln(got["key"], got["value"]) != "shop 2\n" || got["cursor"] != changeAt(2) {
			t.Errorf("heard %v, %v", got, err)
		}
		packed.CloseNow()
		c.drop("$c.visits")
		if m := object(t, hear(t, so)); m["op"] != "error" || m["problem"].(map[string]any)["code"] != "collection_not_found" {
			t.Errorf("heard %v", m)
		}
		if code, _ := hearClose(t, so); code != closeDeleted {
			t.Errorf("closed with %d", code)
		}
	})
}

func TestWatchOverLive(t *testing.T) {
	for _, packed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, h := visited(t)
			c.shelf.put("orders", "x=1")
			p := make(pipes)
			p.serve(t, h)
			s := talkOn(t, p, packed)
			change := func(sub, n int, key, value string, deleted bool) {
				t.Helper()
				m := s.hear()
				if fmt.Sprintln(m["op"], m["sub"], m["cursor"], m["key"], m["value"], m["deleted"] == true) != fmt.Sprintln("change", sub, changeAt(edged.Sequence(n)), key, value, deleted) {
					t.Errorf("heard %v, want %s of %s", m, value, key)
				}
			}
			s.say(`{"op":"watch","id":1,"collection":"visits","from":"earliest"}`)
			s.expect("subscribed id=1 sub=1")
			change(1, 1, "home", "1", false)
			change(1, 2, "shop", "2", false)
			change(1, 3, "home", "<nil>", true)
			s.expect("up_to_date sub=1")
			s.say(`{"op":"watch","id":2,"collection":"visits","cursor":"` + visitsAt(1) + `","key":["shop","home"],"credit":1}`)
			s.expect("subscribed id=2 sub=2")
			change(2, 2, "shop", "2", false)
			s.say(`{"op":"credit","sub":2,"add":5}`)
			change(2, 3, "home", "<nil>", true)
			s.expect("up_to_date sub=2")
			s.say(`{"op":"subscribe","id":3,"stream":"orders","from":"earliest"}`)
			s.expect("subscribed id=3 sub=3", "event sub=3 e1", "up_to_date sub=3")
			s.say(`{"op":"unsubscribe","id":4,"sub":1}`)
			s.expect("unsubscribed id=4 sub=1")
			for frame, code := range map[string]string{
				`{"op":"watch","id":5,"collection":"none"}`:                       "collection_not_found",
				`{"op":"watch","id":5,"collection":"None"}`:                       "invalid",
				`{"op":"watch","id":5}`:                                           "invalid",
				`{"op":"watch","id":5,"stream":"orders"}`:                         "invalid",
				`{"op":"watch","id":5,"collection":7}`:                            "invalid",
				`{"op":"watch","id":5,"collection":"visits","key_prefix":"a"}`:    "invalid",
				`{"op":"watch","id":5,"collection":"visits","from":"-10m"}`:       "invalid",
				`{"op":"watch","id":5,"collection":"visits","cursor":"nonsense"}`: "bad_cursor",
			} {
				s.say(frame)
				s.expect("error id=5 " + code)
			}
			ask(h, http.MethodDelete, "/v1/collections/visits", "")
			s.expect("error sub=2 collection_not_found")
			s.say(`{"op":"ping","id":9}`)
			s.expect("pong id=9")
			s.conn.CloseNow()
			synctest.Wait()
		})
	}
}

func TestWatchWithoutCollections(t *testing.T) {
	inLive(t, func(t *testing.T, _ *shelf, _ *Server, c *talk) {
		c.say(`{"op":"watch","id":1,"collection":"visits"}`)
		c.expect("error id=1 not_found")
	})
}
