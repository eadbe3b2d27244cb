package window

import (
	"slices"

	"github.com/edgedhq/edged"
)

// Status is the state of a row.
type Status uint8

// A row is Provisional while some source is not past its window, Final from its window's close, and
// Revised once it changed after that.
const (
	Provisional Status = iota
	Final
	Revised
)

// String gives the word of the API.
func (s Status) String() string {
	switch s {
	case Final:
		return "final"
	case Revised:
		return "revised"
	}
	return "provisional"
}

// Past tells whether no event on time can follow in a window, from a log with such a watermark.
func (s *Spec) Past(w Span, watermark int64) bool {
	return s.Kind != None && s.past(w.End, watermark)
}

// Close tells whether a window closes: every source is past it, but for those that were unheard for
// excludeAfter, which are given, in their order; one heard just now, as a node hears itself, is
// not. With Never all are waited for. Nothing closes without a source. What has closed stays so,
// whatever comes: see Left.
func (s *Spec) Close(w Span, sources []Source, excludeAfter int64) (closed bool, excluded []edged.Origin) {
	for i := range sources {
		source := &sources[i]
		switch {
		case source.Sealed || s.Past(w, source.Watermark):
		case excludeAfter == Never || source.Unheard < max(excludeAfter, 1):
			return false, nil
		default:
			excluded = append(excluded, source.Origin)
		}
	}
	return len(sources) > 0 && s.Kind != None, excluded
}

// Left gives those excluded at a window's close that are not past it yet, heard again or not. None
// is added after the close.
func (s *Spec) Left(w Span, sources []Source, excluded []edged.Origin) (left []edged.Origin) {
	for i := range sources {
		source := &sources[i]
		if slices.Contains(excluded, source.Origin) && !source.Sealed && !s.Past(w, source.Watermark) {
			left = append(left, source.Origin)
		}
	}
	return left
}

// Revises tells whether an event that was folded at such a bound of its log came after that log was
// past the window: lateBound is what Late left with the cell, Unknown if none was.
func (s *Spec) Revises(w Span, lateBound int64) bool {
	return lateBound != Unknown && s.Past(w, lateBound)
}

// SealedAt tells whether a window changes no more, whoever was excluded: each source is sealed
// itself, or has a bound that is ReviseWithin past the window.
func (s *Spec) SealedAt(w Span, sources []Source) bool {
	for i := range sources {
		source := &sources[i]
		if !source.Sealed && !(source.Bounded && s.settled(w.End, source.Watermark)) {
			return false
		}
	}
	return len(sources) > 0 && s.Kind != None
}
