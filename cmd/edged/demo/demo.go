// Package demo runs three nodes in three regions in one process, with the delays of a wide area
// between them, a feed of this machine's own measurements, and values that all of them update.
//
//	eu-1 ◀── 80 ms ──▶ us-1        each second each node publishes a reading of /proc
//	   ▲                ▲          into the stream machine, and follows it;
//	 220 ms ──▶ ap-1 ◀── 150 ms    what comes from elsewhere gives the lag between regions
//
// With each reading a node counts a visit in the collection visitors and adds its name to the set in
// the collection present; each node's own view of both is watched. The function load counts the
// readings of all regions in windows of 5 s; each node shows its own answer, and how complete it is.
//
// Everything goes through the nodes' doors, as any program would do it. [Run] keeps its data in a
// directory of its own, which it removes when it ends.
//
// # Not here
//
// What the nodes do: cmd/edged/node. Words on a terminal: cmd/edged.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi/client"
)

// Stream is what the readings are published to.
const Stream = "machine"

// Options tune a demo. The zero value is ready for use.
type Options struct {
	Directory string        // where its data directory is made; default: the system's for such
	Version   string        // of the build
	FeedEvery time.Duration // between two readings of a node; default 1 s
	ShowEvery time.Duration // between two reports; default 5 s

	Started func([]Place) // told once, when the nodes are one mesh; nil tells nobody
	Report  func(Period)  // told after each period; nil tells nobody
	Log     *slog.Logger  // nil discards
}

