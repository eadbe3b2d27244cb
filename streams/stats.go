package streams

import (
	"sync/atomic"

	"github.com/edgedhq/edged"
)

// outcomes is the number of edged.Outcomes.
const outcomes = int(edged.Version) + 1

// counters are what a Broker counts as it goes.
type counters struct {
	events, duplicates, refused, fellBehind, retired, late atomic.Int64

	gaps     [len(gapReasons)]atomic.Int64
	landings [outcomes]atomic.Int64
	ingested atomic.Int64
}

// Stats are a Broker's figures since it was opened, and what it holds now.
type Stats struct {
	EventsAppended int64
	Duplicates     int64                   // events whose id was held already
	Refused        int64                   // publications refused as overloaded
	FellBehind     int64                   // readers that went from memory to disk
	Gaps           int64                   // gap notices given
	GapsBy         map[string]int64        // the same by their reasons
	EventsIngested int64                   // of other origins
	Landings       map[edged.Outcome]int64 // blocks that other nodes sent
	EventsLate     int64                   // given in stable order after later ones
	Retirements    int64                   // logs whose start retention has moved
	StreamsActive  int                     // with an object in memory
	Readers        int
	PendingBytes   int64 // of publications that wait
	IngestBytes    int64 // of blocks of other nodes that wait for the disk
	RingBytes      int64
	DedupeBytes    int64
}

// Stats gives the figures as they stand.
func (b *Broker) Stats() Stats {
	st := Stats{
		EventsAppended: b.stats.events.Load(), Duplicates: b.stats.duplicates.Load(),
		Refused: b.stats.refused.Load(), FellBehind: b.stats.fellBehind.Load(),
		Retirements: b.stats.retired.Load(), GapsBy: make(map[string]int64),
		EventsIngested: b.stats.ingested.Load(), Landings: make(map[edged.Outcome]int64),
		EventsLate: b.stats.late.Load(), IngestBytes: b.ingesting.bytes(),
		PendingBytes: b.pendingBytes.Load(), RingBytes: b.ringBytes.Load(), DedupeBytes: b.dedupeBytes.Load(),
	}
	for i, reason := range gapReasons {
		n := b.stats.gaps[i].Load()
		st.Gaps += n
		st.GapsBy[reason] = n
	}
	for i := range b.stats.landings {
		st.Landings[edged.Outcome(i)] = b.stats.landings[i].Load()
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
