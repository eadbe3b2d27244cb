package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// talk is a live socket spoken to in JSON, or in msgpack with the same words.
type talk struct {
	t      *testing.T
	conn   *websocket.Conn
	packed bool
}

func talkOn(t *testing.T, p pipes, packed bool) *talk {
	protocol := protocolJSON
	if packed {
		protocol = protocolMsgpack
	}
	return &talk{t, join(t, p, "/v1/live", protocol), packed}
}

func (c *talk) say(text string) {
	c.t.Helper()
	kind, b := websocket.MessageText, []byte(text)
	if c.packed {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			c.t.Fatal(err)
		}
		kind = websocket.MessageBinary
		b, _ = msgpack.Marshal(whole(v))
	}
	if err := c.conn.Write(c.t.Context(), kind, b); err != nil {
		c.t.Fatal(err)
	}
}

// whole makes integers of the whole numbers that encoding/json reads as floats.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	}
	return v
}

func (c *talk) hear() map[string]any {
	c.t.Helper()
	b := hear(c.t, c.conn)
	if !c.packed {
		return object(c.t, b)
	}
	var v map[string]any
	if err := msgpack.Unmarshal(b, &v); err != nil {
		c.t.Fatal(err)
	}
	return v
}

// expect hears frames and compares some of their members: "op id sub".
func (c *talk) expect(want ...string) {
	c.t.Helper()
	for _, w := range want {
		m := c.hear()
		got := fmt.Sprint(m["op"])
		for _, name := range []string{"id", "sub"} {
			if v, ok := m[name]; ok {
				got += fmt.Sprintf(" %s=%v", name, v)
			}
		}
		if e, ok := m["event"].(map[string]any); ok {
			got += fmt.Sprintf(" %v", e["id"])
		}
		if p, ok := m["problem"].(map[string]any); ok {
			got += fmt.Sprintf(" %v", p["code"])
		}
		if got != w {
			c.t.Fatalf("heard %v: %q, want %q", m, got, w)
		}
	}
}

// inLive runs a conversation in both encodings.
func inLive(t *testing.T, act func(t *testing.T, sh *shelf, s *Server, c *talk)) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprintf("packed=%v", packed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sh := newShelf()
				s, h := sh.reader(t, Options{AutoCreate: true})
				p := make(pipes)
				p.serve(t, h)
				c := talkOn(t, p, packed)
				act(t, sh, s, c)
				c.conn.CloseNow()
				synctest.Wait()
				if n := s.feeds.counts.readers[readerLive].Load(); n != 0 {
					t.Errorf("%d readers left", n)
				}
			})
		})
	}
}

func TestLiveSubscriptions(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, _ *Server, c *talk) {
		sh.put("a", "k=1", "2")
		sh.put("b", "3")
		c.say(`{"op":"subscribe","id":1,"stream":"a","from":"earliest","key":"k"}`)
		c.expect("subscribed id=1 sub=1", "event sub=1 e1", "up_to_date sub=1")
		c.say(`{"op":"subscribe","id":"two","stream":"b","from":"earliest"}`)
		c.expect("subscribed id=two sub=2", "event sub=2 e1", "up_to_date sub=2")
		sh.put("a", "k=4")
		c.expect("event sub=1 e3")
		sh.put("b", "5", "6")
		c.expect("event sub=2 e2", "event sub=2 e3")
		c.say(`{"op":"unsubscribe","id":3,"sub":1}`)
		c.expect("unsubscribed id=3 sub=1")
		sh.put("a", "k=7")
		c.say(`{"op":"subscribe","id":4,"stream":"later"}`)
		c.expect("subscribed id=4 sub=1", "up_to_date sub=1")
		sh.put("later", "8")
		c.expect("event sub=1 e1")
		sh.notify("b", edged.Notice{Op: "gap", From: 1, To: 2, Reason: "lost"})
		c.expect("gap sub=2")
		sh.drop("b")
		c.expect("error sub=2 stream_not_found")
		c.say(`{"op":"ping","id":9}`)
		c.expect("pong id=9")
	})
}

func TestLiveEventHasAPlaceToResumeFrom(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, _ *Server, c *talk) {
		sh.put("a", "1", "2", "3")
		c.say(`{"op":"subscribe","id":1,"stream":"a","from":"earliest","limit":2}`)
		c.expect("subscribed id=1 sub=1", "event sub=1 e1")
		m := c.hear()
		c.expect("unsubscribed sub=1")
		c.say(fmt.Sprintf(`{"op":"subscribe","id":2,"stream":"a","cursor":%q}`, m["cursor"]))
		if m := c.hear(); m["resume"] != "complete" || m["cursor"] != cursorAt("a", 2).String() {
			t.Errorf("heard %v", m)
		}
		c.expect("event sub=1 e3", "up_to_date sub=1")
	})
}

func TestLiveCredit(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, _ *Server, c *talk) {
		sh.put("a", numbers(1, 6)...)
		c.say(`{"op":"subscribe","id":1,"stream":"a","from":"earliest","credit":2}`)
		c.expect("subscribed id=1 sub=1", "event sub=1 e1", "event sub=1 e2")
		c.say(`{"op":"ping"}`)
		c.expect("pong")
		c.say(`{"op":"credit","sub":1,"add":3}`)
		c.expect("event sub=1 e3", "event sub=1 e4", "event sub=1 e5")
		c.say(`{"op":"credit","id":5,"sub":1,"add":10}`)
		c.expect("event sub=1 e6", "up_to_date sub=1")
	})
}

