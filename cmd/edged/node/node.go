// Package node is the roof: it opens, wires, runs and closes one node, and it alone sees more
// than one pillar.
//
//	n, err := node.Open(node.Config{Name: "eu-1", Data: dir})
//	defer n.Close()
//	err = n.Run(ctx) // until ctx ends; then drains
//
//	Open:   storage ─▶ streams ─▶ collections ─▶ functions ─▶ door (HTTP) ─▶ listener ─▶ mesh   a list of steps
//	Run:    storage, streams, collections, functions, mesh, door, each a machine; the first that ends stops the
//	        rest, and they stop last to first: the door drains while the broker answers, collections
//	        flush and the broker ends while storage still commits
//	Close:  the list of steps backwards
//
// Which type plugs into which seam stands in plugs.go.
//
// # Invariants
//
// A node that could not open holds nothing: not the directory, not the port. A machine that ends
// before it was asked to is an error, whatever it returns.
//
// # Not here
//
// Flags, files, variables and signals: cmd/edged. What the parts do: streams, crdt/collections,
// replication, gossip, httpapi.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/collections"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/httpapi"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/function"
	"github.com/edgedhq/edged/streams/storage"
)

// Config is the sum of the parts' Options, with what they share. Data is needed; the rest of the
// zero value is ready for use.
type Config struct {
	Name    string // default "node"
	Region  string // default "local"
	Data    string // directory of everything that the node keeps
	Version string // of the build
	Listen  string // HTTP address, default 127.0.0.1:8080; port 0 takes a free one

	CertFile, KeyFile string // PEM; with them the node serves HTTPS

	// MeshSecret, of at least 32 bytes, is what makes nodes one mesh. Without one the node is alone
	// and takes no mesh port.
	MeshSecret   []byte
	MeshListen   string   // UDP address, default 127.0.0.1:7946; port 0 takes a free one
	Advertise    string   // HOST:PORT by which other nodes reach the mesh port; default: as it listens
	Join         []string // mesh addresses of nodes to join
	EmulateLinks bool     // /v1/links sets delays, losses and cuts of mesh packets

	// For tests: the mesh port instead of MeshListen, the door's port instead of Listen, and how
	// Data is opened instead of storage.OpenDisk.
	PacketConn net.PacketConn
	Listener   net.Listener
	OpenStore  func(dir string, clock storage.Clock, opts storage.Options) (*storage.Store, error)

	// FlushFor bounds the time at a stop in which peers take what they lack. Default 30 s.
	FlushFor time.Duration
	// AwayAfter is how long the records of collections are kept for a node that is not heard of; one
	// that comes back later takes values over. Default 7 days.
	AwayAfter time.Duration
	// DrainFor bounds the time that readers and requests have to end at a stop. Default 10 s.
	DrainFor time.Duration
	// MemoryBytes is what the process may take; caches and queues shrink to fit. 0: no bound.
	MemoryBytes int64

	Storage storage.Options // Label, Log and Now are the node's
	Streams streams.Options // Log and Now are the node's

	Collections collections.Options // Peers, Everywhere, Frontier, Log and Now are the node's

	Functions function.Options // Log and Now are the node's

	HTTP httpapi.Options // Node, Region, Version, Log and Now are the node's

	Log *slog.Logger     // nil discards
	Now func() time.Time // nil asks the wall clock
}

