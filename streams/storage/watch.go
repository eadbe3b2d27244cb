package storage

import "github.com/edgedhq/edged"

// WatchHeads has moved called, from one goroutine, with the logs whose durable heads or starts
// have moved, after every fsync, in order, and before anybody else is told of it. It must not
// block, nor keep the slice. There is one watcher; it is set before the first Submit.
func (s *Store) WatchHeads(moved func([]edged.Head)) { s.watcher = moved }

// account makes a group's states the durable ones, and gives what the watcher is told of.
func (s *Store) account(g *Group) []edged.Head {
	d := &s.digest
	told := s.told[:0]
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range g.marks {
		d.mark(m.log.id, m.at)
	}
	for _, m := range g.moved {
		was := m.log.Durable()
		if _, ended := m.log.Ended(); !ended { // else it has only been retired from
			d.move(m.log, was, m.state)
		}
		m.log.settle(m.state)
		m.log.lasting.Store(true)
		if s.watcher != nil && (was.Head != m.state.Head || was.Start != m.state.Start) {
			h := m.state.told(m.log.name, m.log.id)
			h.Before, h.Bytes = was.Head, m.bytes
			told = append(told, h)
		}
	}
	for _, l := range g.dropped {
		l.lasting.Store(false)
		if a, ended := s.seals.endings.of(l.id); ended {
			d.swap(l.id, a.at, place{})
			s.seals.endings.forget(l.id)
		} else {
			d.drop(l, l.Durable())
		}
	}
	d.sweep(s.opts.Now().Unix())
	s.told = told
	return told
}
