package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// Options are those of WITH and of the body together. Lengths are nanoseconds; window.Never is
// "never", and of Backfill "all".
type Options struct {
	OutOfOrderness int64  // how far behind the newest event of its log an event is still on time; 2s
	Idle           int64  // a log quiet for longer lets its event time run on; 5s, or never
	Lateness       int64  // how long a window stays open past its end; 0s
	ReviseWithin   int64  // how much later an event still changes a closed window; 10m
	ExcludeAfter   int64  // close without an unreachable origin after so long; 10s, or never
	Scope          string // "global" or "region": whose logs count
	Retain         int64  // rows go so long after the window's end; 24h; of views, and per event, never
	Into           string // stream for the outputs; empty is none
	Late           string // stream for events too late to count; empty is none
	Dead           string // stream for failed events; empty is none
	Backfill       int64  // how far back to begin; never: with all that is retained, 0: with nothing
	MaxKeys        int    // groups per slice and log; 100,000
}

// Start is the start stamp of a function that is defined at a time, both in Unix nanoseconds.
func (o *Options) Start(now int64) int64 {
	if o.Backfill == window.Never {
		return 0
	}
	return max(0, now-o.Backfill)
}

const (
	defaultRetain  = 24 * time.Hour
	defaultMaxKeys = 100_000
	maxKeysMost    = 10_000_000
	lengthMost     = 3650 * 24 * time.Hour
)

func defaults() Options {
	return Options{
		OutOfOrderness: int64(2 * time.Second), Idle: int64(5 * time.Second), ReviseWithin: int64(10 * time.Minute),
		ExcludeAfter: int64(10 * time.Second), Scope: "global", Retain: unset, Backfill: window.Never, MaxKeys: defaultMaxKeys,
	}
}

// unset stands for a retention that was not given, until it is known whether there is a window.
const unset = -2

// option is one of the catalogue. Read takes its text, and says what would be right if it is not.
type option struct {
	name string
	read func(o *Options, text string) string
}

var catalogue = []option{ // read-only
	{"out_of_orderness", lengthOf(func(o *Options) *int64 { return &o.OutOfOrderness }, "")},
	{"idle", lengthOf(func(o *Options) *int64 { return &o.Idle }, "never")},
	{"lateness", lengthOf(func(o *Options) *int64 { return &o.Lateness }, "")},
	{"revise_within", lengthOf(func(o *Options) *int64 { return &o.ReviseWithin }, "")},
	{"exclude_after", lengthOf(func(o *Options) *int64 { return &o.ExcludeAfter }, "never")},
	{"scope", readScope},
	{"retain", lengthOf(func(o *Options) *int64 { return &o.Retain }, "never")},
	{"into", nameOf(func(o *Options) *string { return &o.Into })},
	{"late", nameOf(func(o *Options) *string { return &o.Late })},
	{"dead", nameOf(func(o *Options) *string { return &o.Dead })},
	{"backfill", readBackfill},
	{"max_keys", readMaxKeys},
}

// optionNames are the names of all options, in the order of the catalogue.
func optionNames() []string {
	names := make([]string, len(catalogue))
	for i := range catalogue {
		names[i] = catalogue[i].name
	}
	return names
}

// lengthOf reads a length of time into a field; word, if any, is what may stand for endless.
func lengthOf(field func(*Options) *int64, word string) func(*Options, string) string {
	return func(o *Options, text string) string {
		if word != "" && text == word {
			*field(o) = window.Never
			return ""
		}
		if d, ok := length(text); ok {
			*field(o) = d
			return ""
		}
		if word != "" {
			return "It is a length of time up to 87600h, or '" + word + "'. Write '10s', '5m' or '24h'."
		}
		return "It is a length of time up to 87600h. Write '10s', '5m' or '24h'."
	}
}

// length reads a length of time as Go writes it.
func length(text string) (int64, bool) {
	d, err := time.ParseDuration(text)
	return int64(d), err == nil && d >= 0 && d <= lengthMost
}

func nameOf(field func(*Options) *string) func(*Options, string) string {
	return func(o *Options, text string) string {
		if edged.CheckName("", text) != nil {
			return "It names a stream: 1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit."
		}
		*field(o) = text
		return ""
	}
}

func readScope(o *Options, text string) string {
	if text != "global" && text != "region" {
		return "Write 'global', whose logs are the mesh's, or 'region', those of the region that answers."
	}
	o.Scope = text
	return ""
}

func readBackfill(o *Options, text string) string {
	d, ok := length(text)
	switch {
	case text == "all":
		d = window.Never
	case text == "none":
		d = 0
	case !ok:
		return "Write 'all', 'none' or a length of time up to 87600h, such as '24h'."
	}
	o.Backfill = d
	return ""
}

func readMaxKeys(o *Options, text string) string {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxKeysMost || strings.TrimLeft(text, "+0") != text {
		return "Write a whole number from 1 to " + strconv.Itoa(maxKeysMost) + "."
	}
	o.MaxKeys = n
	return ""
}

// options reads WITH and the body.
func (m *maker) options(p *Plan, body map[string]string) {
	p.Options = defaults()
	given := map[string]string{}
	for i := range m.query.With {
		o := &m.query.With[i]
		if m.option(&p.Options, o.At, o.Name, o.Value.Text) {
			given[o.Name] = o.Value.Text
		}
	}
	names := make([]string, 0, len(body))
	for name := range body {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		before := p.Options
		if !m.option(&p.Options, sql.Pos{}, name, body[name]) {
			continue
		}
		if text, both := given[name]; both && p.Options != before {
			m.note(sql.Pos{}, name, "The option %s is %s here and %s in the text. Write it in one place.", name, quoted(body[name]), quoted(text))
		}
	}
}

// option reads one, and says whether it is right. At is zero for one of the body.
func (m *maker) option(o *Options, at sql.Pos, name, text string) bool {
	i := slices.IndexFunc(catalogue, func(c option) bool { return c.name == name })
	if i < 0 {
		message := "There is no option " + clip(name) + ". The options are " + strings.Join(optionNames(), ", ") + "."
		if near := sql.Nearest(name, optionNames()); near != "" {
			message = "There is no option " + clip(name) + ". Did you mean " + near + "?"
		}
		m.note(at, name, "%s", message)
		return false
	}
	m.into = m.into || name == "into"
	if want := catalogue[i].read(o, text); want != "" {
		m.note(at, name, "%s does not fit the option %s. %s", quoted(text), name, want)
		return false
	}
	return true
}

// place is where an option stands: in the text, or nowhere in it.
func (m *maker) place(name string) sql.Pos {
	for i := range m.query.With {
		if m.query.With[i].Name == name {
			return m.query.With[i].At
		}
	}
	return sql.Pos{}
}

// targets refuses streams that an option names and the query reads, and asks for one per event.
func (m *maker) targets(p *Plan) {
	for _, t := range [...]struct{ name, stream string }{{"into", p.Options.Into}, {"late", p.Options.Late}, {"dead", p.Options.Dead}} {
		if t.stream != "" && slices.Contains(p.Inputs, t.stream) {
			m.note(m.place(t.name), t.name, "The function reads %s, and would read what it writes there. Name another stream.", t.stream)
		}
	}
	if m.divided && p.Way == PerEvent && !m.into && !m.unsure {
		m.note(m.query.At, "", "A query without GROUP BY and without an aggregate writes events, and says no stream for them. Write WITH (into='%s').", cmp.Or(p.Name, "name"))
	}
}
