package lean

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serverFrame is a frame as a server sends it, unmasked.
func serverFrame(opcode byte, payload []byte) []byte {
	b := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func TestFramesCountTheSameHoweverTheyAreCut(t *testing.T) {
	var wire []byte
	sizes := []int{0, 1, 125, 126, 127, 300, 65535, 65536, 70000, 5}
	for _, n := range sizes {
		wire = append(wire, serverFrame(Text, bytes.Repeat([]byte{'x'}, n))...)
		wire = append(wire, serverFrame(ping, []byte("beat"))...)
	}
	for _, step := range []int{1, 2, 3, 7, 100, 4096, len(wire)} {
		var f Frames
		var events int
		var replies []byte
		for rest := wire; len(rest) > 0; {
			n := min(step, len(rest))
			got, reply, err := f.Count(rest[:n])
			if err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			events += got
			replies = append(replies, reply...)
			rest = rest[n:]
		}
		if events != len(sizes) {
			t.Errorf("step %d: %d events, want %d", step, events, len(sizes))
		}
		if n := bytes.Count(replies, []byte("beat")); n != len(sizes) {
			t.Errorf("step %d: %d pongs, want %d", step, n, len(sizes))
		}
	}
}

func TestFramesTellTheCloseCode(t *testing.T) {
	var f Frames
	_, _, err := f.Count(serverFrame(closed, append([]byte{0x0f, 0xa0}, "slow"...)))
	var closing *CloseError
	if !errors.As(err, &closing) || closing.Code != 4000 || closing.Reason != "slow" {
		t.Fatalf("got %v, want code 4000 slow", err)
	}
}

func TestLinesCountTheSameHoweverTheyAreCut(t *testing.T) {
	wire := "5\r\nab\nc\n\r\n1;ext=1\r\n\n\r\n0A\r\n0123\n5678\n\r\n"
	for step := 1; step <= len(wire); step++ {
		var l Lines
		var events int
		for rest := []byte(wire); len(rest) > 0; {
			n := min(step, len(rest))
			got, _, err := l.Count(rest[:n])
			if err != nil {
				t.Fatalf("step %d: %v", step, err)
			}
			events += got
			rest = rest[n:]
		}
		if events != 5 {
			t.Errorf("step %d: %d lines, want 5", step, events)
		}
	}
	var l Lines
	if _, _, err := l.Count([]byte("2\r\na\n\r\n0\r\n\r\n")); !errors.Is(err, ErrEnd) {
		t.Errorf("the last chunk gave %v, want ErrEnd", err)
	}
	if _, _, err := new(Lines).Count([]byte("xyz\r\n")); !errors.Is(err, errChunk) {
		t.Errorf("a damaged size gave %v, want errChunk", err)
	}
}

func TestConnReadsAnswersAndKeepsTheConnection(t *testing.T) {
	answers := []string{"", "short", strings.Repeat("long", 50_000), strings.Repeat("chunk", 50_000), "again"}
	at := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := answers[at]
		if at%2 == 0 { // else in chunks
			w.Header().Set("Content-Length", itoa(len(body)))
		}
		w.WriteHeader(201)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	c, err := Dial(context.Background(), server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for ; at < len(answers); at++ {
		a, err := c.Do([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))
		if err != nil || a.Status != 201 || string(a.Body) != answers[at] {
			t.Fatalf("answer %d: status %d, %d bytes, %v", at, a.Status, len(a.Body), err)
		}
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// dialog gives both ends of a connection on loopback.
func dialog(t *testing.T) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func TestSocketGivesPayloadsAndAnswersPings(t *testing.T) {
	client, server := dialog(t)
	s := &Socket{tcp: client, buf: make([]byte, 16)}
	big := bytes.Repeat([]byte("y"), 100_000)
	go func() {
		_, _ = server.Write(serverFrame(Text, []byte("one")))
		_, _ = server.Write(serverFrame(ping, []byte("p")))
		_, _ = server.Write(serverFrame(Binary, big))
	}()
	for _, want := range [][]byte{[]byte("one"), big} {
		got, err := s.Next()
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(want))
		}
	}
	reply := make([]byte, 7)
	if _, err := io.ReadFull(server, reply); err != nil || !bytes.Equal(reply, AppendFrame(nil, pong, []byte("p"))) {
		t.Fatalf("pong %x, %v", reply, err)
	}
}

func TestCrowdCountsForEachAndForAll(t *testing.T) {
	var crowd Crowd
	var ends []*net.TCPConn
	for range 20 {
		client, server := dialog(t)
		ends = append(ends, server)
		if err := crowd.Join(client, new(Frames), serverFrame(Text, []byte("early"))); err != nil {
			t.Fatal(err)
		}
	}
	for i, end := range ends {
		for range 10 + i {
			if _, err := end.Write(serverFrame(Text, []byte("late"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := crowd.AwaitLeast(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	for want := int64(20 + 20*10 + 190); ; {
		if got, _ := crowd.Total(); got == want {
			break
		}
	}
	crowd.Close()
	if err := crowd.Err(); err != nil {
		t.Errorf("closing was taken for a failure: %v", err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(serverFrame(Text, []byte("abc")), 2)
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 1)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		cut = min(max(cut, 0), len(in))
		var whole, parts Frames
		a, _, errA := whole.Count(in)
		b, _, errB := parts.Count(in[:cut])
		if errB == nil {
			var n int
			n, _, errB = parts.Count(in[cut:])
			b += n
		}
		if a != b || (errA == nil) != (errB == nil) {
			t.Fatalf("whole: %d, %v; cut at %d: %d, %v", a, errA, cut, b, errB)
		}
	})
}

func BenchmarkFrames(b *testing.B) {
	wire := bytes.Repeat(serverFrame(Text, make([]byte, 128)), 1000)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	var f Frames
	for b.Loop() {
		if n, _, err := f.Count(wire); n != 1000 || err != nil {
			b.Fatal(n, err)
		}
	}
}
