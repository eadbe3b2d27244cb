package httpapi

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// sink is a connection that takes all and gives nothing.
type sink struct{ net.Conn }

func (sink) Read([]byte) (int, error)         { return 0, io.EOF }
func (sink) Write(p []byte) (int, error)      { return len(p), nil }
func (sink) Close() error                     { return nil }
func (sink) SetReadDeadline(time.Time) error  { return nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }

// sinkSocket is a socket that has been sent the bytes and then nothing more.
func sinkSocket(s *Server, sent []byte) *socket {
	so := &socket{server: s, conn: sink{}, kind: readerWebSocket}
	so.in.conn, so.in.ahead = so.conn, sent
	return so
}

// FuzzClientFrames takes any bytes for a client's frames. Requests among them are answered, and
// an answer is longer than the shortest request, so the bound is wider than a decoder's.
func FuzzClientFrames(f *testing.F) {
	for _, c := range abuses() {
		f.Add(c.sent)
	}
	f.Add(clientFrame(ws.OpText, true, []byte(`{"op":"ping","id":1}`)))
	s, _ := newShelf().reader(f, Options{})
	f.Fuzz(func(t *testing.T, sent []byte) {
		so := sinkSocket(s, bytes.Clone(sent))
		if n := allocatedBytes(func() { _ = so.receive() }); n > 32*len(sent)+128<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(sent), n)
		}
		so.cut()
		so.mu.Lock()
		defer so.mu.Unlock()
		if len(so.out) > outMax+feedMessageMax {
			t.Fatalf("%d bytes of answers wait", len(so.out))
		}
	})
}

// FuzzHead holds the parser of heads to the library's, for what both accept.
func FuzzHead(f *testing.F) {
	for _, c := range abuses() {
		f.Add(c.sent[:min(len(c.sent), headMax)])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h, n, err := parseHead(in)
		r := bytes.NewReader(in)
		want, wantErr := ws.ReadHeader(r)
		if err != nil || n == 0 {
			if wantErr == nil && err == nil && want.Masked {
				t.Fatalf("%x: more bytes are wanted, and %+v is there", in, want)
			}
			return
		}
		if wantErr != nil || h != want || n != len(in)-r.Len() {
			t.Fatalf("%x: got %+v of %d bytes, want %+v, %v", in, h, n, want, wantErr)
		}
	})
}

// FuzzRequest reads any bytes as a live client's frame.
func FuzzRequest(f *testing.F) {
	for _, text := range []string{
		`{"op":"subscribe","id":1,"stream":"s","key":["a","b"],"credit":5}`, `{"op":"publish","events":[{"data":1}]}`, `{`, `[]`, `{"\u0061":"\ud800"}`,
	} {
		f.Add([]byte(text), false)
	}
	f.Add([]byte("\x82\xa2op\xa4ping\xa2id\x01"), true)
	f.Add([]byte("\xdf\xff\xff\xff\xff"), true)
	f.Fuzz(func(t *testing.T, in []byte, packed bool) {
		var q request
		var err error
		if n := allocatedBytes(func() { q, err = parseRequest(in, packed) }); n > 4*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err == nil && len(q.id) > idBytesMax {
			t.Fatalf("an id of %d bytes", len(q.id))
		}
	})
}

func TestLargeMessageGrowsWithWhatComes(t *testing.T) {
	s, _ := newShelf().reader(t, Options{})
	head := clientFrame(ws.OpText, true, nil)[:0]
	head = append(head, 0x81, 0xff, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 1, 2, 3, 4) // 8 MiB less one
	so := sinkSocket(s, head)
	so.kind = readerLive
	if n := allocatedBytes(func() { _ = so.receive() }); n > 64<<10 {
		t.Errorf("a head alone took %d bytes", n)
	}
}
