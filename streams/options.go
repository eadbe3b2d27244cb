package streams

import (
	"errors"
	"log/slog"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Options tune a Broker. The zero value is ready for use.
type Options struct {
	// RefuseUnknown answers StreamNotFound to a publish to a stream that nobody has created.
	// Default false: it is created with defaults.
	RefuseUnknown bool
	// Retention is given to streams that are created without one. Default: keep everything.
	Retention edged.Retention
	// DedupeWindow is how long the id of an event is remembered. Default 10 min. More costs 17
	// bytes of memory for each event that carries an id.
	DedupeWindow time.Duration
	// DedupeBytesMax bounds that memory over all streams; past it publishes that carry ids are
	// refused as overloaded. Default 1 GiB.
	DedupeBytesMax int64
	// RingBytesMax bounds the recent blocks kept in memory for one stream that has readers, with
	// what the readers make of them.
	// Default 8 MiB. More lets readers fall further behind before they read from disk.
	RingBytesMax int
	// RingsBytesMax bounds the rings of all streams together. Default 256 MiB.
	RingsBytesMax int64
	// RunsBytesMax bounds the runs read from disk that readers at the same place share.
	// Default 64 MiB; what nobody reads goes
	// within two RetireEvery.
	RunsBytesMax int
	// PendingBytesMax bounds what publishers wait for; past it they are refused as overloaded.
	// Default 64 MiB.
	PendingBytesMax int64
	// IngestBytesMax bounds the blocks of other nodes that wait for the disk; past it who brings
	// more waits. Default 32 MiB.
	IngestBytesMax int64
	// ActiveMax bounds the streams that keep an object while nobody uses them. Default 4,096.
	ActiveMax int
	// RetireEvery is the pause between two looks at what retention lets go. Default 5 s.
	RetireEvery time.Duration
	// Filter compiles a Match's Filter, an SQL condition; a refusal is of the kind FilterInvalid, and
	// says line and column in its Fields. Default nil: filters are refused.
	Filter func(text string) (Filter, error)
	// Acks knows what other nodes hold. Default nil: there are none.
	Acks Acks
	// Gated makes publications wait for the Broker's Open, and readers in stable order for Stable.
	Gated bool
	// Codec compresses blocks at their origin. Default block.S2.
	Codec *block.Codec
	Log   *slog.Logger     // nil discards
	Now   func() time.Time // nil asks the wall clock
}

func (o Options) withDefaults() (Options, error) {
	if o.DedupeWindow < 0 || o.RingBytesMax < 0 || o.PendingBytesMax < 0 || o.IngestBytesMax < 0 || o.ActiveMax < 0 {
		return o, errors.New("streams: options: sizes and times cannot be negative")
	}
	set(&o.DedupeWindow, 10*time.Minute)
	set(&o.DedupeBytesMax, 1<<30)
	set(&o.RingBytesMax, 8<<20)
	set(&o.RingsBytesMax, 256<<20)
	set(&o.RunsBytesMax, 64<<20)
	set(&o.PendingBytesMax, 64<<20)
	set(&o.IngestBytesMax, 32<<20)
	set(&o.ActiveMax, 4096)
	set(&o.RetireEvery, 5*time.Second)
	if o.Codec == nil {
		codec := block.S2
		o.Codec = &codec
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// set fills a zero field.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
