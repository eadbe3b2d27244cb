package crdt

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

// situation is a story of one key at some sites, named a to z. Its lines:
//
//	a: {"add":[1]}     one record of a with these operations, or with "delete"
//	a: OPS | OPS       one record of two requests
//	a: OPS -> KIND AT  refused, at a place below body if one is given
//	a@7: OPS           with 7 as its time; else each record is later than all before
//	a gives 3 to b     rights of a bounded counter
//	a > b              b folds what it lacks of a's records
//	a ~ b              b merges a's state
//	a = JSON           what a shows; "absent" for nothing
//	a ? JSON           the conflicts that a shows; "none" for nothing
//
// In the end all records go everywhere, and all sites have to hold the same bytes.
type situation struct {
	name  string
	story string
}

type site struct {
	origin edged.OriginID
	value  Value
	vector Vector
}

type record struct {
	at    Place
	delta []byte
}

type world struct {
	t      *testing.T
	kind   Type
	limits Limits
	sites  map[string]*site
	logs   map[edged.OriginID][]record
	wall   int64
}

func play(t *testing.T, kind string, l Limits, all []situation) {
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			typ, known := TypeOf(kind)
			if !known {
				t.Fatalf("no type %q", kind)
			}
			w := &world{t: t, kind: typ, limits: l, sites: map[string]*site{}, logs: map[edged.OriginID][]record{}}
			for line := range strings.Lines(s.story) {
				if line = strings.TrimSpace(line); line != "" {
					w.line(line)
				}
			}
			w.settle()
		})
	}
}

func originOf(name string) (o edged.OriginID) {
	o[0] = name[0]
	return o
}

func (w *world) site(name string) *site {
	s := w.sites[name]
	if s == nil {
		s = &site{originOf(name), w.kind.New(w.limits), Vector{}}
		w.sites[name] = s
	}
	return s
}

func (w *world) line(line string) {
	w.t.Helper()
	name, rest := line[:1], line[1:]
	s := w.site(name)
	switch {
	case strings.HasPrefix(rest, " = "):
		want := rest[3:]
		got := string(s.value.AppendJSON(nil))
		if s.value.Absent() {
			got = "absent"
		}
		if got != want {
			w.t.Fatalf("%s\n got %s", line, got)
		}
	case strings.HasPrefix(rest, " ? "):
		got := string(s.value.AppendConflicts(nil))
		if got == "" {
			got = "none"
		}
		if got != rest[3:] {
			w.t.Fatalf("%s\n got %s", line, got)
		}
	case strings.HasPrefix(rest, " > "):
		w.fold(s, w.site(rest[3:]))
	case strings.HasPrefix(rest, " ~ "):
		w.merge(s, w.site(rest[3:]))
	case strings.HasPrefix(rest, " gives "):
		var n int64
		var to string
		if _, err := fmt.Sscanf(rest, " gives %d to %s", &n, &to); err != nil {
			w.t.Fatal(err)
		}
		w.update(s, w.wall+1, [][]Op{{{Verb: Transfer, Number: n, Taker: w.site(to).origin}}}, "")
	default:
		w.request(s, line)
	}
}

func (w *world) request(s *site, line string) {
	w.t.Helper()
	head, body, ok := strings.Cut(line, ": ")
	if !ok {
		w.t.Fatalf("%s: no such line", line)
	}
	body, refusal, _ := strings.Cut(body, " -> ")
	wall := w.wall + 1
	if _, at, given := strings.Cut(head, "@"); given {
		wall, _ = strconv.ParseInt(at, 10, 64)
	}
	var requests [][]Op
	for text := range strings.SplitSeq(body, " | ") {
		ops := []Op{{Verb: Clear}}
		if text != "delete" {
			var err error
			if ops, err = w.kind.Ops([]byte(text)); err != nil {
				w.t.Fatalf("%s: %v", line, err)
			}
		}
		requests = append(requests, ops)
	}
	w.update(s, wall, requests, refusal)
}

