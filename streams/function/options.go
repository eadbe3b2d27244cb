package function

import (
	"errors"
	"log/slog"
	"time"
)

// Options tune a Runner. The zero value is ready for use.
type Options struct {
	// FlushEvery is how long what was folded waits for the store, and so for readers and other
	// nodes; where it is little, a quarter of that. Default 200 ms. More makes fewer and larger records.
	FlushEvery time.Duration
	// FlushBytes is how much of one query may wait. Default 4 MiB.
	FlushBytes int
	// CellBytes is how much of one query's cells that are in the store stay in memory too.
	// Default 64 MiB.
	CellBytes int
	// PartialsBytes is the size of a node's partials of one query from which what is outdated of
	// them is let go. Default 8 MiB.
	PartialsBytes int64
	// DropAfter is how long the state of a query that no definition names any more is kept.
	// Default 10 min.
	DropAfter time.Duration
	Log       *slog.Logger     // nil discards
	Now       func() time.Time // nil asks the wall clock
}

func (o Options) withDefaults() (Options, error) {
	if o.FlushEvery < 0 || o.FlushBytes < 0 || o.CellBytes < 0 || o.PartialsBytes < 0 || o.DropAfter < 0 {
		return o, errors.New("function: options: times and sizes cannot be negative")
	}
	set(&o.FlushEvery, 200*time.Millisecond)
	set(&o.FlushBytes, 4<<20)
	set(&o.CellBytes, 64<<20)
	set(&o.PartialsBytes, 8<<20)
	set(&o.DropAfter, 10*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// set gives an unset option its default.
func set[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}
