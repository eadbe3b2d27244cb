// Package market generates the events of Nexmark as JSON: people who register, auctions that they
// open, bids on them, in the proportions and with the hot spots of the public specification
// (Tucker et al., "NEXMark - A Benchmark for Queries over Data Streams", 2002; the constants are
// those of github.com/nexmark/nexmark).
//
//	m := market.New(market.Options{Seed: 1, Events: 100_000})
//	for e, ok := m.Next(); ok; e, ok = m.Next() {
//		// e.Kind.Stream(), e.Time, e.Data
//	}
//	arrivals := market.Deal(events, 3, 2*time.Second, 1)
//
// Of every 50 events the first is a person, three are auctions, 46 are bids:
//
//	0        1 2 3      4 ... 49     50       51 ...
//	person   auctions   bids         person   auctions
//
// Ids are places in that order, so an event knows who is there without anything being kept.
//
// # Invariants
//
// The same options give the same bytes. Event times never fall; Deal alone makes disorder, and
// less than the bound that it is given.
package market

import (
	"math/rand/v2"
	"time"
)

// Kind is what happens.
type Kind uint8

// The kinds.
const (
	Person Kind = iota
	Auction
	Bid
)

// Stream is where events of the kind are published.
func (k Kind) Stream() string { return [...]string{"person", "auction", "bid"}[k] }

// Key is the JSON Pointer of what such events are keyed by.
func (k Kind) Key() string {
	if k == Bid {
		return "/auction"
	}
	return "/id"
}

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Person, Auction, Bid} }

// Event is one thing that happens at the market.
type Event struct {
	Kind Kind
	Time int64  // Unix milliseconds; dateTime of Data
	Data []byte // one JSON object on one line
}

// Options say what is generated. The zero value is ready for use.
type Options struct {
	Seed   uint64
	Events int           // default 100,000
	Rate   int           // events in a second of event time; default 1,000
	Start  time.Time     // event time of the first; default 06:59:35 on 1 March 2026, UTC
	Grain  time.Duration // event times are multiples of it, so that several are equal; default 1 ms
	// Breaks is how often event time jumps ahead by Break, after equal shares of the events, so
	// that few events see several hours and days. Default none.
	Breaks int
	Break  time.Duration // default 8 h 30 min
}

func (o Options) withDefaults() Options {
	if o.Events <= 0 {
		o.Events = 100_000
	}
	if o.Rate <= 0 {
		o.Rate = 1000
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, time.March, 1, 6, 59, 35, 0, time.UTC)
	}
	if o.Grain < time.Millisecond {
		o.Grain = time.Millisecond
	}
	if o.Break <= 0 {
		o.Break = 8*time.Hour + 30*time.Minute
	}
	return o
}

// The proportions: of each total of events.
const (
	persons  = 1
	auctions = 3
	total    = 50
)

// Ids do not begin at zero, as in the specification.
const (
	firstPerson   = 1000
	firstAuction  = 1000
	firstCategory = 10
	categories    = 5
)

// How hot the hot spots are: one in so many is not hot; a hot one is the first of each hundred.
const (
	hotAuctions = 2
	hotBidders  = 4
	hotSellers  = 4
	hotChannels = 2
	hundred     = 100
)

const (
	active   = 1000 // people who still do something
	inFlight = 100  // auctions that are still open
	lead     = 10   // ids that are named before they are there
)

// Mean sizes of events in bytes, as the specification counts them; extra fills them up.
const (
	personBytes  = 200
	auctionBytes = 500
	bidBytes     = 100
)

// Generator gives the events one after the other.
type Generator struct {
	opts Options
	rand *rand.Rand
	next int
	b    []byte // what events are cut from
}

// New begins at the first event.
func New(opts Options) *Generator {
	return &Generator{opts: opts.withDefaults(), rand: rand.New(rand.NewPCG(opts.Seed, 0))}
}

// Next gives the next event, or false when all have been given.
func (g *Generator) Next() (Event, bool) {
	if g.next == g.opts.Events {
		return Event{}, false
	}
	n := g.next
	g.next++
	e := Event{Kind: kindOf(n), Time: g.timeOf(n)}
	if cap(g.b)-len(g.b) < 2048 {
		g.b = make([]byte, 0, 256<<10)
	}
	from := len(g.b)
	switch e.Kind {
	case Person:
		g.b = g.appendPerson(g.b, n, e.Time)
	case Auction:
		g.b = g.appendAuction(g.b, n, e.Time)
	default:
		g.b = g.appendBid(g.b, n, e.Time)
	}
	e.Data = g.b[from:len(g.b):len(g.b)]
	return e, true
}

// All gives every event that is left.
func (g *Generator) All() []Event {
	all := make([]Event, 0, g.opts.Events-g.next)
	for e, ok := g.Next(); ok; e, ok = g.Next() {
		all = append(all, e)
	}
	return all
}

func kindOf(n int) Kind {
	switch at := n % total; {
	case at < persons:
		return Person
	case at < persons+auctions:
		return Auction
	}
	return Bid
}

// timeOf is the event time of the nth event.
func (g *Generator) timeOf(n int) int64 {
	o := &g.opts
	jumps := n * (o.Breaks + 1) / o.Events
	at := o.Start.UnixMilli() + int64(n)*1000/int64(o.Rate) + int64(jumps)*o.Break.Milliseconds()
	return at - at%o.Grain.Milliseconds()
}

// lastPerson counts from 0; it is the one that is being made, if one is.
func lastPerson(n int) int { return n/total*persons + min(n%total, persons-1) }

// lastAuction counts from 0; it is the one that is being made, if one is. Before the first it is -1.
func lastAuction(n int) int {
	return n/total*auctions + min(n%total-persons, auctions-1)
}

// somePerson is one of those who still do something, or who will soon be there.
func (g *Generator) somePerson(n int) int {
	all := lastPerson(n) + 1
	some := min(all, active)
	return all - some + g.rand.IntN(some+lead)
}

// someAuction is one of those that are probably open, or that will soon be there.
func (g *Generator) someAuction(n int) int {
	last := lastAuction(n)
	first := max(last-inFlight, 0)
	return first + g.rand.IntN(last-first+1+lead)
}