// update makes a record as a node does: on a copy, folded afterwards into what it was made of.
func (w *world) update(s *site, wall int64, requests [][]Op, refusal string) {
	w.t.Helper()
	before := s.value.AppendTo(nil)
	changed := w.parse(before)
	at := Place{Dot{s.origin, s.vector[s.origin] + 1}, edged.Timestamp{Wall: wall}}
	change := changed.Begin(at)
	for _, ops := range requests {
		was := changed.AppendTo(nil)
		err := change.Do(ops)
		if err != nil && !bytes.Equal(was, changed.AppendTo(nil)) {
			w.t.Fatalf("refused (%v), and done by half", err)
		}
		if got := refusalText(err); got != refusal {
			w.t.Fatalf("refused as %q, want %q (%v)", got, refusal, err)
		}
	}
	delta := change.AppendDelta(nil)
	if len(delta) == 0 {
		if !bytes.Equal(before, changed.AppendTo(nil)) {
			w.t.Fatal("no delta, and another value")
		}
		return
	}
	w.wall = max(w.wall, wall)
	w.logs[s.origin] = append(w.logs[s.origin], record{at, delta})
	w.fold(s, s)
	changed.Trim(s.vector)
	if got, want := s.value.AppendTo(nil), changed.AppendTo(nil); !bytes.Equal(got, want) {
		w.t.Fatalf("the delta %x folded gives\n%x, the change gave\n%x", delta, got, want)
	}
	if !bytes.Equal(s.value.AppendTo(nil), w.parse(s.value.AppendTo(nil)).AppendTo(nil)) {
		w.t.Fatal("does not come back from its bytes")
	}
}

func refusalText(err error) string {
	refusal := new(edged.Refusal)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal) && len(refusal.Fields) > 0:
		return string(refusal.Kind) + " " + refusal.Fields[0].Location
	case errors.As(err, &refusal):
		return string(refusal.Kind)
	}
	return err.Error()
}

func (w *world) parse(data []byte) Value {
	w.t.Helper()
	v, err := w.kind.Parse(data, w.limits)
	if err != nil {
		w.t.Fatalf("%x: %v", data, err)
	}
	return v
}

func (w *world) fold(from, to *site) {
	w.t.Helper()
	for _, rec := range w.logs[from.origin] {
		if to.vector.Covers(rec.at.Dot) {
			continue
		}
		if err := to.value.Fold(rec.at, rec.delta); err != nil {
			w.t.Fatalf("%x: %v", rec.delta, err)
		}
		to.vector[from.origin] = rec.at.Sequence
		to.value.Trim(to.vector)
	}
}

func (w *world) merge(from, to *site) {
	other := from.value.AppendTo(nil)
	to.value.Merge(from.value, to.vector, from.vector)
	for o, n := range from.vector {
		to.vector[o] = max(to.vector[o], n)
	}
	if !bytes.Equal(other, from.value.AppendTo(nil)) {
		w.t.Fatal("a merge has changed the other value")
	}
}

func (w *world) settle() {
	w.t.Helper()
	names := slices.Sorted(maps.Keys(w.sites))
	for _, to := range names {
		for _, from := range names {
			w.fold(w.sites[from], w.sites[to])
		}
		w.sites[to].value.Trim(w.sites[to].vector)
	}
	first := w.sites[names[0]].value
	for _, name := range names[1:] {
		v := w.sites[name].value
		if !bytes.Equal(v.AppendTo(nil), first.AppendTo(nil)) || !bytes.Equal(v.AppendAlive(nil), first.AppendAlive(nil)) {
			w.t.Fatalf("in the end %s holds %s as\n%x,\n%s holds %s as\n%x", names[0], first.AppendJSON(nil),
				first.AppendTo(nil), name, v.AppendJSON(nil), v.AppendTo(nil))
		}
	}
}
