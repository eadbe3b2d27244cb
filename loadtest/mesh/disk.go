package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// killAndRestart: each node in turn is killed under traffic and comes back with its disk; the
// last is asked to end instead, and may lose nothing.
func killAndRestart(ctx context.Context, w *world) error {
	load := w.load(ctx, "w", false, w.nodes()...)
	defer load.settle()
	for i, n := range []*node{w.a, w.b, w.c, w.b, w.a} {
		rest(ctx, time.Duration(300+150*i)*time.Millisecond)
		n.kill()
		w.crashed(n)
		rest(ctx, time.Duration(i)*300*time.Millisecond)
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	rest(ctx, 500*time.Millisecond)
	if err := w.c.stop(); err != nil {
		return err
	}
	if err := w.c.start(ctx); err != nil {
		return err
	}
	rest(ctx, 500*time.Millisecond)
	load.settle()
	if err := w.converge(ctx, 10*time.Second); err != nil {
		return err
	}
	return w.judge(ctx)
}

// loseDisk: a node comes back with nothing and is filled by the others. Its lost origin holds
// back the stable order, and the nodes name it.
func loseDisk(ctx context.Context, w *world) error {
	load := w.load(ctx, "before", true, w.nodes()...)
	defer load.settle()
	rest(ctx, 3*time.Second)
	load.settle()
	if err := w.converge(ctx, 3*time.Second); err != nil {
		return err
	}
	lost, err := w.c.origin(ctx)
	if err != nil {
		return err
	}
	w.c.kill()
	w.crashed(w.c)
	if err := os.RemoveAll(w.c.data()); err != nil {
		return err
	}
	if err := w.writer(w.a, "meanwhile", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.c.start(ctx); err != nil {
		return err
	}
	if err := w.writer(w.c, "after", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if now, err := w.c.origin(ctx); err != nil || now == lost {
		return errors.Join(err, fmt.Errorf("the node still has the origin %s, whose disk is lost", now))
	}
	if err := w.converge(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	return w.named(ctx, lost)
}

// named wants every node to tell which lost origin holds back the stable order.
func (w *world) named(ctx context.Context, origin string) error {
	for _, n := range w.nodes() {
		err := within(ctx, 15*time.Second, fmt.Sprintf("%s to name %s in /v1/cluster", n.name, origin), func() bool {
			c, err := n.client.Cluster(ctx)
			return err == nil && slices.ContainsFunc(c.Stable.HeldBackBy, func(h client.HeldBack) bool { return h.Origin == origin })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyDirectory: a node's data directory is copied and started beside it. The copy may not
// publish as if it were the node; the node itself goes on.
func copyDirectory(ctx context.Context, w *world) error {
	if err := w.writer(w.b, "before", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.converge(ctx, 3*time.Second); err != nil {
		return err
	}
	if err := w.b.stop(); err != nil {
		return err
	}
	twin, err := newNode("twin", w.b.region, filepath.Join(w.dir, "twin"), w.b.binary, w.b.secretFile)
	if err != nil {
		return err
	}
	twin.join = w.b.join
	if err := os.CopyFS(twin.data(), os.DirFS(w.b.data())); err != nil {
		return err
	}
	if err := w.b.start(ctx); err != nil {
		return err
	}
	if err := twin.start(ctx); err != nil {
		return err
	}
	defer twin.kill()
	if err := w.fenced(ctx, twin); err != nil {
		return err
	}
	twin.kill()
	if err := w.writer(w.b, "after", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.converge(ctx, 15*time.Second); err != nil {
		return err
	}
	return w.judge(ctx)
}

// fenced wants a copy of b to refuse publishes, or to have become a node of its own. What it
// takes until then is on a disk that goes away: no promise that is looked at here.
func (w *world) fenced(ctx context.Context, twin *node) error {
	wr := &writer{world: w, node: twin, name: "twin", stream: orders, ack: "disk", doomed: true}
	err := within(ctx, 15*time.Second, "the copy to refuse publishes with identity_conflict", func() bool {
		_, err := wr.publish(ctx)
		p, ok := errors.AsType[*client.Problem](err)
		return ok && p.Code == string(edged.IdentityConflict)
	})
	if err == nil {
		w.fact("the copy was fenced after %d publishes", wr.made)
		return nil
	}
	own, e1 := twin.origin(ctx)
	original, e2 := w.b.origin(ctx)
	if e := errors.Join(e1, e2); e != nil || own == original || !w.b.meets(ctx, 2) || !twin.meets(ctx, 2) {
		return errors.Join(err, e, fmt.Errorf("origins %s and %s", own, original))
	}
	w.fact("the copy became a node of its own")
	return nil
}

// restoreBackup: a node's directory is set back to what it was some events ago, in place, as a
// restored disk image would be.
func restoreBackup(ctx context.Context, w *world) error {
	wr := w.writer(w.b, "w", "disk")
	if err := wr.publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.converge(ctx, 3*time.Second); err != nil {
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
	if err := wr.publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.converge(ctx, 5*time.Second); err != nil {
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
	if err := w.writer(w.b, "after", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if now, err := w.b.origin(ctx); err != nil || now == old {
		return errors.Join(err, fmt.Errorf("the node went on under %s, of which its disk has forgotten events", now))
	}
	if err := w.converge(ctx, 10*time.Second); err != nil {
		return err
	}
	return w.judge(ctx)
}

// setBack makes a directory what a backup of it is. Files that are in both keep their inodes.
func setBack(dir, backup string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if _, err := os.Lstat(filepath.Join(backup, rel)); errors.Is(err, fs.ErrNotExist) {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(backup, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(backup, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		was, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if is, err := os.ReadFile(to); err == nil && bytes.Equal(is, was) {
			return nil
		}
		return os.WriteFile(to, was, 0o600)
	})
}
