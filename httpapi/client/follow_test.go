package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/edgedhq/edged"
)

// feed is a server that gives three events and is lost after each; where it goes on is told by
// the cursor that the follower brings.
func feed(t *testing.T, write func(w http.ResponseWriter, r *http.Request, cursor string)) *Client {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("cursor") == "" && q.Get("from") != "earliest" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		write(w, r, q.Get("cursor"))
	})
}

// after names the event that stands after a cursor.
func after(cursor string) int {
	n := 0
	fmt.Sscanf(cursor, "c%d", &n)
	return n + 1
}

func gather(t *testing.T, c *Client, transport Transport) (got []string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	opts := FollowOptions{Transport: transport, RetryMin: time.Millisecond, RetryMax: 2 * time.Millisecond}
	for d, err := range c.Follow(ctx, "s", Query{From: "earliest"}, opts) {
		if err != nil {
			return got, err
		}
		got = append(got, fmt.Sprintf("%s %s %s", d.Notice, d.Cursor, d.Data))
		if d.Cursor == "c3" {
			return got, nil
		}
	}
	return got, ctx.Err()
}

func TestFollowSSEGoesOnByCursor(t *testing.T) {
	c := feed(t, func(w http.ResponseWriter, r *http.Request, cursor string) {
		if got := r.Header.Get("Accept"); got != "text/event-stream" {
			t.Errorf("accept %q", got)
		}
		n := after(cursor)
		fmt.Fprintf(w, ": hello\r\nretry: 1\n\nevent: gap\ndata: {\"n\":%d}\n\n", n)
		fmt.Fprintf(w, "id: c%d\ndata: {\"seq\":\ndata: %d}\n\n", n, n)
		fmt.Fprint(w, "id: c99\ndata: {\"cut\":") // half an event must not be given
	})
	got, err := gather(t, c, SSE)
	want := []string{
		`gap  {"n":1}`, " c1 {\"seq\":\n1}", `gap  {"n":2}`, " c2 {\"seq\":\n2}", `gap  {"n":3}`, " c3 {\"seq\":\n3}",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %q, %v\nwant %q", got, err, want)
	}
}

func TestFollowNDJSONGoesOnByCursor(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	c := feed(t, func(w http.ResponseWriter, _ *http.Request, cursor string) {
		n := after(cursor)
		fmt.Fprintf(w, "\n{\"op\":\"gap\",\"from\":1}\n{\"id\":\"%d%s\",\"cursor\":\"c%d\"}\n{\"id\":\"9\",\"cursor\":\"c9\"}", n, long, n)
	})
	got, err := gather(t, c, NDJSON)
	if err != nil || len(got) != 6 || got[0] != `gap  {"op":"gap","from":1}` || got[5] != ` c3 {"id":"3`+long+`","cursor":"c3"}` {
		t.Fatalf("got %d, %v", len(got), err)
	}
}

func TestFollowWebSocketGoesOnByCursor(t *testing.T) {
	c := feed(t, func(w http.ResponseWriter, r *http.Request, cursor string) {
		up := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == subprotocol }}
		conn, _, hs, err := up.Upgrade(r, w)
		if err != nil || hs.Protocol != subprotocol {
			t.Errorf("upgrade: %v, %+v", err, hs)
			return
		}
		defer conn.Close()
		ping(t, conn)
		n := after(cursor)
		_ = ws.WriteHeader(conn, ws.Header{OpCode: ws.OpText, Length: 4})
		_, _ = conn.Write([]byte(`{"id`))
		rest := fmt.Sprintf(`":"%d","cursor":"c%d"}`, n, n)
		_ = ws.WriteHeader(conn, ws.Header{Fin: true, OpCode: ws.OpContinuation, Length: int64(len(rest))})
		_, _ = conn.Write([]byte(rest))
		_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(4000, "slow")))
	})
	got, err := gather(t, c, WebSocket)
	want := []string{` c1 {"id":"1","cursor":"c1"}`, ` c2 {"id":"2","cursor":"c2"}`, ` c3 {"id":"3","cursor":"c3"}`}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %q, %v", got, err)
	}
}

func ping(t *testing.T, conn net.Conn) {
	_ = ws.WriteFrame(conn, ws.NewPingFrame([]byte("are you there")))
	h, err := ws.ReadHeader(conn)
	if err != nil || h.OpCode != ws.OpPong || !h.Masked || h.Length != 13 {
		t.Errorf("pong: %+v, %v", h, err)
	}
	_, _ = conn.Read(make([]byte, h.Length))
}

func TestFollowEndsOnARefusal(t *testing.T) {
	cases := []struct {
		transport Transport
		answer    http.HandlerFunc
		want      edged.Kind
	}{
		{SSE, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 410, "cursor_expired", "false") }, edged.CursorExpired},
		{WebSocket, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "forbidden", "false") }, edged.Forbidden},
		{SSE, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "event: problem\ndata: {\"code\":\"stream_not_found\",\"retryable\":false}\n\n")
		}, edged.StreamNotFound},
		{NDJSON, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, `{"op":"problem","problem":{"code":"stream_not_found"}}`)
		}, edged.StreamNotFound},
		{WebSocket, func(w http.ResponseWriter, r *http.Request) {
			conn, _, _, err := ws.UpgradeHTTP(r, w)
			if err == nil {
				_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(4504, "deleted")))
				conn.Close()
			}
		}, edged.StreamNotFound},
	}
	for i, tc := range cases {
		c := serve(t, tc.answer)
		got, err := gather(t, c, tc.transport)
		if len(got) != 0 || !errors.Is(err, tc.want) {
			t.Errorf("case %d: got %q, %v; want %v", i, got, err, tc.want)
		}
	}
}

func TestFollowLeavesASilentNode(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opts := FollowOptions{Silence: 10 * time.Millisecond, OnRetry: func(error, time.Duration) { cancel() }}
	for d, err := range c.Follow(ctx, "s", Query{}, opts) {
		t.Fatalf("got %+v, %v", d, err)
	}
	<-gone
}

func TestLive(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		for _, answer := range []string{
			`{"op":"subscribed","id":1,"sub":1,"cursor":"c0"}`,
			`{"op":"published","id":2,"stream":"s","count":1,"cursor":"c1"}`,
			`{"op":"error","id":3,"problem":{"code":"invalid"}}`,
		} {
			frame, err := wsutil.ReadClientText(conn)
			if err != nil {
				t.Error(err)
				return
			}
			t.Logf("%s", frame)
			_ = wsutil.WriteServerText(conn, []byte(answer))
		}
	})
	l, err := c.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err = l.Subscribe("s", Query{From: "latest", Keys: []string{"a", "b"}}, 10); err != nil {
		t.Fatal(err)
	}
	if _, err = l.Publish("s", []Draft{{Data: []byte(`{}`)}}, "disk"); err != nil {
		t.Fatal(err)
	}
	if _, err = l.Unsubscribe(1); err != nil {
		t.Fatal(err)
	}
	var ops []string
	for range 3 {
		m, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, fmt.Sprintln(m.Op, m.ID, m.Sub, m.Count, m.Cursor, m.Problem != nil))
	}
	want := []string{"subscribed 1 1 0 c0 false\n", "published 2 0 1 c1 false\n", "error 3 0 0  true\n"}
	if fmt.Sprint(ops) != fmt.Sprint(want) {
		t.Fatalf("got %q, want %q", ops, want)
	}
}
