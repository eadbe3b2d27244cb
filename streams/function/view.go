package function

import (
	"crypto/sha256"
	"slices"

	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// view is what one function shows of its query: rows, and when their windows close. The goroutine of
// the query drives it; readers look at snapshots.
type view struct {
	q      *query
	name   string
	plan   *plan.Plan
	id     plan.ID // of name and text: what is kept of closed windows belongs to this text alone
	whole  bool    // a row may depend on every group of its window
	gather *gathering
	board  *board

	layout *aggregate.Layout
	keys   int // of a group

	open     map[window.Span]bool          // windows that hold something and have not closed
	closed   map[window.Span]*closing      // closed, and not sealed yet
	retained int64                         // up to when old rows were looked for last
	sealedTo int64                         // the latest end of a sealed window
	sealed   map[window.Span]bool          // while it is restored
	active   map[string]bool               // of sessions: groups that may have some to close
	shut     map[string]map[int64]*closing // of sessions: by group and start, those closed
	dirty    map[window.Span]bool          // changed since their rows were sent
	dirtyOf  map[string]bool               // the same of groups
	emitters string                        // the origins that were reachable at the last look
	sentAt   int64                         // of EMIT EVERY, and of views that are computed as a whole: when that was
}

func newView(q *query, name string, p *plan.Plan) (*view, error) {
	fold, errs := p.Bind(expr.NewPaths())
	if len(errs) > 0 {
		return nil, errorsOf(errs)
	}
	v := &view{
		q: q, name: name, plan: p, whole: p.Query.Qualify != nil || p.Query.From.Query != nil && len(p.Query.From.Query.GroupBy) > 0,
		open: map[window.Span]bool{}, closed: map[window.Span]*closing{}, sealed: map[window.Span]bool{}, sealedTo: noTime, retained: noTime, active: map[string]bool{},
		shut: map[string]map[int64]*closing{}, dirty: map[window.Span]bool{}, dirtyOf: map[string]bool{},
	}
	sum := sha256.Sum256([]byte(name + "\x00" + sql.Print(p.Query) + "\x00" + q.id.String()))
	copy(v.id[:], sum[:])
	if fold.Layout != nil {
		v.layout, v.keys = fold.Layout, len(fold.Keys)
		v.gather = v.gathering()
	}
	v.board = newBoard(v)
	return v, nil
}

// windows says whether rows have a window.
func (v *view) windows() bool { return v.plan.Window.Kind != window.None }

// gathering gives one for a reader.
func (v *view) gathering() *gathering { return newGathering(v.q, v.layout, v.keys) }

// present makes the lines of what was gathered, of one window.
func (v *view) present(g *gathering) []line {
	var all []seen
	if v.whole {
		all = union(g.groups)
	}
	rows := v.plan.Present(g.cells, groupsIn(g), &g.text)
	lines := make([]line, len(rows))
	for i := range rows {
		seen := all
		if !v.whole {
			seen = g.groups[g.byKey[string(rows[i].Key)]].seen
		}
		lines[i] = v.lineOf(&rows[i], seen)
	}
	return lines
}

// union is how far logs are folded into any of some groups.
func union(groups []grouped) []seen {
	var u grouped
	for i := range groups {
		for _, s := range groups[i].seen {
			at := stand{Position: s.position, Late: s.lateBound != window.Unknown, LateBound: s.lateBound}
			u.see(s.source, &at)
		}
	}
	slices.SortFunc(u.seen, func(a, b seen) int { return a.compare(b.source) })
	return u.seen
}

// lines are the rows of a window as they stand in a snapshot.
func (v *view) lines(s *snapshot, g *gathering, w window.Span, sources []window.Source) ([]line, error) {
	at, err := v.closing(s, closedKey(v.id, w, ""))
	if err != nil {
		return nil, err
	}
	if at != nil && at.sealed {
		return v.keptLines(s, w)
	}
	if err := g.window(s, w); err != nil {
		return nil, err
	}
	lines := v.present(g)
	for i := range lines {
		if err := v.judge(s, &lines[i], at, sources); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// sessionLines are the rows of a group's sessions.
func (v *view) sessionLines(s *snapshot, g *gathering, group string, sources []window.Source) ([]line, error) {
	if err := g.sessions(s, group); err != nil {
		return nil, err
	}
	all := g.groups
	defer func() { g.groups = all }()
	var lines []line
	for i := range all {
		g.groups = all[i : i+1]
		g.byKey[group] = 0
		for _, l := range v.present(g) {
			at, err := v.closing(s, closedKey(v.id, openSession(l.Start), group))
			if err != nil {
				return nil, err
			}
			if at != nil && at.end != l.End && !v.q.spec().Past(l.Span, window.Watermark(sources, at.excluded)) {
				at = nil // it closed shorter, and is open again
			}
			if err := v.judge(s, &l, at, sources); err != nil {
				return nil, err
			}
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// groupLines are the rows of one group of a view without windows.
func (v *view) groupLines(s *snapshot, g *gathering, group string) ([]line, error) {
	if v.whole {
		return v.lines(s, g, window.Span{}, nil)
	}
	if err := g.group(s, group); err != nil {
		return nil, err
	}
	return v.present(g), nil
}

// judge finds the status of a line whose window has closed; at is nil of one that has not.
func (v *view) judge(s *snapshot, l *line, at *closing, sources []window.Source) error {
	if at == nil {
		return nil
	}
	left := v.q.spec().Left(l.Span, sources, at.excluded)
	for _, o := range left {
		l.excluded = append(l.excluded, o.String())
	}
	b, err := s.get(rowKey(v.id, l, v.windowed()))
	if err != nil {
		return err
	}
	l.status = window.Revised
	if b == nil {
		return nil
	}
	was, err := readKept(b)
	if err != nil {
		return err
	}
	late := window.Unknown
	for _, n := range l.seen {
		late = max(late, n.lateBound)
	}
	if was.sum == l.sum && len(left) == len(at.excluded) && !was.revised && !v.q.spec().Revises(l.Span, late) {
		l.status = window.Final
	}
	return nil
}

// windowed says whether windows are of slices.
func (v *view) windowed() bool { return v.q.windowed() }

// keptLines are the rows of a sealed window: what was kept of them.
func (v *view) keptLines(s *snapshot, w window.Span) (lines []line, err error) {
	from := appendTime(appendTime(keyOf(nil, tagRow, v.id), w.End), w.Start)
	return v.keptBetween(s, from, after(from))
}

// keptSessions are the rows of all sealed sessions.
func (v *view) keptSessions(s *snapshot) ([]line, error) {
	prefix := keyOf(nil, tagRow, v.id)
	return v.keptBetween(s, appendTime(prefix[:len(prefix):len(prefix)], noTime+1), after(prefix))
}

// keptBetween are the rows of sealed windows whose keys lie between two.
func (v *view) keptBetween(s *snapshot, from, to []byte) (lines []line, err error) {
	const group = 1 + idSize + 16 // behind tag, id and window
	var torn error
	err = s.scan(from, to, func(key, value []byte) bool {
		var k kept
		if k, torn = readKept(value); torn != nil {
			return false
		}
		if !k.sealed {
			return true // it was there at the close, and not any more at the seal
		}
		l := line{
			Span:  window.Span{End: readTime(key[1+idSize:]), Start: readTime(key[1+idSize+8:])},
			group: string(key[group:]), columns: k.columns, sum: k.sum, revision: k.revision,
			sealed: true, status: window.Final, excluded: k.excluded,
		}
		if k.revised {
			l.status = window.Revised
		}
		lines = append(lines, l)
		return true
	})
	return lines, orErr(err, torn)
}
