package node

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/function"
	"github.com/edgedhq/edged/streams/storage"
)

// openFunctions takes up the functions that are defined, and what was folded for them.
func (n *Node) openFunctions() (undo func() error, err error) {
	n.runner, err = function.Open(n.broker, n.broker, n.broker.Lend(storage.Functions), n.outlook, n.cfg.Functions)
	return nil, err
}

// outlook is how functions see the mesh.
type outlook struct {
	n *Node

	mu      sync.Mutex
	held    int64     // alone: the own promise
	asked   time.Time // alone: when that was asked for
	regions map[edged.OriginID]string
	read    time.Time // when those were
	met     time.Time // when another node was connected last
}

// promiseEvery is the pace at which a node alone promises to itself, as nodes of a mesh do.
const promiseEvery = 200 * time.Millisecond

// Promises gives for each origin how far it is held here.
func (o *outlook) Promises() []edged.Promise {
	if m := o.n.mesh.Load(); m != nil {
		return m.repl.Promises()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.n.cfg.Now()
	if now.Sub(o.asked) >= promiseEvery {
		o.asked = now
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if wall, err := o.n.broker.Promise(ctx); err == nil {
			o.held = wall
		}
	}
	own := o.n.broker.Origin()
	all := []edged.Promise{{Origin: own, Held: o.held, Heard: now.UnixNano()}}
	for _, st := range o.n.broker.Origins() {
		if st.Origin.ID != own.ID { // of former lives of this node: nothing more comes
			all = append(all, edged.Promise{Origin: st.Origin, Held: math.MaxInt64, Heard: now.UnixNano(), Sealed: true})
		}
	}
	return all
}

// Region is that of an origin's node.
func (o *outlook) Region(origin edged.OriginID) string {
	if origin == o.n.broker.Origin().ID {
		return o.n.cfg.Region
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.n.cfg.Now()
	region, known := o.regions[origin]
	if known || now.Sub(o.read) < time.Second {
		return region
	}
	o.read = now
	if m := o.n.mesh.Load(); m != nil {
		o.regions = m.repl.Regions()
	}
	return o.regions[origin]
}

// aloneAfter is how long no other node has to be connected until this one tells what nobody else
// holds yet.
const aloneAfter = 10 * time.Second

// Stable is the last event of an own log that another node holds too, or that there is nobody to hold.
func (o *outlook) Stable(head edged.Head) (seq edged.Sequence, alone bool) {
	m := o.n.mesh.Load()
	if m == nil {
		return head.Head, true
	}
	o.mu.Lock()
	now := o.n.cfg.Now()
	if m.connected() || o.met.IsZero() {
		o.met = now
	}
	alone = now.Sub(o.met) >= aloneAfter
	o.mu.Unlock()
	if alone {
		return head.Head, true
	}
	return m.repl.Replicated(head), false
}

// Everywhere is the stamp below which every member holds every event.
func (o *outlook) Everywhere() int64 {
	if m := o.n.mesh.Load(); m != nil {
		return m.repl.Everywhere()
	}
	return math.MaxInt64
}

// Peers says whether there is, or was, any other node to tell.
func (o *outlook) Peers() bool {
	m := o.n.mesh.Load()
	return m != nil && len(m.repl.Nodes()) > 1
}

// Explain gives the plan of a function's text, or refuses it, without a node.
func Explain(name, text string, options map[string]string) (string, error) {
	return function.Explain(name, text, options)
}

func (n *Node) functionSamples(yield func(edged.Sample) bool) bool {
	st := n.runner.Stats()
	for _, state := range slices.Sorted(maps.Keys(st.States)) {
		if !yield(edged.Sample{
			Name: "edged_functions", Help: "Functions, by their state here.", Type: gauge,
			Labels: [][2]string{{"state", state}}, Value: float64(st.States[state]),
		}) {
			return false
		}
	}
	return each([]figure{
		{"edged_function_queries", gauge, "Folds that run here; functions with equal ones share one.", float64(st.Queries)},
		{"edged_function_events_in_total", counter, "Events of this node's origin that functions read.", float64(st.In)},
		{"edged_function_events_out_total", counter, "Events that functions made of single events.", float64(st.Out)},
		{"edged_function_events_late_total", counter, "Events counted though they came after the bound of their log.", float64(st.Late)},
		{"edged_function_events_too_late_total", counter, "Events that came too late to count.", float64(st.TooLate)},
		{"edged_function_events_failed_total", counter, "Events of which no result could be made.", float64(st.Failed)},
		{"edged_function_mistyped_total", counter, "Operators that met a value of a wrong type and gave NULL.", float64(st.Mistyped)},
	}, yield)
}
