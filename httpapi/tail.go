package httpapi

import (
	"math"
	"net"
	"sync"
	"sync/atomic"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// forms are the frames of one run in one form, a set for each shape, made when first asked for.
type forms struct {
	mu     sync.Mutex // held while frames are made
	shapes [codec.Shapes]atomic.Pointer[codec.Frames]
}

func newForms() any { return new(forms) }

// frames are the run's frames, made by the first reader and shared by all.
func (f *feeds) frames(run edged.Run, form codec.Form, shape codec.Shape) *codec.Frames {
	of := run.Form(int(form), newForms).(*forms)
	at := &of.shapes[shape.Index()]
	if frames := at.Load(); frames != nil {
		return frames
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	if frames := at.Load(); frames != nil {
		return frames
	}
	encoder := f.encoder()
	frames := encoder.Encode(run, form, shape)
	f.encoders.Put(encoder)
	at.Store(frames)
	return frames
}

func (f *feeds) encoder() *codec.Encoder {
	if x, ok := f.encoders.Get().(*codec.Encoder); ok {
		return x
	}
	return new(codec.Encoder)
}

// tail is a feed on its way to one reader.
type tail struct {
	feed     edged.Feed
	form     codec.Form
	shape    codec.Shape
	sub      int          // number of a live subscription, from 1; 0 on other feeds
	paced    bool         // credit counts
	credit   atomic.Int64 // events that may still be given
	left     int          // of limit=; -1 is no limit
	told     bool         // up_to_date has been said
	finished bool         // limit= is used up

	// A socket's, guarded by its mutex.
	queued  bool   // in ready
	closing bool   // to be closed by the pump
	gone    bool   // closed
	id      []byte // of the request to close it
}

func newTail(q *reading, form codec.Form) *tail {
	t := &tail{form: form, shape: q.shape, left: -1}
	if q.limit > 0 {
		t.left = q.limit
	}
	return t
}

// allowed is how many events the reader may be given now.
func (t *tail) allowed() int {
	n := turnEventsMax
	if t.left >= 0 {
		n = min(n, t.left)
	}
	if t.paced {
		n = int(min(int64(n), t.credit.Load()))
	}
	return n
}

func (t *tail) spend(n int) {
	if t.left >= 0 {
		t.left -= n
		t.finished = t.left <= 0
	}
	if t.paced {
		t.credit.Add(int64(-n))
	}
}

// A turn is one stretch of writing for one reader. Its bounds keep what a reader that does not
// read can hold small, and are large enough that the system call does not count.
const (
	turnEventsMax = 512
	turnBytesMax  = 64 << 10 // of events; their frames are up to four times that
	turnOutMax    = 256 << 10
	turnPiecesMax = 64
	roomBytes     = 16 << 10
	copyMax       = 2 << 10 // a smaller piece is cheaper to copy than to name to the system
)

// turn gathers what waits for a reader as few pieces of memory: slices of the frames that all
// readers share, and room for what is this reader's own. Each piece holds whole frames.
type turn struct {
	given  []edged.Delivery
	pieces net.Buffers
	bytes  int
	events int
	own    bool // the last piece ends where room does
	used   int

	// A socket's: what is not written yet, how much is, and what the turn carries.
	rest    net.Buffers
	written int
	asks    bool // a ping
	bye     bool // the close frame

	left [turnPiecesMax + 8][]byte // room for rest
	room [roomBytes]byte
}

func (f *feeds) turn() *turn {
	if u, ok := f.turns.Get().(*turn); ok {
		return u
	}
	return new(turn)
}

// release gives the turn back; it keeps no run alive.
func (f *feeds) release(u *turn) {
	u.clear()
	clear(u.given[:cap(u.given)])
	f.turns.Put(u)
}

func (u *turn) clear() {
	clear(u.pieces[:cap(u.pieces)])
	u.pieces = u.pieces[:0]
	clear(u.left[:])
	u.bytes, u.events, u.used, u.own = 0, 0, 0, false
	u.rest, u.written, u.asks, u.bye = nil, 0, false, false
}

func (u *turn) full() bool { return u.bytes >= turnOutMax || len(u.pieces) >= turnPiecesMax }

// add puts p at the end, by reference unless it is small.
func (u *turn) add(p []byte) {
	u.bytes += len(p)
	if len(p) > copyMax || len(p) > roomBytes-u.used {
		u.pieces, u.own = append(u.pieces, p), false
		return
	}
	u.grow(copy(u.room[u.used:], p))
}

// grow puts at the end what has been written to the next n bytes of room.
func (u *turn) grow(n int) {
	from := u.used
	u.used += n
	if last := len(u.pieces) - 1; u.own {
		u.pieces[last] = u.pieces[last][:len(u.pieces[last])+n]
		return
	}
	u.pieces, u.own = append(u.pieces, u.room[from:u.used]), true
}

// take adds what the feed has, as far as one turn goes, and says whether there may be more. An
// error is the feed's end, after what was added.
func (f *feeds) take(u *turn, t *tail) (more bool, err error) {
	allowed := t.allowed()
	if allowed <= 0 {
		return false, nil
	}
	u.given, err = t.feed.Next(u.given[:0], turnBytesMax, allowed)
	events := 0
	for i := range u.given {
		d := &u.given[i]
		if d.Notice != nil {
			t.notice(u, i)
			continue
		}
		events += d.Len()
		t.add(u, f.frames(d.Run, t.form, t.shape), d)
	}
	u.events += events
	t.spend(events)
	if len(u.given) > 0 || err != nil {
		return err == nil && !t.finished, err
	}
	if !t.told && !t.shape.Row { // a feed of rows tells it, with what it knows
		t.told = true
		t.upToDate(u)
	}
	return false, nil
}

func (t *tail) add(u *turn, frames *codec.Frames, d *edged.Delivery) {
	switch {
	case d.Picks == nil && t.sub <= 1:
		u.add(frames.Range(d.From, d.To))
	case d.Picks == nil:
		t.copy(u, frames, d.From, d.To)
	default:
		for _, i := range d.Picks {
			if t.sub <= 1 {
				u.add(frames.Range(int(i), int(i)+1))
			} else {
				t.copy(u, frames, int(i), int(i)+1)
			}
		}
	}
}

// copy adds frames with this subscription's number, which only the first of a socket shares.
func (t *tail) copy(u *turn, frames *codec.Frames, from, to int) {
	for i := from; i < to; i++ {
		size := len(frames.Range(i, i+1)) + liveGrowth
		if size > roomBytes-u.used {
			rest := make([]byte, 0, len(frames.Range(i, to))+(to-i)*liveGrowth)
			u.add(frames.AppendLive(rest, i, to, t.sub))
			return
		}
		at := u.used
		n := len(frames.AppendLive(u.room[at:at], i, i+1, t.sub))
		u.bytes += n
		u.grow(n)
	}
}

// liveGrowth bounds what a frame is longer for another subscription than for the first.
const liveGrowth = 32

// place is the cursor at the notice i of the turn's deliveries: just before the event that
// follows it, so that whoever resumes there misses neither; or after all when none follows.
func (t *tail) place(u *turn, i int) string {
	for _, d := range u.given[i:] {
		if d.Run == nil {
			continue
		}
		before := d.From - 1
		if d.From == 0 {
			return string(d.Run.Base().AppendTo(nil))
		}
		for _, e := range d.Run.Events(before, d.From) {
			return string(d.Run.Base().AppendAt(nil, d.Run.Name().Key(), e.Sequence))
		}
	}
	return t.feed.Cursor().String()
}

// unlimited is more credit than is ever used up.
const unlimited = math.MaxInt64 / 2
