package collections

import (
	"errors"
	"log/slog"
	"time"

	"github.com/edgedhq/edged"
)

// Options tune a Keeper. The zero value is ready for use, in a mesh of one.
type Options struct {
	// Peers give the states of other nodes. Default nil: there are none.
	Peers Peers
	// Everywhere is the stamp, in Unix nanoseconds, below which every member holds every record; one
	// that is away for long does not count. Default: now.
	Everywhere func() int64
	// Frontier is the stamp, in Unix nanoseconds, below which no record can come any more. Default: now.
	Frontier func() int64
	// StandsIn says whether this node does what an origin would that has ended: one node of those that
	// are there, or for a while more than one, or none. Default: no node does.
	StandsIn func(origin edged.OriginID) bool
	// FlushEvery is how long a folded value waits for the store. Default 100 ms. More makes fewer
	// writes of keys that change often, and a longer fold after a crash.
	FlushEvery time.Duration
	// FlushBytes is how much of one partition may wait. Default 1 MiB.
	FlushBytes int
	// TruncateEvery is the pause between two looks at what the journal can let go. Default 10 s.
	TruncateEvery time.Duration
	// KeepLog is how long records stay for watchers that come back. Default 10 min. A watcher that
	// was away longer is given the keys anew.
	KeepLog time.Duration
	// SweepEvery is the pause between two slices of looking for keys whose time is over. Default 1 s.
	SweepEvery time.Duration
	// PendingBytesMax bounds the updates that wait; past it they are refused as overloaded.
	// Default 64 MiB.
	PendingBytesMax int64
	// GiveUpAfter is how long records that are gone are looked for in the states of other nodes,
	// before the values do without them. Default 7 days, as long as a member counts that is away: what
	// is given up too early is taken from other nodes by a later join.
	GiveUpAfter time.Duration
	// Workers is how many collections are folded at once. Default 2.
	Workers int
	Log     *slog.Logger     // nil discards
	Now     func() time.Time // nil asks the wall clock
}

func (o Options) withDefaults() (Options, error) {
	for _, d := range []time.Duration{o.FlushEvery, o.TruncateEvery, o.KeepLog, o.SweepEvery, o.GiveUpAfter} {
		if d < 0 {
			return o, errors.New("collections: options: times cannot be negative")
		}
	}
	if o.FlushBytes < 0 || o.PendingBytesMax < 0 || o.Workers < 0 {
		return o, errors.New("collections: options: sizes and numbers cannot be negative")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	now := func() int64 { return o.Now().UnixNano() }
	if o.Everywhere == nil {
		o.Everywhere = now
	}
	if o.StandsIn == nil {
		o.StandsIn = func(edged.OriginID) bool { return false }
	}
	if o.Frontier == nil {
		o.Frontier = now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	set(&o.FlushEvery, 100*time.Millisecond)
	set(&o.FlushBytes, 1<<20)
	set(&o.TruncateEvery, 10*time.Second)
	set(&o.KeepLog, 10*time.Minute)
	set(&o.SweepEvery, time.Second)
	set(&o.PendingBytesMax, 64<<20)
	set(&o.GiveUpAfter, 7*24*time.Hour)
	set(&o.Workers, 2)
	return o, nil
}

// set fills a zero field.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
