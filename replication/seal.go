package replication

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
)

// Seal has the connected nodes agree where an origin ends whose node will not return, and waits until
// they have, or ctx ends: then SealPending says who is missing. Asked again it goes on waiting; anew
// begins with the nodes that are connected now. It refuses, as a Conflict, what this node or a
// connected one writes under.
func (r *Replicator) Seal(ctx context.Context, origin edged.OriginID, anew bool) (edged.Sealing, error) {
	state, open, err := r.sealable(origin)
	if err != nil || state.Closed {
		return state, err
	}
	if !open || anew {
		if err := r.draw(ctx, origin); err != nil {
			return state, err
		}
	}
	for {
		r.mu.Lock()
		state, _ = r.sealing(origin)
		_, ended := r.sealer.ends[origin]
		changed := r.sealer.changed
		r.mu.Unlock()
		if state.Closed && ended {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, pending(&state)
		}
	}
}

// sealable says how far the sealing of an origin is, or why it cannot be sealed.
func (r *Replicator) sealable(origin edged.OriginID) (state edged.Sealing, open bool, err error) {
	own := r.opts.Writer.Origin()
	r.mu.Lock()
	_, named := r.roster.Origins()[origin]
	_, self := r.roster.Seals()[origin]
	state, open = r.sealing(origin)
	_, ended := r.sealer.ends[origin]
	self = self && r.table.Ended(origin) // else what its node had and did not send is waited for
	r.mu.Unlock()
	switch by := r.writes(origin); {
	case origin == own.ID:
		return state, open, edged.Refuse(edged.Conflict, "%s is the origin that this node writes under; only one whose disk is lost is sealed", own)
	case by != "":
		return state, open, edged.Refuse(edged.Conflict,
			"node %q is connected and writes under this origin; stop it first, and seal only if its disk is lost", by)
	case self || ended && state.Closed:
		state.Closed = true
	case !named && !open && !r.heard(origin):
		return state, open, edged.Refuse(edged.NotFound, "no node of this mesh has had this origin; GET /v1/cluster names those that readers wait for")
	}
	return state, open, nil
}

// heard says whether anything is known of an origin.
func (r *Replicator) heard(origin edged.OriginID) bool {
	for _, p := range r.Promises() {
		if p.Origin.ID == origin {
			return true
		}
	}
	return false
}

// sealing is how far an origin's sealing is. The lock is held.
func (r *Replicator) sealing(origin edged.OriginID) (state edged.Sealing, open bool) {
	state.Origin = edged.Origin{ID: origin}
	if o, named := r.roster.Origins()[origin]; named {
		state.Origin = o.Origin
	}
	for _, s := range r.roster.Rolls() {
		if s.Origin.ID == origin {
			return r.stateOf(&s), true
		}
	}
	return state, false
}

func (r *Replicator) stateOf(s *roster.Roll) edged.Sealing {
	state := edged.Sealing{Origin: s.Origin, Closed: s.Closed, Away: s.Away}
	live := map[edged.OriginID]bool{r.opts.Writer.Origin().ID: true}
	for _, p := range r.table.Peers(r.now()) {
		if p.Connected && !p.Late {
			live[p.Origin.ID] = true
		}
	}
	var want edged.Sum
	drawn := false
	for _, m := range s.Members {
		if m.Origin.ID == s.By.ID {
			want, drawn = m.Sum, m.Said
		}
	}
	for _, m := range s.Members {
		state.Roll = append(state.Roll, edged.SealMember{
			Name: m.Name, Origin: m.Origin, Connected: live[m.Origin.ID],
			Agreed: s.Closed || drawn && m.Said && m.Sum == want,
		})
	}
	return state
}

// draw appends a roll of the nodes that are connected now.
func (r *Replicator) draw(ctx context.Context, origin edged.OriginID) error {
	own, self := r.opts.Writer.Origin(), r.opts.Self
	s := roster.Roll{Number: 1, By: own, Members: []roster.RollMember{{Node: self.Node, Name: self.Name, Origin: own}}}
	asked := map[string]bool{self.Node: true}
	for _, p := range r.Peers() {
		if p.Connected && !p.Late {
			asked[p.Node] = true
			s.Members = append(s.Members, roster.RollMember{Node: p.Node, Name: p.Name, Origin: p.Origin})
		}
	}
	r.mu.Lock()
	state, _ := r.sealing(origin)
	s.Origin = state.Origin
	of := r.roster.Origins()[origin].Node
	for _, n := range r.roster.Nodes() {
		if n.State == roster.Active && !asked[n.ID] && n.ID != of {
			s.Away = append(s.Away, cmp.Or(n.Name, n.ID))
		}
	}
	for _, old := range r.roster.Rolls() {
		if old.Origin.ID == origin {
			s.Number = old.Number + 1
		}
	}
	r.mu.Unlock()
	key, data := roster.SealingRecord(s)
	if _, err := r.opts.Records.Append(ctx, key, data); err != nil {
		return fmt.Errorf("replication: seal %s: %w", s.Origin, err)
	}
	r.log.Warn("origin to be sealed", "origin", s.Origin, "roll", len(s.Members), "away", strings.Join(s.Away, " "))
	return nil
}

// pending says who is missing, and what to do.
func pending(state *edged.Sealing) error {
	var away, behind []string
	for _, m := range state.Roll {
		switch {
		case !m.Connected:
			away = append(away, m.Name)
		case !m.Agreed:
			behind = append(behind, m.Name)
		}
	}
	detail := fmt.Sprintf("the nodes do not agree yet where %s ends", state.Origin)
	if len(away) > 0 {
		detail += fmt.Sprintf("; not connected under the origin that was asked: %s: start it, or if it is lost seal again with \"anew\":true to leave it out", strings.Join(away, ", "))
	}
	if len(behind) > 0 {
		detail += fmt.Sprintf("; still taking over what others hold, or connected to the origin: %s: ask again", strings.Join(behind, ", "))
	}
	return edged.Refuse(edged.SealPending, "%s", detail)
}
