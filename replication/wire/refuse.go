package wire

import "time"

// Refuse answers a HELLO that cannot be taken; the sender closes the link after it.
type Refuse struct {
	Code, Detail string
	RetryAfter   time.Duration
}

// Type is 2.
func (Refuse) Type() byte { return typeRefuse }

func (f Refuse) appendFields(b []byte) []byte { return farewell(f).appendFields(b) }

// farewell is what REFUSE and BYE have in common. RetryAfter travels as nanoseconds.
type farewell struct {
	Code, Detail string
	RetryAfter   time.Duration
}

func (f farewell) appendFields(b []byte) []byte {
	b = appendText(appendText(appendArray(b, 3), f.Code), f.Detail)
	return appendInt(b, int64(f.RetryAfter))
}

func readFarewell(a *array) farewell {
	return farewell{a.text(), a.text(), time.Duration(a.int64())}
}
