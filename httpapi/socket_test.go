package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// join dials a WebSocket with an independent client.
func join(t *testing.T, p pipes, target, protocol string) *websocket.Conn {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return p.dial(), nil },
	}}
	c, resp, err := websocket.Dial(t.Context(), "ws://node"+target, &websocket.DialOptions{
		HTTPClient: client, Subprotocols: []string{protocol},
	})
	if err != nil {
		t.Fatalf("%s: %v, %v", target, err, resp)
	}
	if c.Subprotocol() != protocol {
		t.Fatalf("agreed on %q", c.Subprotocol())
	}
	c.SetReadLimit(64 << 20)
	return c
}

func hear(t *testing.T, c *websocket.Conn) []byte {
	t.Helper()
	_, b, err := c.Read(t.Context())
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return b
}

// hearClose reads to the close frame.
func hearClose(t *testing.T, c *websocket.Conn) (code int, reason string) {
	t.Helper()
	for {
		_, _, err := c.Read(t.Context())
		var closed websocket.CloseError
		if errors.As(err, &closed) {
			return int(closed.Code), closed.Reason
		}
		if err != nil {
			t.Fatalf("closed without a code: %v", err)
		}
	}
}

func TestSocketFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "a=1", "b=2", "a=3")
		p := make(pipes)
		p.serve(t, h)
		c := join(t, p, "/v1/streams/s/events?from=earliest&key=a", protocolJSON)
		for _, id := range []string{"e1", "e3"} {
			e := object(t, hear(t, c))
			if _, err := edged.ParseCursor(e["cursor"].(string)); err != nil || e["id"] != id {
				t.Errorf("got %v, %v", e, err)
			}
		}
		sh.put("s", "b=4", "a=5")
		if e := object(t, hear(t, c)); e["id"] != "e5" {
			t.Errorf("got %v", e)
		}
		sh.notify("s", edged.Notice{Op: "gap", Log: nameOfShelved("s"), From: 6, To: 8, Reason: "retired"})
		want := fmt.Sprintf(`{"op":"gap","from":6,"to":8,"reason":"retired","origin":"n~01000000000000000000","partition":0,"cursor":%q}`, cursorAt("s", 5))
		if got := string(hear(t, c)); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"op":"ping","id":"x"}`)); err != nil {
			t.Fatal(err)
		}
		if got := string(hear(t, c)); got != `{"op":"pong","id":"x"}` {
			t.Errorf("got %s", got)
		}
		if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"op":"publish","id":2}`)); err != nil {
			t.Fatal(err)
		}
		if got := object(t, hear(t, c)); got["op"] != "error" || got["id"] != 2.0 {
			t.Errorf("got %v", got)
		}
		c.Close(websocket.StatusNormalClosure, "")
		synctest.Wait()
		if n := s.feeds.counts.readers[readerWebSocket].Load(); n != 0 || s.feeds.wheel.count != 0 {
			t.Errorf("%d readers, %d sockets after the last has gone", n, s.feeds.wheel.count)
		}
	})
}

func TestSocketFeedInMsgpack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		_, h := sh.reader(t, Options{})
		sh.put("s", "1")
		p := make(pipes)
		p.serve(t, h)
		c := join(t, p, "/v1/streams/s/events?from=earliest", protocolMsgpack)
		defer c.CloseNow()
		var e map[string]any
		if err := msgpack.Unmarshal(hear(t, c), &e); err != nil || e["id"] != "e1" || fmt.Sprint(e["data"]) != "1" {
			t.Errorf("got %v, %v", e, err)
		}
	})
}

func TestSocketResumesByCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		_, h := sh.reader(t, Options{})
		p := make(pipes)
		p.serve(t, h)
		var got []string
		cursor := ""
		for i := range 20 {
			sh.put("s", numbers(i*10, i*10+9)...)
			query := "?from=earliest"
			if cursor != "" {
				query = "?cursor=" + cursor
			}
			c := join(t, p, "/v1/streams/s/events"+query, protocolJSON)
			for range 7 + i%5 { // and the rest is lost with the connection
				e := object(t, hear(t, c))
				got, cursor = append(got, e["id"].(string)), e["cursor"].(string)
			}
			c.CloseNow()
		}
		for i, id := range got {
			if id != fmt.Sprint("e", i+1) {
				t.Fatalf("event %d is %s", i+1, id)
			}
		}
	})
}

func TestSocketEnds(t *testing.T) {
	for _, c := range []struct {
		name, query, reason string
		code                int
		act                 func(*Server, *shelf)
	}{
		{"stream deleted", "", "stream_not_found", 4504, func(_ *Server, sh *shelf) { sh.drop("s") }},
		{"limit reached", "?limit=1", "limit", 1000, func(_ *Server, sh *shelf) { sh.put("s", "2", "3") }},
		{"node goes away", "", `{"retry_ms":`, 1001, func(s *Server, _ *shelf) { go s.Drain(context.Background()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sh := newShelf()
				s, h := sh.reader(t, Options{})
				sh.put("s", "1")
				p := make(pipes)
				p.serve(t, h)
				conn := join(t, p, "/v1/streams/s/events"+c.query, protocolJSON)
				c.act(s, sh)
				code, reason := hearClose(t, conn)
				if code != c.code || !strings.HasPrefix(reason, c.reason) {
					t.Errorf("closed with %d %s", code, reason)
				}
			})
		})
	}
}

func TestASocketThatAnswersNoPingIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		p := make(pipes)
		p.serve(t, h)
		conn, r := rawJoin(t, p, "/v1/streams/s/events")
		defer conn.Close()
		begin := time.Now()
		for _, want := range []struct {
			op    ws.OpCode
			after time.Duration
		}{{ws.OpPing, 25 * time.Second}, {ws.OpClose, 33 * time.Second}} {
			frame, err := ws.ReadFrame(r)
			if took := time.Since(begin); err != nil || frame.Header.OpCode != want.op || took != want.after {
				t.Fatalf("after %s: %v, %v", took, frame, err)
			}
			if code, _ := ws.ParseCloseFrameData(frame.Payload); want.op == ws.OpClose && code != closeSilent {
				t.Errorf("closed with %d", code)
			}
		}
		if s.feeds.counts.silent.Load() != 1 {
			t.Error("not counted")
		}
	})
}

func TestSocketsArePinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		p := make(pipes)
		p.serve(t, h)
		conn := join(t, p, "/v1/streams/s/events", protocolJSON)
		go func() { _, _, _ = conn.Read(t.Context()) }() // which answers pings
		time.Sleep(10 * time.Minute)
		if n := s.feeds.counts.readers[readerWebSocket].Load(); n != 1 || s.feeds.counts.silent.Load() != 0 {
			t.Errorf("%d readers, %d silent after ten minutes", n, s.feeds.counts.silent.Load())
		}
		conn.CloseNow()
		synctest.Wait()
		if s.feeds.wheel.stop != nil {
			t.Error("the wheel turns with no socket on it")
		}
	})
}

func TestASocketThatTakesNothingIsClosedAsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		p := make(pipes)
		p.serve(t, h)
		conn := join(t, p, "/v1/streams/s/events?envelope=data", protocolJSON)
		sh.put("s", numbers(1, 10)...)
		begin := time.Now()
		time.Sleep(11 * time.Second)
		if s.feeds.counts.slow.Load() != 1 {
			t.Fatal("not closed after 11 s")
		}
		code, reason := hearClose(t, conn) // which it starts to read just in time
		if code != 4000 || !strings.HasPrefix(reason, `{"retry_ms":`) {
			t.Errorf("after %s: closed with %d %s", time.Since(begin), code, reason)
		}
	})
}

func TestASocketThatTakesLittleIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", numbers(1, 1000)...)
		p := make(pipes)
		p.serve(t, h)
		conn, _ := rawJoin(t, p, "/v1/streams/s/events?from=earliest&envelope=data")
		defer conn.Close()
		var one [1]byte
		for range 5 {
			time.Sleep(9 * time.Second)
			if _, err := io.ReadFull(conn, one[:]); err != nil {
				t.Fatal(err)
			}
		}
		if s.feeds.counts.slow.Load() != 0 {
			t.Error("closed as slow")
		}
	})
}

// rawJoin upgrades a connection by hand.
func rawJoin(t *testing.T, p pipes, target string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn := p.dial()
	go fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", target)
	r := bufio.NewReaderSize(conn, 16)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			return conn, r
		}
	}
}

// clientFrame masks and frames a payload as a client does.
func clientFrame(op ws.OpCode, fin bool, payload []byte) []byte {
	var b bytes.Buffer
	mask := [4]byte{1, 2, 3, 4}
	_ = ws.WriteHeader(&b, ws.Header{Fin: fin, OpCode: op, Masked: true, Mask: mask, Length: int64(len(payload))})
	masked := bytes.Clone(payload)
	ws.Cipher(masked, mask, 0)
	b.Write(masked)
	return b.Bytes()
}

// abuse is what a client sends, and the code that it is closed with; 0 is a close without one.
type abuse struct {
	name string
	sent []byte
	code int
}