func (o Options) withDefaults() Options {
	if o.FeedEvery <= 0 {
		o.FeedEvery = time.Second
	}
	if o.ShowEvery <= 0 {
		o.ShowEvery = 5 * time.Second
	}
	if o.Started == nil {
		o.Started = func([]Place) {}
	}
	if o.Report == nil {
		o.Report = func(Period) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Period is what is told of one: how long events took, and what each node shows at its end of the
// collections and of the function.
type Period struct {
	Ways   []Way   `json:"ways"`
	Seen   []Seen  `json:"seen"`
	Tables []Table `json:"tables"`
}

// Place is a node of the demo.
type Place struct {
	Name, Region, URL string
	door              *client.Client
}

// wide are the regions and the delays between them, one way.
var wide = []struct { // read-only
	from, to string
	delay    time.Duration
}{
	{"eu", "us", 40 * time.Millisecond},
	{"us", "ap", 75 * time.Millisecond},
	{"ap", "eu", 110 * time.Millisecond},
}

// delayOf is what the link between two regions is given at the start, either way.
func delayOf(from, to string) time.Duration {
	for _, w := range wide {
		if w.from == from && w.to == to || w.from == to && w.to == from {
			return w.delay
		}
	}
	return 0
}

// Run runs the demo until ctx ends, and leaves nothing behind.
func Run(ctx context.Context, opts Options) (err error) {
	opts = opts.withDefaults()
	dir, err := os.MkdirTemp(opts.Directory, "edged-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	configs, err := configsOf(ctx, dir, opts)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	parts := make([]func(context.Context) error, 0, len(configs)+1)
	places := make([]Place, 0, len(configs))
	for _, cfg := range configs {
		n, err := node.Open(cfg)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer func() { _ = n.Close() }() // its data goes away anyhow
		door, err := client.New(client.Options{URL: n.URL(), Timeout: 10 * time.Second, Agent: "edged-demo"})
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		parts = append(parts, n.Run)
		places = append(places, Place{Name: cfg.Name, Region: cfg.Region, URL: n.URL(), door: door})
	}
	return together(ctx, append(parts, func(ctx context.Context) error { return play(ctx, places, opts) }))
}

// together runs all parts until ctx ends or one of them fails, and gives the first failure.
func together(ctx context.Context, parts []func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, len(parts))
	var group sync.WaitGroup
	for _, run := range parts {
		group.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				failed <- err
				stop()
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}

// configsOf gives the nodes one secret, and each the mesh addresses of the others.
func configsOf(ctx context.Context, dir string, opts Options) ([]node.Config, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	mesh, err := freePorts(ctx, len(wide))
	if err != nil {
		return nil, err
	}
	configs := make([]node.Config, len(wide))
	for i, w := range wide {
		cfg := node.Config{
			Name: w.from + "-1", Region: w.from, Version: opts.Version, Listen: freeDoor(ctx, i),
			MeshSecret: secret, MeshListen: mesh[i], EmulateLinks: true,
			DrainFor: time.Second, Log: opts.Log.With("node", w.from+"-1"),
		}
		cfg.Data = filepath.Join(dir, cfg.Name)
		cfg.Storage.MinFree = -1 // it keeps little, and not for long
		cfg.HTTP.AutoCreate = true
		cfg.HTTP.Mesh = "demo"
		for j, address := range mesh {
			if j != i {
				cfg.Join = append(cfg.Join, address)
			}
		}
		configs[i] = cfg
	}
	return configs, nil
}

// freePorts finds UDP addresses that nobody has, all different.
func freePorts(ctx context.Context, n int) ([]string, error) {
	out := make([]string, n)
	for i := range out {
		p, err := new(net.ListenConfig).ListenPacket(ctx, "udp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer p.Close() // when all are found, so that none is found twice
		out[i] = p.LocalAddr().String()
	}
	return out, nil
}

// freeDoor is the i-th address from the default one on, where the command line looks for a node;
// when that is taken, one that is free.
func freeDoor(ctx context.Context, i int) string {
	address := fmt.Sprintf("127.0.0.1:%d", 8080+i)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "127.0.0.1:0"
	}
	l.Close()
	return address
}

// play makes the links long, waits until the nodes are one mesh, and shows what they do.
func play(ctx context.Context, places []Place, opts Options) error {
	for i, w := range wide { // at one end: a policy holds both ways
		if err := places[i].door.SetLink(ctx, w.to, client.Link{Delay: w.delay.String(), Jitter: "2ms"}); err != nil {
			return fmt.Errorf("demo: link from %s to %s: %w", w.from, w.to, err)
		}
	}
	for _, p := range places {
		if err := meet(ctx, p, len(places)-1); err != nil {
			return err
		}
	}
	if err := create(ctx, places); err != nil {
		return err
	}
	if err := define(ctx, places); err != nil {
		return err
	}
	opts.Started(places)
	return show(ctx, places, opts)
}

// show feeds and watches the nodes.
func show(ctx context.Context, places []Place, opts Options) error {
	ways, views := &ways{}, newViews(places)
	parts := []func(context.Context) error{func(ctx context.Context) error { return report(ctx, places, ways, views, opts) }}
	for i, p := range places {
		parts = append(parts,
			func(ctx context.Context) error {
				first := opts.FeedEvery * time.Duration(i) / time.Duration(len(places))
				return feed(ctx, p, first, opts)
			},
			func(ctx context.Context) error { return watch(ctx, p, ways) },
			func(ctx context.Context) error { return views.watch(ctx, p, i, Visitors) },
			func(ctx context.Context) error { return views.watch(ctx, p, i, Present) })
	}
	return together(ctx, parts)
}

// report tells of each period, until ctx ends.
func report(ctx context.Context, places []Place, ways *ways, views *views, opts Options) error {
	const patience = time.Second
	tick := time.NewTicker(opts.ShowEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			opts.Report(Period{Ways: ways.take(), Seen: views.settled(ctx, patience), Tables: tables(ctx, places)})
		}
	}
}

// meet returns once a node has so many peers.
func meet(ctx context.Context, p Place, peers int) error {
	const patience, between = 30 * time.Second, 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := p.door.Ready(ctx, url.Values{"min_peers": {fmt.Sprint(peers)}})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("demo: %s does not meet the others: %w", p.Name, err)
		case <-time.After(between):
		}
	}
}
