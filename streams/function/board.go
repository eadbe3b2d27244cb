package function

import (
	"iter"
	"sync"

	"github.com/edgedhq/edged"
)

// board is where the rows that changed are put for all who watch a view: a ring of runs, each shared
// by all.
type board struct {
	v *view

	mu       sync.Mutex
	watchers int
	waiting  []*watch
	runs     []*rowRun
	first    uint64 // number of runs[0]
	bytes    int
	beat     uint64                     // moves on after 15 s without rows
	beaten   int64                      // when it did, or rows were given, last; Unix nanoseconds
	mark     int64                      // the watermark
	cut      edged.Vector               // of the newest run
	shown    map[string]edged.Sum       // rows as they were given last, by key
	panes    map[string]map[string]bool // which of them belong to a pane
	ended    error
}

// boardBytes bounds what waits for watchers; who falls behind is given the rows as they are.
const boardBytes = 8 << 20

func newBoard(v *view) *board {
	return &board{v: v, shown: map[string]edged.Sum{}, panes: map[string]map[string]bool{}, beat: 1}
}

// watched says whether anybody watches.
func (b *board) watched() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.watchers > 0
}

// differ appends to news the rows of a pane that are not as they were given last, and those gone.
func (b *board) differ(news []line, pane string, lines []line, s *snapshot) ([]line, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.panes[pane]
	now := make(map[string]bool, len(lines))
	for i := range lines {
		key := string(lines[i].key(nil))
		now[key] = true
		if sum := lines[i].shown(); b.shown[key] != sum {
			b.shown[key] = sum
			news = append(news, lines[i])
		}
	}
	for key := range before {
		if now[key] {
			continue
		}
		l := lineGone(key)
		sealed, err := b.v.isKept(s, &l)
		if err != nil {
			return news, err
		}
		if delete(b.shown, key); !sealed { // what is sealed stays as it was given
			news = append(news, l)
		}
	}
	b.panes[pane] = now
	return news, nil
}

// beatEvery is how often those who watch are told that they are up to date, in nanoseconds.
const beatEvery = 15_000_000_000

// forget lets go of what was given of a pane that does not change any more.
func (b *board) forget(pane string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key := range b.panes[pane] {
		delete(b.shown, key)
	}
	delete(b.panes, pane)
}

// give puts rows on the board, at a cut, and wakes those who wait.
func (b *board) give(news []line, cut edged.Vector, mark, now int64) {
	b.mu.Lock()
	b.mark = mark
	if len(news) == 0 && now-b.beaten < beatEvery {
		b.cut = cut
		b.mu.Unlock()
		return
	}
	if b.beaten = now; len(news) == 0 {
		b.beat++
	}
	before := b.cut
	b.cut = cut
	if n := len(news); n > 0 && b.watchers > 0 {
		if n > 1 {
			b.put(b.v.run(news[:n-1], before))
		}
		b.put(b.v.run(news[n-1:], cut)) // who has had this one has had all up to the cut
	}
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, w := range waiting {
		w.wake()
	}
}

// put adds a run. The caller holds mu.
func (b *board) put(r *rowRun) {
	b.runs = append(b.runs, r)
	b.bytes += r.bytes
	for b.bytes > boardBytes && len(b.runs) > 1 {
		b.bytes -= b.runs[0].bytes
		b.runs[0] = nil
		b.runs = b.runs[1:]
		b.first++
	}
}

// end tells those who watch that there is nothing more.
func (b *board) end(why error) {
	b.mu.Lock()
	b.ended = why
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	for _, w := range waiting {
		w.wake()
	}
}

// join takes a watcher in, at the newest place.
func (b *board) join() (at uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers++
	return b.first + uint64(len(b.runs))
}

// leave lets one go; with the last all is forgotten.
func (b *board) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watchers--; b.watchers == 0 {
		b.first += uint64(len(b.runs))
		b.runs, b.bytes = nil, 0
		clear(b.shown)
		clear(b.panes)
	}
}

// rowRun is rows as watchers are given them.
type rowRun struct {
	name   edged.LogName
	base   edged.Base
	events []edged.Event
	bytes  int

	mu    sync.Mutex
	forms [edged.FormSlots]any
}

// run makes a run of rows; the place after any of them is that of a cut.
func (v *view) run(lines []line, cut edged.Vector) *rowRun {
	r := &rowRun{name: edged.LogName{Stream: v.name}, base: v.cursor(cut).Base(), events: make([]edged.Event, len(lines))}
	for i := range lines {
		l := &lines[i]
		e := &r.events[i]
		e.Stream, e.Key, e.Data, e.Time = v.name, v.groupText(l.group), l.append(nil), l.End
		e.Sequence = edged.Sequence(i + 1)
		r.bytes += len(e.Key) + len(e.Data)
	}
	return r
}

// cursor is the place of a cut in the view's changes.
func (v *view) cursor(cut edged.Vector) edged.Cursor {
	if cut == nil {
		cut = edged.Vector{}
	}
	return edged.Cursor{Stream: edged.FunctionStream(v.name), Generation: v.generation(), Vector: cut}
}

func (r *rowRun) Name() edged.LogName { return r.name }
func (r *rowRun) Base() edged.Base    { return r.base }
func (r *rowRun) Len() int            { return len(r.events) }
func (r *rowRun) Bytes() int          { return r.bytes }

func (r *rowRun) Events(from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		for i := from; i < to; i++ {
			if !yield(i, r.events[i]) {
				return
			}
		}
	}
}

func (r *rowRun) Form(slot int, build func() any) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[slot] == nil {
		r.forms[slot] = build()
	}
	return r.forms[slot]
}
