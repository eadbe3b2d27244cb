package window

import "math"

// Slice is the part of time that holds t and that no window divides. An event of a Session is its
// own: Span{t, t}, whose End is what lateness is measured by.
func (s *Spec) Slice(t int64) Span {
	switch s.Kind {
	case None:
		return Span{}
	case Session:
		return Span{t, t}
	}
	t = min(t, math.MaxInt64-1) // so that it lies before an end
	n := s.Grain()
	past := s.after(t, n)
	return Span{minus(t, past), plus(t, n-past)}
}

// Windows appends the windows that contain a slice, ascending. Those of a Session come of Join.
func (s *Spec) Windows(dst []Span, slice Span) []Span {
	t := slice.within()
	switch s.Kind {
	case None:
		return append(dst, Span{})
	case Tumble:
		return append(dst, slice)
	case Hop:
		past := s.after(t, s.Step)
		for past += (s.Size - 1 - past) / s.Step * s.Step; past >= 0; past -= s.Step {
			dst = append(dst, Span{minus(t, past), plus(t, s.Size-past)})
		}
	case Cumulate:
		past := s.after(t, s.Size)
		start := minus(t, past)
		for size := past - past%s.Step + s.Step; ; size += s.Step {
			end := plus(t, size-past)
			dst = append(dst, Span{start, end})
			if size == s.Size || end == math.MaxInt64 { // the rest are cut to the same
				break
			}
		}
	}
	return dst
}

// within is a time of the span, though one of its ends may be cut.
func (w Span) within() int64 {
	if w.Start == math.MinInt64 {
		return w.End - 1
	}
	return w.Start
}

// Slices appends the slices of a window, ascending; none for a Session, which is made of fragments.
func (s *Spec) Slices(dst []Span, w Span) []Span {
	switch s.Kind {
	case None:
		return append(dst, Span{})
	case Session:
		return dst
	}
	slice, n := s.Slice(w.Start), s.Grain()
	for ; slice.End < w.End; slice = (Span{slice.End, plus(slice.End, n)}) {
		dst = append(dst, slice)
	}
	return append(dst, slice)
}

// Needed is the start of the first window that ends after sealed: slices that end at or before it
// are in sealed windows alone, when all that end by sealed are. It is Unknown, before all slices,
// where windows have none.
func (s *Spec) Needed(sealed int64) int64 {
	switch s.Kind {
	case Tumble, Cumulate:
		return minus(sealed, s.after(sealed, s.Size))
	case Hop:
		past := s.after(sealed, s.Step)
		return minus(sealed, past+(s.Size-1-past)/s.Step*s.Step)
	}
	return Unknown
}
