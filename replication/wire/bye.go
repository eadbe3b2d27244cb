package wire

import "time"

// Bye ends a link that was in use.
type Bye struct {
	Code, Detail string
	RetryAfter   time.Duration
}

// Type is 3.
func (Bye) Type() byte { return typeBye }

func (f Bye) appendFields(b []byte) []byte { return farewell(f).appendFields(b) }
