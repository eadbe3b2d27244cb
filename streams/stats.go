package streams

import (
	"sync/atomic"

	"github.com/edgedhq/edged"
)

// counters are what a Broker counts as it goes.
type counters struct {
	events, duplicates, refused, fellBehind, gaps, retired, ingested, late atomic.Int64

	landings [edged.Version + 1]atomic.Int64 // blocks of other nodes by outcome
}

// Stats are a Broker's figures since it was opened, and what it holds now.
type Stats struct {
	EventsAppended int64
	Duplicates     int64                    // events whose id was held already
	Refused        int64                    // publications refused as overloaded
	FellBehind     int64                    // readers that went from memory to disk
	Gaps           int64                    // gap notices given
	Retirements    int64                    // logs whose start retention has moved
	EventsIngested int64                    // that came from other nodes
	LateStable     int64                    // events given in stable order after later ones: their origin was not known then
	Landings       [edged.Version + 1]int64 // blocks from other nodes by edged.Outcome
	StreamsActive  int                      // with an object in memory
	Readers        int
	PendingBytes   int64 // of publications that wait
	RingBytes      int64
	DedupeBytes    int64
}

// Stats gives the figures as they stand.
func (b *Broker) Stats() Stats {
	st := Stats{
		EventsAppended: b.stats.events.Load(), Duplicates: b.stats.duplicates.Load(),
		Refused: b.stats.refused.Load(), FellBehind: b.stats.fellBehind.Load(),
		Gaps: b.stats.gaps.Load(), Retirements: b.stats.retired.Load(),
		PendingBytes: b.pendingBytes.Load(), RingBytes: b.ringBytes.Load(), DedupeBytes: b.dedupeBytes.Load(),
	}
	st.EventsIngested, st.LateStable = b.stats.ingested.Load(), b.stats.late.Load()
	for i := range st.Landings {
		st.Landings[i] = b.stats.landings[i].Load()
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	st.StreamsActive = len(b.streams)
	for _, s := range b.streams {
		s.mu.Lock()
		st.Readers += s.view.feeds
		s.mu.Unlock()
	}
	return st
}
