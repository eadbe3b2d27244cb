package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

// orders is the stream that the scenarios use; the first publish at each node makes it.
const orders = "orders"

// world is three nodes and what their clients saw.
type world struct {
	dir     string
	a, b, c *node
	streams []string
	began   time.Time
	scans   int
	hands   int                     // that have been numbered
	delays  map[*node]time.Duration // of each node's way to the middle of the world

	mu      sync.Mutex
	checker *history.Checker // guarded by mu
	trouble []string         // guarded by mu: what no history tells
	facts   []string         // guarded by mu: for the summary
}

func newWorld(s settings, dir string) (*world, error) {
	w := &world{dir: dir, streams: []string{orders}, began: time.Now(), checker: history.New()}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	secret, err := w.secret("secret")
	if err != nil {
		return nil, err
	}
	for _, place := range []struct {
		at           **node
		name, region string
	}{{&w.a, "a", "eu"}, {&w.b, "b", "us"}, {&w.c, "c", "ap"}} {
		*place.at, err = newNode(place.name, place.region, filepath.Join(dir, place.name), s.edged, secret)
		if err != nil {
			return nil, err
		}
	}
	for _, n := range w.nodes() {
		for _, other := range w.others(n) {
			n.join = append(n.join, other.mesh)
		}
	}
	return w, nil
}

// secret makes a file with a fresh mesh secret.
func (w *world) secret(name string) (string, error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	path := filepath.Join(w.dir, name)
	return path, os.WriteFile(path, []byte(hex.EncodeToString(b[:])+"\n"), 0o600)
}

func (w *world) nodes() []*node { return []*node{w.a, w.b, w.c} }

func (w *world) others(n *node) []*node {
	return slices.DeleteFunc(w.nodes(), func(o *node) bool { return o == n })
}

// start runs all three and waits until each replicates with the two others.
func (w *world) start(ctx context.Context) error {
	for _, n := range w.nodes() {
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return w.meet(ctx, 15*time.Second)
}

// meet waits until each node replicates with the two others.
func (w *world) meet(ctx context.Context, limit time.Duration) error {
	return within(ctx, limit, "the nodes to meet", func() bool {
		return !slices.ContainsFunc(w.nodes(), func(n *node) bool { return !n.meets(ctx, 2) })
	})
}

// within asks every 20 ms until the answer is yes.
func within(ctx context.Context, limit time.Duration, what string, ask func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("waited %v for %s", limit, what))
	defer cancel()
	for !ask() {
		if !rest(ctx, 20*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// rest waits, and says whether ctx still goes on.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// end stops what runs.
func (w *world) end() error {
	var all []error
	for _, n := range w.nodes() {
		if n != nil {
			all = append(all, n.stop())
		}
	}
	return errors.Join(all...)
}

// isolate cuts a node off from both others, or heals it.
func (w *world) isolate(ctx context.Context, n *node, cut bool) error {
	for _, other := range w.others(n) {
		policy := map[string]any{"cut": cut, "delay": (w.delays[n] + w.delays[other]).String()}
		if err := n.link(ctx, other.region, policy); err != nil {
			return err
		}
	}
	return nil
}

// converge waits until all nodes have equal vectors and digests, and tells how long that took.
func (w *world) converge(ctx context.Context, limit time.Duration) error {
	began := time.Now()
	var last string
	err := within(ctx, limit, "equal vectors", func() bool {
		for _, stream := range w.streams {
			equal, at := w.equal(ctx, stream)
			if !equal {
				last = at
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, last)
	}
	w.fact("equal after %v", time.Since(began).Round(time.Millisecond))
	return nil
}

// equal compares the three nodes. Equal vectors with other digests are a fault by themselves.
func (w *world) equal(ctx context.Context, stream string) (bool, string) {
	digests := make([]client.Digest, 3)
	var at strings.Builder
	for i, n := range w.nodes() {
		var err error
		if digests[i], err = n.client.StreamDigest(ctx, stream); err != nil {
			return false, fmt.Sprintf("%s: %v", n.name, err)
		}
		fmt.Fprintf(&at, "%s: %s %v\n", n.name, digests[i].Digest, digests[i].Vector)
	}
	equal := true
	for _, d := range digests[1:] {
		switch {
		case !maps.Equal(d.Vector, digests[0].Vector):
			equal = false
		case d.Digest != digests[0].Digest:
			w.complain("%s: equal vectors, other digests:\n%s", stream, &at)
		}
	}
	return equal && len(digests[0].Vector) > 0, at.String()
}

func (w *world) now() int64 { return time.Since(w.began).Nanoseconds() }

// record adds operations to the history.
func (w *world) record(ops ...history.Op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range ops {
		w.checker.Add(o)
	}
}

// crashed notes that a node has lost what it had not yet made durable.
func (w *world) crashed(n *node) {
	now := w.now()
	w.record(history.Op{Process: "suite", Kind: history.Crash, Node: n.name, Start: now, End: now, Outcome: history.OK})
}

// complain notes a fault that is no line of a history.
func (w *world) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = append(w.trouble, fmt.Sprintf(format, args...))
}

// fact notes something for the summary.
func (w *world) fact(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.facts = append(w.facts, fmt.Sprintf(format, args...))
}

func (w *world) summary() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	facts := strings.Join(w.facts, "; ")
	s := w.checker.Summary()
	if s.Acked+s.Refused+s.Unknown == 0 {
		return facts
	}
	return fmt.Sprintf("%d acknowledged, %d refused, %d unknown, %d held once by each node in %d logs; %s",
		s.Acked, s.Refused, s.Unknown, s.Held, s.Logs, facts)
}

// verdict is an error when anything was found.
func (w *world) verdict() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := slices.Clone(w.trouble)
	for _, v := range w.checker.Judge() {
		found = append(found, v.String())
	}
	if len(found) == 0 {
		return nil
	}
	const most = 20
	return fmt.Errorf("%d violations\n  %s", len(found), strings.Join(found[:min(len(found), most)], "\n  "))
}