func abuses() []abuse {
	text := func(s string) []byte { return clientFrame(ws.OpText, true, []byte(s)) }
	huge := append([]byte{0x81, 0xff}, binary.BigEndian.AppendUint64(nil, 1<<40)...)
	negative := append([]byte{0x81, 0xff}, binary.BigEndian.AppendUint64(nil, 1<<63)...)
	tiny := bytes.Repeat(clientFrame(ws.OpContinuation, false, nil), 5000)
	return []abuse{
		{"unmasked", codec.AppendFrame(nil, false, []byte("{}")), 1002},
		{"reserved bits", []byte{0xc1, 0x80, 0, 0, 0, 0}, 1002},
		{"reserved opcode", []byte{0x83, 0x80, 0, 0, 0, 0}, 1002},
		{"continuation of nothing", clientFrame(ws.OpContinuation, true, []byte("x")), 1002},
		{"message inside another", append(clientFrame(ws.OpText, false, []byte("x")), text("y")...), 1002},
		{"long ping", append([]byte{0x89, 0xfe, 0, 126, 0, 0, 0, 0}, make([]byte, 126)...), 1002},
		{"ping in fragments", clientFrame(ws.OpPing, false, nil), 1002},
		{"length beyond int64", append(negative, 0, 0, 0, 0), 1002},
		{"huge length", append(huge, 0, 0, 0, 0), 1009},
		{"long message", text(strings.Repeat(" ", feedMessageMax+1)), 1009},
		{"many fragments", append(clientFrame(ws.OpText, false, nil), tiny...), 1009},
		{"not UTF-8", text("\"\xff\""), 1007},
		{"not JSON", text("{"), 4500},
		{"not an object", text("[]"), 4500},
		{"binary where text is spoken", clientFrame(ws.OpBinary, true, []byte{0x80}), 4500},
		{"many pings", bytes.Repeat(clientFrame(ws.OpPing, true, []byte("x")), 3000), 4500},
		{"close code of nobody", clientFrame(ws.OpClose, true, []byte{0, 1}), 1002},
		{"close with half a code", clientFrame(ws.OpClose, true, []byte{3}), 1002},
		{"close with a reason that is not UTF-8", clientFrame(ws.OpClose, true, []byte{3, 0xe8, 0xff}), 1007},
		{"bye", clientFrame(ws.OpClose, true, []byte{3, 0xe8}), 1000},
		{"pieces of a ping", clientFrame(ws.OpText, false, []byte(`{"op":`)), 0},
	}
}

func TestWhatAClientMustNotSend(t *testing.T) {
	for _, c := range abuses() {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, c.run) })
	}
}

func (c abuse) run(t *testing.T) {
	sh := newShelf()
	s, h := sh.reader(t, Options{})
	sh.put("s", "1")
	p := make(pipes)
	p.serve(t, h)
	conn, r := rawJoin(t, p, "/v1/streams/s/events")
	go func() {
		_, _ = conn.Write(c.sent)
		if c.code == 0 {
			_, _ = conn.Write(clientFrame(ws.OpPing, true, []byte("between")))
			_, _ = conn.Write(clientFrame(ws.OpContinuation, true, []byte(`"ping"}`)))
			_, _ = conn.Write(clientFrame(ws.OpClose, true, nil))
		}
	}()
	var heard []string
	frame, err := ws.ReadFrame(r)
	for ; err == nil && frame.Header.OpCode != ws.OpClose; frame, err = ws.ReadFrame(r) {
		heard = append(heard, string(frame.Payload))
	}
	if err != nil {
		t.Fatalf("after %v: %v", heard, err)
	}
	code := 0
	if len(frame.Payload) > 0 {
		status, _ := ws.ParseCloseFrameData(frame.Payload)
		code = int(status)
	}
	if code != c.code {
		t.Errorf("closed with %d, want %d", code, c.code)
	}
	if c.code == 0 && strings.Join(heard, " ") != `between {"op":"pong"}` {
		t.Errorf("heard %v", heard)
	}
	conn.Close()
	synctest.Wait()
	if n := s.feeds.counts.readers[readerWebSocket].Load(); n != 0 {
		t.Errorf("%d readers left", n)
	}
}

func TestUpgradeRefusals(t *testing.T) {
	sh := newShelf()
	s, h := sh.reader(t, Options{})
	sh.put("s", "1")
	good := []string{"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	for _, c := range []struct {
		change []string
		code   string
		status int
	}{
		{[]string{"Origin", "https://elsewhere.example"}, "forbidden", 403},
		{[]string{"Connection", "close"}, "bad_request", 400},
		{[]string{"Sec-WebSocket-Version", "8"}, "bad_request", 400},
		{[]string{"Sec-WebSocket-Key", "short"}, "bad_request", 400},
		{[]string{"Sec-WebSocket-Protocol", "mqtt, graphql"}, "bad_request", 400},
	} {
		for _, target := range []string{"/v1/live", "/v1/streams/s/events"} {
			w := ask(h, "GET", target, "", append(append([]string(nil), good...), c.change...)...)
			if w.Code != c.status || object(t, w.Body.Bytes())["code"] != c.code {
				t.Errorf("%v: got %d %s", c.change, w.Code, w.Body)
			}
		}
	}
	w := ask(h, "GET", "/v1/streams/absent/events", "", good...)
	if w.Code != 404 {
		t.Errorf("a stream that is not there: %d %s", w.Code, w.Body)
	}
	if n := s.feeds.open; n != 0 {
		t.Errorf("%d readers left", n)
	}
}
