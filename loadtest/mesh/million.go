package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// million is how the scenario of that name is scaled.
type million struct{ keys int }

const (
	millionColl   = "counters"
	millionBatch  = 1000
	millionCalm   = 10 * time.Second // until what was written has been put in order
	millionGets   = 5000
	millionStarts = 3
)

// run fills one node with counters and measures what they cost there; then another node, with an
// empty disk, takes them over.
func (m million) run(ctx context.Context, w *world) error {
	for _, n := range []*node{w.b, w.c} {
		if err := n.stop(); err != nil {
			return err
		}
	}
	if _, _, err := w.a.client.PutCollection(ctx, millionColl, client.CollectionSpec{Type: "counter"}); err != nil {
		return err
	}
	if err := m.resident(w, w.a, "without keys"); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *world) error{m.fill, m.stored, m.list, m.get, m.restart, m.takeOver} {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	return w.verdict()
}

func millionKey(i int) string { return fmt.Sprintf("key-%07d", i) }

// fill changes each key once.
func (m million) fill(ctx context.Context, w *world) error {
	const clients = 8
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, clients)
	began := time.Now()
	for c := range clients {
		group.Go(func() {
			for failed[c] == nil {
				first := int(next.Add(millionBatch)) - millionBatch
				if first >= m.keys {
					return
				}
				var updates []client.KeyUpdate
				for i := range min(millionBatch, m.keys-first) {
					updates = append(updates, client.KeyUpdate{Key: millionKey(first + i), Ops: json.RawMessage(`{"increment":1}`)})
				}
				_, failed[c] = w.a.client.UpdateAll(ctx, millionColl, updates, client.UpdateOptions{})
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	w.fact("%d keys in %v, %.0f/s", m.keys, took.Round(100*time.Millisecond), float64(m.keys)/took.Seconds())
	return errors.Join(failed...)
}

// stored tells memory and disk.
func (m million) stored(ctx context.Context, w *world) error {
	if err := m.resident(w, w.a, "at once"); err != nil {
		return err
	}
	rest(ctx, millionCalm)
	if err := m.resident(w, w.a, "a while later"); err != nil {
		return err
	}
	return m.disk(w, w.a)
}

func (m million) resident(w *world, n *node, when string) error {
	rss, err := n.life.RSS()
	w.fact("resident %d MiB at %s %s", rss>>20, n.name, when)
	return err
}

func (m million) disk(w *world, n *node) error {
	var bytes int64
	err := filepath.WalkDir(n.data(), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "ballast" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	w.fact("%d MiB on disk at %s, %d B a key", bytes>>20, n.name, bytes/int64(m.keys))
	return err
}

// list reads all keys, page by page.
func (m million) list(ctx context.Context, w *world) error {
	began, n := time.Now(), 0
	for e, err := range w.a.client.Entries(ctx, millionColl, "", "") {
		if err != nil {
			return err
		}
		if want := millionKey(n); e.Key != want || string(e.Value) != "1" {
			return fmt.Errorf("key %d of the list is %s with %s, want %s with 1", n, e.Key, e.Value, want)
		}
		n++
	}
	if n != m.keys {
		return fmt.Errorf("the list has %d keys, want %d", n, m.keys)
	}
	took := time.Since(began)
	w.fact("listed in pages of 1,000 in %v, %v a page", took.Round(10*time.Millisecond), (took / time.Duration(1+m.keys/1000)).Round(10*time.Microsecond))
	return nil
}

// get asks for keys at random, one after the other.
func (m million) get(ctx context.Context, w *world) error {
	dice := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for range millionGets {
		key := millionKey(dice.IntN(m.keys))
		began := time.Now()
		e, err := w.a.client.Entry(ctx, millionColl, key, "")
		if err != nil || string(e.Value) != "1" {
			return errors.Join(err, fmt.Errorf("%s is %s, want 1", key, e.Value))
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	w.fact("GET p50 %v, p99 %v", took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond))
	return nil
}

// restart tells how long a stop, and a start until the node is ready and answers, take; the last
// start is after a kill.
func (m million) restart(ctx context.Context, w *world) error {
	for i := range millionStarts {
		began := time.Now()
		if i < millionStarts-1 {
			if err := w.a.stop(); err != nil {
				return err
			}
		} else {
			w.a.kill()
		}
		stopped := time.Since(began)
		began = time.Now()
		if err := w.a.start(ctx); err != nil {
			return err
		}
		ready := time.Since(began)
		if e, err := w.a.client.Entry(ctx, millionColl, millionKey(m.keys/2), ""); err != nil || string(e.Value) != "1" {
			return errors.Join(err, fmt.Errorf("after a restart %s is %s", e.Key, e.Value))
		}
		w.fact("stopped in %v, ready in %v", stopped.Round(time.Millisecond), ready.Round(time.Millisecond))
	}
	return m.resident(w, w.a, "after the restarts")
}

// takeOver starts a node with an empty disk beside the first.
func (m million) takeOver(ctx context.Context, w *world) error {
	began := time.Now()
	if err := w.b.start(ctx); err != nil {
		return err
	}
	err := within(ctx, 5*time.Minute, "all keys at "+w.b.name, func() bool {
		equal, _ := w.alikeAt(ctx, millionColl, []*node{w.a, w.b})
		return equal
	})
	if err != nil {
		return err
	}
	info, err := w.b.client.Collection(ctx, millionColl)
	if err == nil && info.Keys != int64(m.keys) {
		err = fmt.Errorf("%s has %d keys, want %d", w.b.name, info.Keys, m.keys)
	}
	took := time.Since(began)
	w.fact("an empty node has them all after %v, %.0f/s", took.Round(100*time.Millisecond), float64(m.keys)/took.Seconds())
	return errors.Join(err, m.resident(w, w.b, "after it took them over"), m.disk(w, w.b))
}
