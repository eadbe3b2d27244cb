package roster

import (
	"cmp"
	"slices"

	"github.com/edgedhq/edged"
)

// Roll is who has to agree that an origin has ended, and at what.
type Roll struct {
	Origin  edged.Origin
	Number  uint64       // a later roll for the origin has a higher one
	By      edged.Origin // of who drew it up; it is one of the members
	Members []RollMember
	Away    []string  // names of nodes that were left out
	Closed  bool      // all agree
	Sum     edged.Sum // on this
}

// RollMember is a node of a roll. It is asked under the origin that it had: what another node under
// its name says does not count.
type RollMember struct {
	Node, Name string
	Origin     edged.Origin
	Said       bool      // it has said what it holds
	Sum        edged.Sum // the last that it has said
}

// End is where an origin ends that was sealed by others.
type End struct {
	Origin edged.Origin
	Number uint64         // of the roll
	Sum    edged.Sum      // of Logs
	At     int64          // Unix nanoseconds; all events of Logs have earlier stamps
	Logs   []edged.LogEnd // in the order of their ids; no other log of the origin holds anything
}

type rollID struct {
	origin edged.OriginID
	number uint64
	by     edged.OriginID
}

// roll is what is known of one; its parts come in any order.
type roll struct {
	Roll
	drawn  bool                           // its own record was there
	said   map[edged.OriginID][]edged.Sum // by each node, in its order
	lists  map[edged.Sum]*list
	closed *list
}

// list is where the logs stand that have one sum.
type list struct {
	at    int64
	sum   edged.Sum
	parts [][]edged.LogEnd
	want  int // parts
}

// whole says whether all parts are there, and have the sum.
func (l *list) whole() bool {
	if l == nil || len(l.parts) < l.want {
		return false
	}
	var sum edged.Sum
	for _, part := range l.parts {
		for i := range part {
			sum.Add(part[i].Term())
		}
	}
	return sum == l.sum
}

// foldSealing takes in what a record by an origin says about a roll.
func (r *Roster) foldSealing(rec *record, from edged.Origin) (changed bool) {
	if s := rec.Sealing; s != nil {
		changed = r.rollOf(rollID{s.origin.ID, s.Number, from.ID}, s.origin).draw(s, from) || changed
	}
	if h := rec.Held; h != nil && h.id.by == from.ID {
		changed = r.rollOf(h.id, h.origin).list(h) || changed
	}
	if a := rec.Agreed; a != nil {
		changed = r.rollOf(a.id, a.origin).agree(from.ID, a.sum) || changed
	}
	return changed
}

func (r *Roster) rollOf(id rollID, origin edged.Origin) *roll {
	if r.rolls[id] == nil {
		r.rolls[id] = &roll{
			Roll: Roll{Origin: origin, Number: id.number, By: edged.Origin{ID: id.by}},
			said: map[edged.OriginID][]edged.Sum{}, lists: map[edged.Sum]*list{},
		}
	}
	return r.rolls[id]
}

func (s *roll) draw(rec *sealingRecord, by edged.Origin) (changed bool) {
	if s.drawn {
		return false
	}
	s.drawn, s.Origin, s.By, s.Away = true, rec.origin, by, rec.Away
	for _, m := range rec.Roll {
		s.Members = append(s.Members, RollMember{Node: m.Node, Name: m.Name, Origin: m.origin})
	}
	s.close()
	return true
}

func (s *roll) list(rec *heldRecord) (changed bool) {
	l := s.lists[rec.sum]
	if l == nil {
		l = &list{sum: rec.sum, at: rec.At, want: rec.Parts}
		s.lists[rec.sum] = l
	}
	if rec.Part != len(l.parts) || rec.Parts != l.want { // they come in order, and again when one could not be written
		return false
	}
	l.parts = append(l.parts, rec.logs)
	return true
}

func (s *roll) agree(from edged.OriginID, sum edged.Sum) (changed bool) {
	if slices.Contains(s.said[from], sum) {
		return false
	}
	s.said[from] = append(s.said[from], sum)
	s.close()
	return true
}

// close ends the roll at the first sum of who drew it up that all have said.
func (s *roll) close() {
	if !s.drawn || s.closed != nil {
		return
	}
	for _, sum := range s.said[s.By.ID] {
		all := !slices.ContainsFunc(s.Members, func(m RollMember) bool { return !slices.Contains(s.said[m.Origin.ID], sum) })
		if all && s.lists[sum].whole() {
			s.closed = s.lists[sum]
			return
		}
	}
}

// view is the roll with what its members have said last.
func (s *roll) view() Roll {
	v := s.Roll
	if s.closed != nil {
		v.Closed, v.Sum = true, s.closed.sum
	}
	v.Members = slices.Clone(s.Members)
	for i := range v.Members {
		if said := s.said[v.Members[i].Origin.ID]; len(said) > 0 {
			v.Members[i].Said, v.Members[i].Sum = true, said[len(said)-1]
		}
	}
	return v
}

// later orders rolls for one origin.
func (s *roll) later(t *roll) bool {
	return t == nil || cmp.Or(cmp.Compare(s.Number, t.Number), s.By.ID.Compare(t.By.ID)) > 0
}

// latest gives of each origin the latest roll of those that are wanted, in the order of the origins.
func (r *Roster) latest(want func(*roll) bool) []*roll {
	best := map[edged.OriginID]*roll{}
	for id, s := range r.rolls {
		if want(s) && s.later(best[id.origin]) {
			best[id.origin] = s
		}
	}
	all := make([]*roll, 0, len(best))
	for _, s := range best {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *roll) int { return a.Origin.ID.Compare(b.Origin.ID) })
	return all
}

// Rolls gives of each origin that was asked to be sealed the latest roll that has closed, or where
// none has, the latest.
func (r *Roster) Rolls() []Roll {
	var all []Roll
	for _, s := range r.latest(func(s *roll) bool { return s.drawn }) {
		if end := r.closed(s.Origin.ID); end != nil {
			s = end
		}
		all = append(all, s.view())
	}
	return all
}

// closed is the latest roll of an origin that has closed.
func (r *Roster) closed(origin edged.OriginID) *roll {
	all := r.latest(func(s *roll) bool { return s.Origin.ID == origin && s.closed != nil })
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// End gives where an origin ends that was sealed by others.
func (r *Roster) End(origin edged.OriginID) (end End, closed bool) {
	s := r.closed(origin)
	if s == nil {
		return End{}, false
	}
	return End{
		Origin: s.Origin, Number: s.Number, Sum: s.closed.sum, At: s.closed.at, Logs: slices.Concat(s.closed.parts...),
	}, true
}