func (c Config) withDefaults() (Config, error) {
	if c.Data == "" {
		return c, errors.New("node: config: want a data directory")
	}
	preset(&c.Name, "node")
	preset(&c.Region, "local")
	preset(&c.Version, "devel")
	preset(&c.Listen, "127.0.0.1:8080")
	preset(&c.MeshListen, "127.0.0.1:7946")
	preset(&c.DrainFor, 10*time.Second)
	preset(&c.FlushFor, 30*time.Second)
	if c.OpenStore == nil {
		c.OpenStore = storage.OpenDisk
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.fit()
	c.Storage.Label, c.Storage.Log, c.Storage.Now = c.Name, c.Log, c.Now
	c.Streams.Log, c.Streams.Now = c.Log, c.Now
	c.Collections.Log, c.Collections.Now = c.Log, c.Now
	c.Functions.Log, c.Functions.Now = c.Log, c.Now
	c.HTTP.Node, c.HTTP.Region, c.HTTP.Version, c.HTTP.Log, c.HTTP.Now = c.Name, c.Region, c.Version, c.Log, c.Now
	return c, nil
}

// preset gives an unset field its default.
func preset[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

// fit bounds the caches and queues that are not set by the memory that there is; together they
// may take about half of it.
func (c *Config) fit() {
	if c.MemoryBytes <= 0 {
		return
	}
	share := func(field *int64, part, most int64) {
		if *field == 0 {
			*field = min(c.MemoryBytes/part, most)
		}
	}
	share(&c.Streams.RingsBytesMax, 8, 256<<20)
	share(&c.Streams.PendingBytesMax, 8, 64<<20)
	share(&c.Streams.DedupeBytesMax, 8, 1<<30)
	share(&c.Storage.CacheBytes, 16, 16<<20)
	share(&c.Storage.MemTableBytes, 32, 16<<20)
}

// Node is one open node.
type Node struct {
	cfg     Config
	store   *storage.Store
	broker  *streams.Broker
	keeper  *collections.Keeper
	runner  *function.Runner
	outlook *outlook
	api     *httpapi.Server
	door    *door
	closers []func() error // of the steps that were taken
	ready   atomic.Bool    // from when Run has started the machines until it stops them
	folded  atomic.Bool    // the values of collections were up to date once
	probe   probe
	mesh    atomic.Pointer[mesh] // nil in a mesh of one
}

// step is one thing to open; what it returns undoes it, nil if there is nothing to undo.
type step struct {
	name string
	open func() (undo func() error, err error)
}

// Open takes the data directory and the port. It starts nothing; the caller owes it a Close.
func Open(cfg Config) (*Node, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg}
	for _, s := range n.steps() {
		undo, err := s.open()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("node: %s: %w", s.name, err), n.Close())
		}
		if undo != nil {
			n.closers = append(n.closers, undo)
		}
	}
	return n, nil
}

func (n *Node) steps() []step {
	steps := []step{
		{"storage", func() (func() error, error) {
			clock := hlc.New(n.cfg.Now)
			store, err := n.cfg.OpenStore(n.cfg.Data, clock, n.cfg.Storage)
			if err != nil {
				return nil, err
			}
			n.store = store
			return store.Close, nil
		}},
		{"streams", func() (undo func() error, err error) {
			if n.cfg.MeshSecret != nil {
				n.cfg.Streams.Acks, n.cfg.Streams.Gated = acks{n}, true
			}
			n.outlook = &outlook{n: n}
			n.cfg.Streams.Filter = func(text string) (streams.Filter, error) { return function.NewFilter(text, n.outlook.Region) }
			n.broker, err = streams.New(n.store, n.cfg.Streams)
			return nil, err
		}},
		{"collections", n.openCollections},
		{"functions", n.openFunctions},
		{"door", func() (undo func() error, err error) {
			parts := httpapi.Parts{
				Streams: n.broker, Catalog: n.broker, Collections: n.keeper, Entries: n.keeper, Functions: n.runner,
				Cluster: cluster{n}, Health: health{n}, Metrics: metrics{n},
			}
			if n.cfg.EmulateLinks {
				parts.Links = linksOf{n}
			}
			n.api, err = httpapi.New(parts, n.cfg.HTTP)
			return nil, err
		}},
		{"listener", func() (func() error, error) {
			d, err := listen(n.api, n.cfg)
			if err != nil {
				return nil, err
			}
			n.door = d
			return d.close, nil
		}},
	}
	if n.cfg.MeshSecret != nil {
		steps = append(steps, step{"mesh", n.openMesh})
	}
	return steps
}

// Run serves until ctx ends, then drains, and returns nil; or until a part fails. It is called
// once, and everything that it starts has ended when it returns.
func (n *Node) Run(ctx context.Context) error {
	n.ready.Store(true)
	defer n.ready.Store(false)
	machines := []machine{
		{"storage", n.store.Run},
		{"streams", n.broker.Run},
		{"collections", n.keeper.Run},
		{"functions", n.runner.Run},
	}
	if m := n.mesh.Load(); m != nil {
		machines = append(machines,
			machine{"mesh port", m.carrier.Run},
			machine{"gossip", m.runGossip},
			machine{"replication", m.runReplication})
	}
	return runAll(ctx, append(machines, machine{"door", n.door.run}))
}

// Close gives back what Open took, last first. After a Run that ended well the stop is clean.
func (n *Node) Close() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}

// Addr is the address that the door listens on.
func (n *Node) Addr() net.Addr { return n.door.listener.Addr() }

// URL is how a client on this machine reaches the door.
func (n *Node) URL() string { return n.door.url() }

// Origin is under whom this run writes.
func (n *Node) Origin() edged.Origin { return n.store.Origin() }
