package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces attempts: each pause is drawn from [half, whole] of a bound that doubles, so that
// clients that lost one node together do not come back together.
type backoff struct {
	min, max time.Duration
	bound    time.Duration
}

func newBackoff(least, most time.Duration) backoff {
	if least <= 0 {
		least = 100 * time.Millisecond
	}
	if most < least {
		most = max(least, 10*time.Second)
	}
	return backoff{min: least, max: most, bound: least}
}

// next gives the pause before the next attempt, at least as long as the node asked for.
func (b *backoff) next(asked time.Duration) time.Duration {
	pause := b.bound/2 + rand.N(b.bound/2+1)
	b.bound = min(2*b.bound, b.max)
	return max(pause, asked)
}

// reset is called when an attempt went well.
func (b *backoff) reset() { b.bound = b.min }

// pause waits, or returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
