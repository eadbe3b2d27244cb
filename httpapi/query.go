package httpapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// reading is what the parameters of a read ask for.
type reading struct {
	edged.Query
	shape codec.Shape
	where string // its parameters were found
	limit int    // events; 0 is not said
	wait  time.Duration
}

// params are the parameters of a read and where they were found, "query" or "frame".
type params struct {
	values url.Values
	where  string
	now    time.Time
	err    error // the first fault
}

// readNames are the parameters of a read, watchNames those of a watch of a collection.
var (
	readNames = []string{ // read-only
		"after", "cursor", "cursors", "envelope", "filter", "from", "key", "key_prefix", "limit", "on_lag", "order", "origin", "type", "wait",
	}
	watchNames = []string{"after", "cursor", "cursors", "from", "key", "limit", "on_lag", "prefix", "wait"} // read-only
)

// manyMax bounds key= and type=.
const manyMax = 1000

// reading reads the parameters; live says that the reader stays.
func (s *Server) reading(stream string, p params, live bool) (reading, error) {
	q := reading{Query: edged.Query{Stream: stream}, where: p.where}
	p.checkNames(readNames)
	q.Start = p.start(stream, live)
	q.Match = p.match("key_prefix")
	q.Match.Filter = p.one("filter")
	q.Stable = p.choice("order", "arrival", "stable")
	q.Local = p.choice("origin", "any", "local")
	q.shape.DataOnly = p.choice("envelope", "full", "data")
	s.pace(&q, &p, live)
	q.Await = live && s.opts.AutoCreate
	return q, p.err
}

// watching reads the parameters of a watch of a collection; live says that the watcher stays.
func (s *Server) watching(collection string, p params, live bool) (reading, error) {
	q := reading{Query: edged.Query{Stream: collection}, where: p.where}
	q.shape.Change = true
	p.checkNames(watchNames)
	q.Start = p.startOfWatch(edged.CollectionStream(collection), live)
	q.Match = p.match("prefix")
	s.pace(&q, &p, live)
	return q, p.err
}

// pace reads how much is given, and when.
func (s *Server) pace(q *reading, p *params, live bool) {
	q.limit = p.limit(s.opts.Limits.ReadEventsMax)
	q.wait = p.wait(s.opts.Limits.WaitMax)
	q.SkipLag = p.choice("on_lag", "read", "skip")
	// A reader that is given some of the events may never meet those that carry the cursors.
	q.shape.Sparse = p.choice("cursors", "all", "sparse") && q.Match.All() && live
}

func (p *params) refuse(kind edged.Kind, name string, value any, why string, args ...any) {
	if p.err == nil {
		p.err = edged.RefuseField(kind, p.where+"."+name, value, why, args...)
	}
}

func (p *params) checkNames(names []string) {
	var unknown []string
	for name := range p.values {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		name := slices.Min(unknown)
		p.refuse(edged.Invalid, cut(name, 100), nil, "there is no such parameter; %s", suggest(name, names))
	}
}

// one is the value of a parameter that comes at most once.
func (p *params) one(name string) string {
	values := p.values[name]
	if len(values) > 1 {
		p.refuse(edged.Invalid, name, nil, "want it once, not %d times", len(values))
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// choice says whether the second of two words is given; the first is the default.
func (p *params) choice(name, usual, other string) bool {
	text := p.one(name)
	switch {
	case text == usual, !p.values.Has(name):
		return false
	case text == other:
		return true
	default:
		p.refuse(edged.Invalid, name, text, "want %s or %s", usual, other)
		return false
	}
}

func (p *params) limit(most int) int {
	text := p.one("limit")
	if !p.values.Has("limit") {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.refuse(edged.Invalid, "limit", text, "want a number from 1 to %d", most)
		return 0
	}
	return n
}

func (p *params) wait(most time.Duration) time.Duration {
	text := p.one("wait")
	if !p.values.Has("wait") {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most {
		p.refuse(edged.Invalid, "wait", text, "want a duration such as 250ms or 10s, at most %s", durationText(most))
		return 0
	}
	return d
}

// start is where the reader begins: after the cursor if there is one, else where from says. Who
// says neither gets what there is, or on a feed what will come.
func (p *params) start(stream string, live bool) edged.Start {
	if text := p.one("cursor"); text != "" {
		return p.cursor(text, stream, live)
	}
	switch text := p.one("from"); {
	case text == "earliest", text == "" && !live:
		return edged.Start{Kind: edged.Earliest}
	case text == "latest", text == "":
		return edged.Start{Kind: edged.Latest}
	default:
		at, ok := timeOf(text, p.now)
		if !ok {
			p.refuse(edged.Invalid, "from", text,
				"want earliest, latest, an RFC 3339 time such as 2026-11-22T06:41:51Z, or a time before now such as -10m")
		}
		return edged.Start{Kind: edged.AtTime, Time: at}
	}
}

// startOfWatch is the same for a collection, whose state has no past but that of a cursor.
func (p *params) startOfWatch(stream string, live bool) edged.Start {
	if text := p.one("cursor"); text != "" {
		return p.cursor(text, stream, live)
	}
	if p.choice("from", "latest", "earliest") {
		return edged.Start{Kind: edged.Earliest}
	}
	return edged.Start{Kind: edged.Latest}
}

func (p *params) cursor(text, stream string, live bool) edged.Start {
	at, err := edged.ParseCursor(text)
	switch {
	case err != nil:
		p.refuse(edged.BadCursor, "cursor", nil, "it is not a whole cursor; pass one on exactly as a node gave it")
	case at.Stream != stream:
		p.refuse(edged.BadCursor, "cursor", nil, "it is of %s, not %s", placeName(at.Stream), placeName(stream))
	}
	if live {
		return edged.Start{Kind: edged.AtCursorOrGap, Cursor: at}
	}
	return edged.Start{Kind: edged.AtCursor, Cursor: at}
}

// placeName is what a cursor's stream is to users.
func placeName(stream string) string {
	if name, ok := strings.CutPrefix(stream, edged.CollectionStream("")); ok {
		return "collection " + strconv.Quote(name)
	}
	if name, ok := strings.CutPrefix(stream, edged.FunctionStream("")); ok {
		return "function " + strconv.Quote(name)
	}
	if strings.HasPrefix(stream, edged.PartialsStream("")) {
		return "the rows of a function"
	}
	return "stream " + strconv.Quote(stream)
}

// timeOf reads a time: RFC 3339, or a duration below zero from now.
func timeOf(text string, now time.Time) (unixNano int64, ok bool) {
	if strings.HasPrefix(text, "-") {
		d, err := time.ParseDuration(text)
		return now.Add(d).UnixNano(), err == nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.UnixNano(), err == nil && at.Year() > 1677 && at.Year() < 2262
}

func (p *params) match(prefix string) edged.Match {
	m := edged.Match{Keys: p.values["key"], KeyPrefix: p.one(prefix), Types: p.values["type"]}
	if len(m.Keys) > manyMax || len(m.Types) > manyMax {
		p.refuse(edged.Invalid, "key", nil, "want at most %d keys and as many types", manyMax)
		return edged.Match{}
	}
	for _, key := range m.Keys {
		if err := edged.CheckKey(p.where+".key", key); err != nil && p.err == nil {
			p.err = err
		}
	}
	if m.KeyPrefix != "" {
		if err := edged.CheckKey(p.where+"."+prefix, m.KeyPrefix); err != nil && p.err == nil {
			p.err = err
		}
	}
	if slices.Contains(m.Types, "") {
		p.refuse(edged.Invalid, "type", nil, "want a type that is not empty")
	}
	return m
}
