package window

import (
	"math"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
)

func origin(label string) edged.Origin {
	o := edged.Origin{Label: label}
	copy(o.ID[:], label)
	return o
}

func labels(origins []edged.Origin) (names []string) {
	for _, o := range origins {
		names = append(names, o.Label)
	}
	return names
}

// at is a source that has reached a time and was heard just now.
func at(label string, watermark int64) Source {
	return Source{Origin: origin(label), Watermark: watermark, Bounded: true}
}

// away is one that was not heard for so long.
func away(label string, watermark, unheard int64) Source {
	return Source{Origin: origin(label), Watermark: watermark, Bounded: true, Unheard: unheard}
}

func TestStates(t *testing.T) {
	w := Span{0, 100}
	s := &Spec{Kind: Tumble, Size: 100, Step: 100, Lateness: 5, ReviseWithin: 20}
	gone := Source{Origin: origin("ap"), Watermark: 3, Bounded: true, Sealed: true, Unheard: 1e9}
	unstarted := Source{Origin: origin("ap"), Watermark: 500}
	for _, c := range []struct {
		name         string
		spec         *Spec
		sources      []Source
		excludeAfter int64
		closed       bool
		excluded     []string
		sealed       bool
	}{
		{"provisional: one is not past", s, []Source{at("eu", 105), at("ap", 104)}, 10, false, nil, false},
		{"provisional: the end alone is not past", s, []Source{at("eu", 100)}, 10, false, nil, false},
		{"provisional: one is away, not for long enough", s, []Source{at("eu", 105), away("ap", 3, 9)}, 10, false, nil, false},
		{"provisional: one is heard but behind", s, []Source{at("eu", 105), at("ap", 3), away("us", 3, 99)}, 10, false, nil, false},
		{"provisional: one is heard now", s, []Source{at("eu", 104)}, 0, false, nil, false},
		{"provisional: wait for all", s, []Source{at("eu", 105), away("ap", 3, math.MaxInt64)}, Never, false, nil, false},
		{"provisional: one never heard of", s, []Source{at("eu", 105), {Origin: origin("ap"), Watermark: Unknown}}, 10, false, nil, false},
		{"provisional: no source", s, nil, 10, false, nil, false},
		{"final", s, []Source{at("eu", 105), at("ap", 105)}, 10, true, nil, false},
		{"final: an origin without a log", s, []Source{at("eu", 105), unstarted}, 10, true, nil, false},
		{"final: one is away, but past", s, []Source{at("eu", 105), away("ap", 105, 99)}, 10, true, nil, false},
		{"final: one is sealed", s, []Source{at("eu", 105), gone}, Never, true, nil, false},
		{"final with exclusions", s, []Source{away("us", 3, 10), at("eu", 105), away("ap", 104, 11)}, 10, true, []string{"us", "ap"}, false},
		{"final with exclusions: the others are past the seal", s, []Source{at("eu", 999), away("ap", 104, 11)}, 10, true, []string{"ap"}, false},
		{"not sealed: lateness and revise_within", s, []Source{at("eu", 999), at("ap", 124)}, 10, true, nil, false},
		{"not sealed: no bound yet", s, []Source{at("eu", 999), unstarted}, 10, true, nil, false},
		{"sealed", s, []Source{at("eu", 125), at("ap", 125)}, 10, true, nil, true},
		{"sealed: with a sealed origin", s, []Source{at("eu", 125), gone}, 10, true, nil, true},
		{"a view without windows", &Spec{}, []Source{at("eu", math.MaxInt64)}, 10, false, nil, false},
		{"sealed: at the end of time", s, []Source{at("eu", math.MaxInt64)}, 10, true, nil, true},
	} {
		closed, excluded := c.spec.Close(w, c.sources, c.excludeAfter)
		if closed != c.closed || closed && !slices.Equal(labels(excluded), c.excluded) {
			t.Errorf("%s: closed %v without %v", c.name, closed, labels(excluded))
		}
		if got := c.spec.SealedAt(w, c.sources); got != c.sealed {
			t.Errorf("%s: sealed %v", c.name, got)
		}
	}
}

func TestTheExcludedLeaveWhenPast(t *testing.T) {
	w := Span{0, 100}
	s := &Spec{Kind: Tumble, Size: 100, Step: 100, Lateness: 5}
	excluded := []edged.Origin{origin("ap"), origin("us")}
	for _, c := range []struct {
		name string
		now  []Source
		left []string
	}{
		{"still away", []Source{at("eu", 105), away("ap", 3, 99), away("us", 3, 99)}, []string{"ap", "us"}},
		{"one is heard again but behind", []Source{at("eu", 105), at("ap", 104), away("us", 3, 99)}, []string{"ap", "us"}},
		{"one is past", []Source{at("eu", 105), at("ap", 105), away("us", 3, 99)}, []string{"us"}},
		{"one is sealed", []Source{at("eu", 105), {Origin: origin("ap"), Sealed: true}, away("us", 3, 99)}, []string{"us"}},
		{"no more are added", []Source{away("eu", 3, 99), at("ap", 105), at("us", 105)}, nil},
	} {
		if got := labels(s.Left(w, c.now, excluded)); !slices.Equal(got, c.left) {
			t.Errorf("%s: %v, want %v", c.name, got, c.left)
		}
	}
}

func TestRevises(t *testing.T) {
	s := &Spec{Kind: Hop, Size: 100, Step: 50, Lateness: 5}
	for _, c := range []struct {
		name  string
		bound int64
		want  bool
	}{
		{"none was late", Unknown, false},
		{"late for the slice, not for the window", 104, false},
		{"late for the window", 105, true},
	} {
		if got := s.Revises(Span{0, 100}, c.bound); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestTheQuerysWatermark(t *testing.T) {
	gone := Source{Origin: origin("us"), Watermark: 1, Sealed: true}
	for _, c := range []struct {
		name     string
		sources  []Source
		excluded []edged.Origin
		want     int64
	}{
		{"the least", []Source{at("eu", 7), at("ap", 5)}, nil, 5},
		{"without the excluded", []Source{at("eu", 7), at("ap", 5)}, []edged.Origin{origin("ap")}, 7},
		{"without the sealed", []Source{at("eu", 7), gone}, nil, 7},
		{"one unknown", []Source{at("eu", 7), {Origin: origin("ap"), Watermark: Unknown}}, nil, Unknown},
		{"all sealed", []Source{gone}, nil, math.MaxInt64},
		{"all excluded", []Source{at("eu", 7)}, []edged.Origin{origin("eu")}, Unknown},
		{"none", nil, nil, Unknown},
	} {
		if got := Watermark(c.sources, c.excluded); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	var words []string
	for k := None; k <= Session; k++ {
		words = append(words, k.String())
	}
	for s := Provisional; s <= Revised; s++ {
		words = append(words, s.String())
	}
	want := []string{"", "tumble", "hop", "cumulate", "session", "provisional", "final", "revised"}
	if !slices.Equal(words, want) {
		t.Errorf("%v, want %v", words, want)
	}
}
