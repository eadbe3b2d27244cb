package keyed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Shown is what a node answers. A key that is absent has no Value.
type Shown struct {
	Value     json.RawMessage
	Conflicts json.RawMessage
}

// Check says how what is shown differs from the state.
func (s State) Check(got Shown) error {
	checks := map[string]func(Shown) error{
		"counter": s.count, "bounded_counter": s.count, "register": s.register, "set": s.set, "map": s.fields,
		"flag": s.flag, "hyperloglog": s.distinct, "quantiles": s.quantiles, "topk": s.topk,
	}
	check, known := checks[s.Type]
	switch {
	case !known:
		return fmt.Errorf("no type is named %q", s.Type)
	case len(s.Entries) == 0 && s.Type == "bounded_counter" && string(got.Value) == "0":
		return nil
	case len(s.Entries) == 0 && got.Value != nil:
		return fmt.Errorf("shows %s, want nothing", got.Value)
	case len(s.Entries) == 0:
		return nil
	case got.Value == nil:
		return fmt.Errorf("shows nothing, want %d entries such as %+v", len(s.Entries), s.sorted()[0])
	}
	return check(got)
}

// sorted is all entries, the first begun first.
func (s State) sorted() []Entry {
	return slices.SortedFunc(maps.Values(s.Entries), func(a, b Entry) int { return int(a.Start - b.Start) })
}

func (s State) sum() (n int64) {
	for _, e := range s.Entries {
		n += e.N
	}
	return n
}

func (s State) count(got Shown) error {
	if want := fmt.Sprint(s.sum()); string(got.Value) != want {
		return fmt.Errorf("shows %s, want %s of %d updates", got.Value, want, len(s.Entries))
	}
	return nil
}

func (s State) flag(got Shown) error {
	if string(got.Value) != "true" {
		return fmt.Errorf("shows %s, want true", got.Value)
	}
	return nil
}

// register wants one of the values that may be the last, and all of them as conflicts.
func (s State) register(got Shown) error {
	all := s.sorted()
	if !slices.ContainsFunc(last(all), func(e Entry) bool { return string(got.Value) == e.Content }) {
		return fmt.Errorf("shows %s, want the last of %+v", got.Value, all)
	}
	if len(all) == 1 {
		if got.Conflicts != nil {
			return fmt.Errorf("shows conflicts %s, want none beside %s", got.Conflicts, all[0].Content)
		}
		return nil
	}
	var conflicts []json.RawMessage
	if err := json.Unmarshal(got.Conflicts, &conflicts); err != nil {
		return fmt.Errorf("conflicts %s: %w", got.Conflicts, err)
	}
	return sameTexts("conflicts", texts(conflicts), contents(all))
}

// last are the entries that may be the last: none was begun after they had been answered.
func last(all []Entry) []Entry {
	return slices.DeleteFunc(slices.Clone(all), func(e Entry) bool {
		return slices.ContainsFunc(all, func(o Entry) bool { return o.Start > e.End })
	})
}

func contents(all []Entry) (list []string) {
	for _, e := range all {
		list = append(list, e.Content)
	}
	return list
}

func texts(raw []json.RawMessage) (list []string) {
	for _, r := range raw {
		list = append(list, string(r))
	}
	return list
}

// sameTexts compares without regard to order.
func sameTexts(what string, got, want []string) error {
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s %s, want %s", what, strings.Join(got, " "), strings.Join(want, " "))
	}
	return nil
}

func (s State) names() []string {
	seen := map[string]bool{}
	for _, e := range s.Entries {
		seen[e.Name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// set compares as texts: the order of elements of several kinds is the laws' concern.
func (s State) set(got Shown) error {
	var items []json.RawMessage
	if err := json.Unmarshal(got.Value, &items); err != nil {
		return fmt.Errorf("%s: %w", got.Value, err)
	}
	return sameTexts("shows", texts(items), s.names())
}

// fields are a map's, each a register or a counter.
func (s State) fields(got Shown) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(got.Value, &fields); err != nil {
		return fmt.Errorf("%s: %w", got.Value, err)
	}
	if err := sameTexts("has fields", slices.Collect(maps.Keys(fields)), s.names()); err != nil {
		return err
	}
	several := 0
	for name, value := range fields {
		one := s.field(name)
		all := one.sorted()
		if all[0].Content == "" {
			if err := one.count(Shown{Value: value}); err != nil {
				return fmt.Errorf("field %s %w", name, err)
			}
			continue
		}
		if len(all) > 1 {
			several++
		}
		if !slices.ContainsFunc(last(all), func(e Entry) bool { return e.Content == string(value) }) {
			return fmt.Errorf("field %s shows %s, want the last of %+v", name, value, all)
		}
	}
	return s.fieldConflicts(several, got.Conflicts)
}

// field is what is there of one field.
func (s State) field(name string) State {
	one := New("counter")
	for number, e := range s.Entries {
		if e.Name == name {
			one.Entries[number] = e
		}
	}
	return one
}

// fieldConflicts wants the fields with several values, each with all of them.
func (s State) fieldConflicts(several int, got json.RawMessage) error {
	var conflicts []struct {
		Field  string
		Values []json.RawMessage
	}
	if got != nil {
		if err := json.Unmarshal(got, &conflicts); err != nil {
			return fmt.Errorf("conflicts %s: %w", got, err)
		}
	}
	if len(conflicts) != several {
		return fmt.Errorf("shows conflicts %s, want %d fields", got, several)
	}
	for _, c := range conflicts {
		if err := sameTexts("field "+c.Field+" conflicts", texts(c.Values), contents(s.field(c.Field).sorted())); err != nil {
			return err
		}
	}
	return nil
}

func (s State) distinct(got Shown) error {
	var has struct{ Estimate, Error float64 }
	if err := json.Unmarshal(got.Value, &has); err != nil {
		return fmt.Errorf("%s: %w", got.Value, err)
	}
	seen := contents(s.sorted())
	slices.Sort(seen)
	want := float64(len(slices.Compact(seen)))
	if math.Abs(has.Estimate-want) > 1+5*has.Error*want {
		return fmt.Errorf("shows %s, want about %.0f", got.Value, want)
	}
	return nil
}

func (s State) quantiles(got Shown) error {
	var has struct{ Count, Min, Max int64 }
	if err := json.Unmarshal(got.Value, &has); err != nil {
		return fmt.Errorf("%s: %w", got.Value, err)
	}
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for _, e := range s.Entries {
		low, high = min(low, e.N), max(high, e.N)
	}
	if has.Count != int64(len(s.Entries)) || has.Min != low || has.Max != high {
		return fmt.Errorf("shows %s, want %d from %d to %d", got.Value, len(s.Entries), low, high)
	}
	return nil
}

func (s State) topk(got Shown) error {
	var has []struct {
		Item         json.RawMessage
		Count, Error int
	}
	if err := json.NewDecoder(bytes.NewReader(got.Value)).Decode(&has); err != nil {
		return fmt.Errorf("%s: %w", got.Value, err)
	}
	counts := map[string]int{}
	for _, e := range s.Entries {
		counts[e.Content]++
	}
	for _, h := range has {
		if n := counts[string(h.Item)]; h.Count < n || h.Count-h.Error > n {
			return fmt.Errorf("shows %s %d times, at most %d too many; want %d", h.Item, h.Count, h.Error, n)
		}
	}
	return nil
}
