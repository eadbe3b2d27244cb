package replication

import (
	"context"
	"fmt"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

// sealer takes part in sealing origins whose nodes will not return.
type sealer struct {
	wake    chan struct{}
	said    map[said]edged.Sum           // only for the loop
	ends    map[edged.OriginID]edged.Sum // in force here; guarded by the Replicator's lock
	changed chan struct{}                // closed when something of that has changed; guarded by it too
}

// said is a roll that this node has told what it holds.
type said struct {
	origin, by edged.OriginID
	number     uint64
}

func (z *sealer) init() {
	z.wake = make(chan struct{}, 1)
	z.said = make(map[said]edged.Sum)
	z.ends = make(map[edged.OriginID]edged.Sum)
	z.changed = make(chan struct{})
}

// Times of sealing.
const (
	sealAgain = time.Second     // an open roll is looked at again
	sealRetry = 5 * time.Second // what could not be written is tried again
	listLimit = 4096
)

// seal says what this node holds of origins that are being sealed, and ends those that are.
func (r *Replicator) seal(ctx context.Context) error {
	timer := time.NewTimer(sealAgain)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.sealer.wake:
		case <-timer.C:
		}
		r.mu.Lock()
		var rolls []roster.Roll
		if r.caught { // before, an earlier roll than the one that counts may be all that was read
			rolls = r.roster.Rolls()
		}
		r.mu.Unlock()
		again := time.Duration(0)
		for i := range rolls {
			if after := r.sealOne(ctx, &rolls[i]); after > 0 && (again == 0 || after < again) {
				again = after
			}
		}
		r.mu.Lock()
		close(r.sealer.changed)
		r.sealer.changed = make(chan struct{})
		r.mu.Unlock()
		timer.Stop()
		if again > 0 {
			timer.Reset(again)
		}
	}
}

// sealOne does what is due for one origin, and says when to look again; 0 is when records come.
func (r *Replicator) sealOne(ctx context.Context, s *roster.Roll) (again time.Duration) {
	var err error
	if s.Closed {
		again, err = r.end(ctx, s)
	} else {
		again, err = r.agree(ctx, s)
	}
	if err != nil && ctx.Err() == nil {
		r.log.Error("an origin is not sealed here yet; it is tried again", "origin", s.Origin, "err", err)
		return sealRetry
	}
	return again
}

// agree says what is held here of the origin, if that was not said yet. A node that is connected to
// the origin says nothing: it lives.
func (r *Replicator) agree(ctx context.Context, s *roster.Roll) (again time.Duration, err error) {
	own := r.opts.Writer.Origin()
	for _, m := range s.Members {
		if m.Origin.ID != own.ID || r.writes(s.Origin.ID) != "" {
			continue
		}
		began := time.Now()
		logs, sum, at, err := r.held(s.Origin.ID)
		again = max(sealAgain, 20*time.Since(began)) // of a million logs, not all the time
		about := said{s.Origin.ID, s.By.ID, s.Number}
		last, known := r.sealer.said[about]
		if err != nil || known && last == sum || !known && m.Said && m.Sum == sum {
			return again, err
		}
		key, records := roster.AgreedRecords(*s, own.ID, sum, at, logs)
		for _, data := range records {
			if _, err := r.opts.Records.Append(ctx, key, data); err != nil {
				return 0, fmt.Errorf("record of the mesh: %w", err)
			}
		}
		r.sealer.said[about] = sum
		return again, nil
	}
	return sealAgain, nil
}

// held is where the logs of an origin stand here, in the order of their ids, with the sum of their
// terms and a time after all their stamps. A log is listed in one place or another while it moves; it
// only ever moves on.
func (r *Replicator) held(origin edged.OriginID) (logs []edged.LogEnd, sum edged.Sum, at int64, err error) {
	at = 1
	for past := (edged.LogID{}); ; {
		heads, err := r.opts.Heads.ListHeads(0, nil, past, listLimit)
		if err != nil {
			return nil, sum, 0, err
		}
		for i := range heads {
			h := &heads[i]
			if h.Name.Origin.ID != origin || h.Head == 0 {
				continue
			}
			logs = append(logs, edged.LogEnd{Log: h.Log, Head: h.Head, Chain: h.Chain})
			sum.Add(h.Term())
			at = max(at, h.Newest.Wall+1)
		}
		if len(heads) < listLimit {
			return logs, sum, at, nil
		}
		past = heads[len(heads)-1].Log
	}
}

// end carries out what a roll has agreed on.
func (r *Replicator) end(ctx context.Context, s *roster.Roll) (again time.Duration, err error) {
	r.mu.Lock()
	was, known := r.sealer.ends[s.Origin.ID]
	end, _ := r.roster.End(s.Origin.ID)
	r.mu.Unlock()
	if known && was == s.Sum {
		return 0, nil
	}
	if s.Origin.ID == r.opts.Writer.Origin().ID { // first another origin for this node
		r.do(func(session.Now) []session.Work { return r.table.Sealed(s.Origin, end.At, false) })
		const soon = 100 * time.Millisecond
		return soon, nil
	}
	whole, beyond, err := r.opts.Blocks.SealOrigin(ctx, end.Origin, end.At, end.Sum, end.Logs)
	if err != nil {
		return 0, err
	}
	if known {
		r.log.Error("an origin was sealed twice, at different ends; that of the later roll counts", "origin", s.Origin)
	}
	r.log.Info("origin sealed", "origin", s.Origin, "logs", len(end.Logs), "whole", whole)
	if beyond > 0 {
		r.log.Warn("events past the end of a sealed origin are kept here, and no other node takes them", "origin", s.Origin, "events", beyond)
	}
	r.do(func(session.Now) []session.Work { return r.table.Sealed(s.Origin, end.At, whole) })
	r.mu.Lock()
	r.sealer.ends[s.Origin.ID] = end.Sum
	r.mu.Unlock()
	return 0, nil
}

// writes names the connected peer that writes under an origin; empty when none does.
func (r *Replicator) writes(origin edged.OriginID) string {
	for _, p := range r.Peers() {
		if p.Connected && p.Origin.ID == origin {
			return p.Name
		}
	}
	return ""
}

// ended says whether a node is away and all its origins have been sealed. The lock is held.
func (r *Replicator) ended(node string) bool {
	if up, _ := r.table.Up(node); up {
		return false
	}
	seals, any := r.roster.Seals(), false
	for id, o := range r.roster.Origins() {
		if o.Node != node {
			continue
		}
		_, self := seals[id]
		_, others := r.sealer.ends[id]
		if !self && !others {
			return false
		}
		any = true
	}
	return any
}
