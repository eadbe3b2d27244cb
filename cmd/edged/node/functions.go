package node

import (
	"context"
	"math"
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
