package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// loseValues: a node comes back with nothing, takes the values over from the others, and changes
// the same keys again, under another origin.
func loseValues(ctx context.Context, w *world) error {
	if err := w.collect(ctx); err != nil {
		return err
	}
	keys := slices.Concat(w.track("of-a", w.a), w.track("of-b", w.b), w.track("of-c", w.c))
	if err := w.workAlike(ctx, handsOf(keys, true)); err != nil {
		return err
	}
	w.b.kill()
	w.crashed(w.b)
	if err := os.RemoveAll(w.b.data()); err != nil {
		return err
	}
	others := slices.DeleteFunc(handsOf(keys, true), func(h *hand) bool { return h.at == w.b })
	if err := work(ctx, time.Second, others); err != nil {
		return err
	}
	if err := w.b.start(ctx); err != nil {
		return err
	}
	took, err := w.alike(ctx, 15*time.Second)
	if err != nil {
		return err
	}
	w.fact("the empty node has all %v after it was ready", took.Round(time.Millisecond))
	if err := w.joined(ctx, keys); err != nil {
		return err
	}
	if err := w.workAlike(ctx, handsOf(keys, true)); err != nil {
		return err
	}
	if err := w.settled(ctx, keys, nil); err != nil {
		return err
	}
	return w.verdict()
}

// restoreValues: a node's directory is set back to what it was some updates and removals ago. It
// goes on under another origin, and nothing that was removed since comes back.
func restoreValues(ctx context.Context, w *world) error {
	if err := w.collect(ctx); err != nil {
		return err
	}
	keys := slices.Concat(w.track("of-a", w.a), w.track("of-b", w.b), w.track("of-c", w.c))
	hands := handsOf(keys, true)
	if err := w.workAlike(ctx, hands); err != nil {
		return err
	}
	if err := w.b.stop(); err != nil {
		return err
	}
	backup := filepath.Join(w.dir, "backup")
	if err := os.CopyFS(backup, os.DirFS(w.b.data())); err != nil {
		return err
	}
	if err := w.b.start(ctx); err != nil {
		return err
	}
	if err := w.workAlike(ctx, hands); err != nil {
		return err
	}
	old, err := w.b.origin(ctx)
	if err != nil {
		return err
	}
	if err := w.b.stop(); err != nil {
		return err
	}
	if err := setBack(w.b.data(), backup); err != nil {
		return err
	}
	if err := w.b.start(ctx); err != nil {
		return err
	}
	if _, err := w.alike(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := w.joined(ctx, keys); err != nil {
		return err
	}
	if err := w.workAlike(ctx, hands); err != nil {
		return err
	}
	if now, err := w.b.origin(ctx); err != nil || now == old {
		return errors.Join(err, fmt.Errorf("the node went on under %s, of which its disk has forgotten records", now))
	}
	if err := w.settled(ctx, keys, nil); err != nil {
		return err
	}
	return w.verdict()
}

// workAlike lets hands work for a second, and waits until all nodes are equal.
func (w *world) workAlike(ctx context.Context, hands []*hand) error {
	if err := work(ctx, time.Second, hands); err != nil {
		return err
	}
	_, err := w.alike(ctx, 10*time.Second)
	return err
}
