package function

import (
	"maps"
	"slices"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

var _ edged.Feed = (*watch)(nil)

// watch is one reader's place among the changes of a view: first the rows that it does not know, then
// what is put on the board.
type watch struct {
	v      *view
	call   func()
	resume string
	at     uint64 // number of the next run on the board
	cut    edged.Vector
	where  *condition // nil for all

	list []func(s *snapshot, g *gathering, sources []window.Source) ([]line, error) // panes to be listed
	past edged.Vector                                                               // what the reader knew of them
	gone bool                                                                       // the cursor was of another query: say so

	mu     sync.Mutex
	asleep bool
	closed bool
	said   uint64 // the beat of the board at which up_to_date was said last
}

// RowChanges opens a place in the changes of the function that q names: at a cursor behind what it
// covers, else first all rows.
func (r *Runner) RowChanges(q edged.Query, wake func()) (edged.Feed, error) {
	v, err := r.shown(q.Stream)
	if err != nil {
		return nil, err
	}
	if v.layout == nil {
		return nil, inStream(v)
	}
	w := &watch{v: v, call: wake, resume: "start", cut: edged.Vector{}}
	if q.Match.Filter != "" {
		if w.where, err = v.condition(q.Match.Filter, "filter"); err != nil {
			return nil, err
		}
	}
	at := q.Start
	resumes := at.Kind == edged.AtCursor || at.Kind == edged.AtCursorOrGap
	if resumes && at.Cursor.Stream != edged.FunctionStream(v.name) {
		return nil, edged.Refuse(edged.BadCursor, "the cursor is of %q, not of the function %q", at.Cursor.Stream, v.name)
	}
	w.at = v.board.join()
	s, err := v.q.snapshot()
	if err != nil {
		v.board.leave()
		return nil, err
	}
	defer s.close()
	w.cut = s.cut()
	if q.Start.Kind == edged.Latest {
		return w, nil
	}
	if resumes {
		if at.Cursor.Generation == v.generation() {
			w.past, w.resume = known(at.Cursor.Vector), "complete"
		} else {
			w.gone, w.resume = true, "gap"
		}
	}
	if err := w.panes(s); err != nil {
		v.board.leave()
		return nil, err
	}
	return w, nil
}

// known is what a cursor covers of logs: places within a run of rows are none.
func known(v edged.Vector) edged.Vector {
	delete(v, edged.LogKey{})
	return v
}

// panes notes all panes that there are.
func (w *watch) panes(s *snapshot) error {
	v := w.v
	if v.windowed() || v.whole && !v.windows() {
		spans, err := v.spans(s)
		for _, span := range spans {
			w.list = append(w.list, func(s *snapshot, g *gathering, sources []window.Source) ([]line, error) {
				return v.lines(s, g, span, sources)
			})
		}
		return err
	}
	groups, err := v.groupsOf(s)
	for _, group := range groups {
		w.list = append(w.list, func(s *snapshot, g *gathering, sources []window.Source) ([]line, error) {
			lines, _, err := v.paneOf(s, g, group, sources)
			return lines, err
		})
	}
	return err
}

// Next appends what waits.
func (w *watch) Next(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	if w.gone {
		w.gone = false
		dst = append(dst, edged.Delivery{Notice: &edged.Notice{Op: "reset"}})
	}
	if len(w.list) > 0 {
		return w.listed(dst, bytesMax, eventsMax)
	}
	b := w.v.board
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.at < b.first { // it fell behind: the rows as they are, again
		w.at = b.first + uint64(len(b.runs))
		w.past = w.cut
		s, err := w.v.q.snapshot()
		if err != nil {
			return dst, err
		}
		defer s.close()
		if err := w.panes(s); err != nil {
			return dst, err
		}
		w.wakeLater()
		return dst, nil
	}
	had := len(dst)
	for w.at < b.first+uint64(len(b.runs)) && bytesMax > 0 && eventsMax > 0 {
		run := b.runs[w.at-b.first]
		w.at++
		if d := (edged.Delivery{Run: run, To: len(run.events)}); w.picks(&d) {
			dst = append(dst, d)
		}
		bytesMax -= run.bytes
		eventsMax -= len(run.events)
		w.cut = run.base.Cursor().Vector
	}
	if len(dst) > had {
		return dst, nil
	}
	if b.ended != nil {
		return dst, b.ended
	}
	if b.cut != nil {
		w.cut = b.cut
	}
	if w.said != b.beat {
		w.said = b.beat
		return append(dst, edged.Delivery{Notice: &edged.Notice{Op: "up_to_date", Watermark: shownMark(b.mark)}}), nil
	}
	w.mu.Lock()
	w.asleep = true
	w.mu.Unlock()
	b.waiting = append(b.waiting, w)
	return dst, nil
}

// listed gives rows of panes that the reader does not know.
func (w *watch) listed(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	all, err := w.v.q.standings()
	if err != nil {
		return dst, err
	}
	s, err := w.v.q.snapshot()
	if err != nil {
		return dst, err
	}
	defer s.close()
	sources, g := sourcesOf(all), w.v.gathering()
	var news []line
	for len(w.list) > 0 && bytesMax > 0 && eventsMax > 0 {
		lines, err := w.list[0](s, g, sources)
		if err != nil {
			return dst, err
		}
		w.list = w.list[1:]
		for i := range lines {
			if l := &lines[i]; w.news(l) {
				news = append(news, *l)
				bytesMax -= len(l.columns)
				eventsMax--
			}
		}
	}
	before := w.past
	if len(w.list) == 0 {
		w.list = nil
		w.past = nil
	}
	if len(news) > 0 {
		run := w.v.run(news, before)
		if d := (edged.Delivery{Run: run, To: len(run.events)}); w.picks(&d) {
			return append(dst, d), nil
		}
	}
	if len(w.list) > 0 {
		return w.listed(dst, bytesMax, eventsMax)
	}
	return w.Next(dst, bytesMax, eventsMax)
}

// picks leaves the rows that the watcher asked for, and says whether there are any.
func (w *watch) picks(d *edged.Delivery) bool {
	if w.where == nil {
		return true
	}
	d.Picks = []int32{}
	for i, e := range d.Run.Events(d.From, d.To) {
		if w.where.test(e.Data) {
			d.Picks = append(d.Picks, int32(i))
		}
	}
	return len(d.Picks) > 0
}

// news says whether a row has anything past what the reader knew.
func (w *watch) news(l *line) bool {
	if w.past == nil || l.sealed {
		return w.past == nil
	}
	for _, s := range l.seen {
		if s.position > w.past[s.logKey()] {
			return true
		}
	}
	return false
}

// wake calls the reader if it waits.
func (w *watch) wake() {
	w.mu.Lock()
	asleep := w.asleep && !w.closed
	w.asleep = false
	w.mu.Unlock()
	if asleep {
		w.call()
	}
}

// wakeLater makes the reader ask again. The caller holds the board's mu.
func (w *watch) wakeLater() {
	w.mu.Lock()
	w.asleep = true
	w.mu.Unlock()
	go w.wake()
}

// Cursor is the place after all that Next gave.
func (w *watch) Cursor() edged.Cursor {
	if len(w.list) > 0 {
		return w.v.cursor(w.past)
	}
	return w.v.cursor(w.cut)
}

// Resume says how the place was taken up.
func (w *watch) Resume() string { return w.resume }

// Close gives the place up.
func (w *watch) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.v.board.leave()
}

// spans are all windows that hold anything, or are kept, in order.
func (v *view) spans(s *snapshot) ([]window.Span, error) {
	if !v.windows() {
		return []window.Span{{}}, nil
	}
	set := map[window.Span]bool{}
	var spans []window.Span
	err := s.slices(noTime, func(end int64) bool {
		spans = v.q.spec().Windows(spans[:0], v.q.spec().Slice(end-1))
		for _, w := range spans {
			set[w] = true
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	prefix := keyOf(nil, tagClosed, v.id)
	err = s.scan(prefix, after(prefix), func(key, _ []byte) bool {
		key = key[len(prefix):]
		set[window.Span{End: readTime(key), Start: readTime(key[8:])}] = true
		return true
	})
	return ordered(set), err
}

// groupsOf are all groups of a view without windows or of sessions, in order.
func (v *view) groupsOf(s *snapshot) ([]string, error) {
	set := map[string]bool{}
	prefix := keyOf(nil, v.q.tag(), v.q.id)
	err := s.scan(prefix, after(prefix), func(key, _ []byte) bool {
		set[string(key[len(prefix):len(key)-sourceSize])] = true
		return true
	})
	return slices.Sorted(maps.Keys(set)), err
}
