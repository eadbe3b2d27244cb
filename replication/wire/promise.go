package wire

// Promise is that the sender's origin makes no event stamped before Time any more; Behind says
// that blocks before it are still to be sent on this lane.
type Promise struct {
	Time   int64 // Unix nanoseconds
	Behind bool
}

// Type is 13.
func (Promise) Type() byte { return typePromise }

func (f Promise) appendFields(b []byte) []byte {
	return appendBool(appendInt(appendArray(b, 2), f.Time), f.Behind)
}

func readPromise(a *array) Promise { return Promise{a.int64(), a.bool()} }
