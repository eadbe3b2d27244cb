package httpapi

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// steady is a feed that gives the same deliveries again and again.
type steady struct{ given []edged.Delivery }

func (f *steady) Next(dst []edged.Delivery, _, _ int) ([]edged.Delivery, error) {
	return append(dst, f.given...), nil
}
func (f *steady) Cursor() edged.Cursor { return edged.Cursor{} }
func (f *steady) Resume() string       { return "start" }
func (f *steady) Close()               {}

func stillRun(first edged.Sequence, n int) *shelvedRun {
	run := &shelvedRun{name: nameOfShelved("s"), base: cursorAt("s", first-1).Base()}
	for i, d := range batch(n) {
		run.events = append(run.events, edged.Event{Data: d.Data, Sequence: first + edged.Sequence(i), ID: "e"})
	}
	return run
}

func TestATurnAllocatesNothing(t *testing.T) {
	s, _ := newShelf().reader(t, Options{})
	large, small := stillRun(1, 100), stillRun(101, 1)
	feed := &steady{[]edged.Delivery{
		{Run: large, To: 100}, {Run: small, To: 1}, {Run: small, To: 1}, {Run: large, From: 3, To: 9, Picks: []int32{3, 5, 8}},
	}}
	for _, c := range []struct {
		form codec.Form
		sub  int
	}{{codec.Text, 0}, {codec.Binary, 0}, {codec.Lines, 0}, {codec.LiveText, 1}} {
		so := sinkSocket(s, nil)
		tail := &tail{feed: feed, form: c.form, sub: c.sub, left: -1}
		u := s.feeds.turn()
		n := testing.AllocsPerRun(100, func() {
			if _, err := s.feeds.take(u, tail); err != nil {
				t.Fatal(err)
			}
			if err := so.write(u); err != nil {
				t.Fatal(err)
			}
			u.clear()
		})
		if n != 0 {
			t.Errorf("form %d: a turn takes %v allocations", c.form, n)
		}
	}
}

// A turn holds whole frames in the order in which they were given, however they were added.
func TestATurnIsTheFramesInOrder(t *testing.T) {
	s, _ := newShelf().reader(t, Options{})
	runs := []*shelvedRun{stillRun(1, 1), stillRun(2, 1), stillRun(3, 50), stillRun(53, 1), stillRun(54, 30)}
	for _, sub := range []int{0, 1, 2, 900} {
		form := codec.LiveText
		if sub == 0 {
			form = codec.Text
		}
		var want []byte
		feed := &steady{}
		for _, r := range runs {
			feed.given = append(feed.given, edged.Delivery{Run: r, To: r.Len()})
			frames := new(codec.Encoder).Encode(r, form, codec.Shape{})
			if sub == 0 {
				want = append(want, frames.Range(0, r.Len())...)
			} else {
				want = frames.AppendLive(want, 0, r.Len(), sub)
			}
		}
		u := s.feeds.turn()
		if _, err := s.feeds.take(u, &tail{feed: feed, form: form, sub: sub, left: -1}); err != nil {
			t.Fatal(err)
		}
		got := bytes.Join(u.pieces, nil)
		if !bytes.Equal(got, want) || u.bytes != len(want) || u.events != 83 {
			t.Errorf("subscription %d: %d bytes of %d events differ from the %d wanted", sub, len(got), u.events, len(want))
		}
		for skip := range want { // wherever a write stops, what is left of its frame is known
			u.written = skip
			left := u.halfFrame()
			at := 0
			for at < skip {
				at += codec.FrameLen(want[at:])
			}
			if !bytes.Equal(left, want[skip:at]) {
				t.Fatalf("after %d bytes: %d are left of the frame, want %d", skip, len(left), at-skip)
			}
		}
	}
}

// trickle is a connection that times out now and then.
type trickle struct {
	sink
	got   []byte
	takes []int // bytes of each write before the deadline passes; then all
}

func (c *trickle) Write(p []byte) (int, error) {
	if len(c.takes) == 0 {
		c.got = append(c.got, p...)
		return len(p), nil
	}
	n := min(c.takes[0], len(p))
	c.takes = c.takes[1:]
	c.got = append(c.got, p[:n]...)
	return n, os.ErrDeadlineExceeded
}

func TestAWriteGoesOnWhileSomethingIsTaken(t *testing.T) {
	s, _ := newShelf().reader(t, Options{})
	for _, pieces := range [][]string{{"abcdef"}, {"abc", "def"}} {
		for _, c := range []struct {
			takes []int
			got   string
			slow  bool
		}{{[]int{1, 2, 1}, "abcdef", false}, {[]int{2, 0, 0, 0, 0, 0}, "ab", true}, {[]int{0, 0, 0, 0, 2, 0, 0, 0, 0}, "abcdef", false}, {nil, "abcdef", false}} {
			conn := &trickle{takes: c.takes}
			so := sinkSocket(s, nil)
			so.conn = conn
			u := s.feeds.turn()
			for _, p := range pieces {
				u.pieces = append(u.pieces, []byte(p))
			}
			err := so.write(u)
			if string(conn.got) != c.got || errors.Is(err, os.ErrDeadlineExceeded) != c.slow || u.written != len(c.got) {
				t.Errorf("%v over %v: %q, %d written, %v", pieces, c.takes, conn.got, u.written, err)
			}
		}
	}
}