func TestLivePublish(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, s *Server, c *talk) {
		c.say(`{"op":"publish","id":1,"stream":"a","events":[{"data":1},{"data":{"n":2},"key":"k"}]}`)
		m := c.hear()
		if m["op"] != "published" || fmt.Sprintf("%v %v %v", m["id"], m["count"], m["stream"]) != "1 2 a" {
			t.Errorf("heard %v", m)
		}
		c.say(`{"op":"subscribe","id":2,"stream":"a","from":"earliest","envelope":"data"}`)
		c.expect("subscribed id=2 sub=1")
		for _, want := range []string{"1", `{"n":2}`} {
			m := c.hear()
			if got, _ := json.Marshal(m["event"]); string(got) != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		c.expect("up_to_date sub=1")
		sh.err = edged.Refuse(edged.DiskFull, "no room")
		c.say(`{"op":"publish","id":3,"stream":"a","events":[{"data":1}]}`)
		m = c.hear()
		if p := m["problem"].(map[string]any); p["code"] != "disk_full" || p["stored"] != false || fmt.Sprint(m["id"]) != "3" {
			t.Errorf("heard %v", m)
		}
		c.say(`{"op":"publish","id":4,"stream":"a","events":{"data":1}}`)
		if m = c.hear(); m["op"] != "error" {
			t.Errorf("heard %v", m)
		}
	})
}

func TestLivePublishesAreAnsweredAsTheyAreDone(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, s *Server, c *talk) {
		sh.block = make(chan struct{})
		const all = publishesMax + 20
		go func() {
			for i := range all {
				c.say(fmt.Sprintf(`{"op":"publish","id":%d,"stream":"a","events":[{"data":%d}]}`, i, i))
			}
		}()
		synctest.Wait()
		if n := s.feeds.busyNow(); n != publishesMax {
			t.Errorf("%d publishes under way, want %d", n, publishesMax)
		}
		close(sh.block)
		seen := map[string]bool{}
		for range all {
			seen[fmt.Sprint(c.hear()["id"])] = true
		}
		if len(seen) != all {
			t.Errorf("%d of %d are answered", len(seen), all)
		}
	})
}

// busyNow counts the publishes under way on all sockets.
func (f *feeds) busyNow() (n int) {
	for _, so := range f.wheel.all() {
		so.mu.Lock()
		n += so.busy
		so.mu.Unlock()
	}
	return n
}

func TestLiveRefusals(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, s *Server, c *talk) {
		sh.put("a", "1")
		for _, f := range []struct{ say, want string }{
			{`{"op":"subscribe","id":1}`, "error id=1 invalid"},
			{`{"op":"subscribe","id":2,"stream":"A"}`, "error id=2 invalid"},
			{`{"op":"subscribe","id":3,"stream":"a","from":7}`, "error id=3 invalid"},
			{`{"op":"subscribe","id":4,"stream":"a","form":"latest"}`, "error id=4 invalid"},
			{`{"op":"subscribe","id":5,"stream":"a","cursor":"zz"}`, "error id=5 bad_cursor"},
			{`{"op":"subscribe","id":6,"stream":"a","filter":"x>?"}`, "error id=6 filter_invalid"},
			{`{"op":"subscribe","id":7,"stream":"a","key":{"a":1}}`, "error id=7 invalid"},
			{`{"op":"unsubscribe","id":8,"sub":1}`, "error id=8 invalid"},
			{`{"op":"credit","id":9,"sub":0,"add":1}`, "error id=9 invalid"},
			{`{"op":"watch","id":10,"collection":"x"}`, "error id=10 not_found"},
			{`{"op":"sing","id":11}`, "error id=11 invalid"},
			{`{"id":12}`, "error id=12 invalid"},
			{`{"op":"ping","id":[13]}`, "error invalid"},
			{`{"op":5}`, "error invalid"},
			{`{"op":"publish","id":14,"stream":"a","eventz":[]}`, "error id=14 invalid"},
			{`{"op":"ping","id":15}`, "pong id=15"},
		} {
			c.say(f.say)
			c.expect(f.want)
		}
		for range subscriptionsMax {
			c.say(`{"op":"subscribe","stream":"a"}`)
			c.hear()
			c.hear()
		}
		c.say(`{"op":"subscribe","id":16,"stream":"a"}`)
		c.expect("error id=16 invalid")
		kind := websocket.MessageText
		if c.packed {
			kind = websocket.MessageBinary
		}
		if err := c.conn.Write(t.Context(), kind, []byte("\xc1{")); err != nil {
			t.Fatal(err)
		}
		if c.packed {
			c.expect("error bad_request")
		}
		if code, _ := hearClose(t, c.conn); code != 4500 && code != 1007 {
			t.Errorf("closed with %d", code)
		}
	})
}

func TestLiveDrainWaitsForPublishes(t *testing.T) {
	inLive(t, func(t *testing.T, sh *shelf, s *Server, c *talk) {
		sh.block = make(chan struct{})
		c.say(`{"op":"publish","id":1,"stream":"a","events":[{"data":1}]}`)
		synctest.Wait()
		go s.Drain(t.Context())
		c.expect("drain")
		c.say(`{"op":"subscribe","id":2,"stream":"a"}`)
		c.expect("error id=2 draining")
		time.AfterFunc(time.Second, func() { close(sh.block) })
		c.expect("published id=1")
		if code, reason := hearClose(t, c.conn); code != 1001 || !strings.Contains(reason, "retry_ms") {
			t.Errorf("closed with %d %s", code, reason)
		}
	})
}
