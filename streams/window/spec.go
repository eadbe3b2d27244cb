package window

// Kind is the shape of a query's windows.
type Kind uint8

// The kinds. A query of kind None has one slice and one window for all times, Span{0, 0}, in which
// nothing is late and which never closes.
const (
	None Kind = iota
	Tumble
	Hop
	Cumulate
	Session
)

// String gives the word of the API, empty for None.
func (k Kind) String() string {
	switch k {
	case Tumble:
		return "tumble"
	case Hop:
		return "hop"
	case Cumulate:
		return "cumulate"
	case Session:
		return "session"
	}
	return ""
}

// Never, as Idle: quiet logs stand still. As a time to exclude after: wait for all.
const Never = -1

// Spec is the windows of a query and what is late in them. Times are Unix nanoseconds, lengths
// nanoseconds of 0 or more. It is not changed once in use.
type Spec struct {
	Kind           Kind
	Size           int64 // of Tumble, Hop and Cumulate, at least 1
	Step           int64 // from window to window, 1 to Size; of Tumble Size; of Cumulate it divides Size
	Align          int64 // added to the epoch; any sign
	Gap            int64 // of Session, at least 1: an event so long after the last begins anew
	Ingest         bool  // the time is _ingest, the wall part of the event's stamp
	OutOfOrderness int64 // how far behind its log's newest an event may be
	Idle           int64 // a log quiet for longer runs on with its stamps; Never
	Lateness       int64 // a window stays open for so long
	ReviseWithin   int64 // a closed window can change for so long
}

// Span is the half-open range of event times from Start to End.
type Span struct{ Start, End int64 }

// Grain is the length of a slice: gcd(Step, Size), which divides every window. 0 without slices.
func (s *Spec) Grain() int64 {
	switch s.Kind {
	case Tumble:
		return s.Size
	case Hop:
		a, b := s.Size, s.Step
		for b != 0 {
			a, b = b, a%b
		}
		return a
	case Cumulate:
		return s.Step
	}
	return 0
}

// after is how far t lies behind the last border of spans of n that are aligned.
func (s *Spec) after(t, n int64) int64 {
	return remainder(remainder(t, n)-remainder(s.Align, n), n)
}

// remainder is of floor division: 0 to n-1, before 1970 too.
func remainder(t, n int64) int64 {
	if t %= n; t < 0 {
		t += n
	}
	return t
}
