package collections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/collections/collectionstest"
)

// world is a mesh of nodes with their keepers, in a bubble.
type world struct {
	t     *testing.T
	mesh  *collectionstest.Mesh
	sites map[string]*site
}

// site is one node.
type site struct {
	t    *testing.T
	node *collectionstest.Node
	opts Options
	*Keeper
	stop func()
}

// bubble runs a story.
func bubble(t *testing.T, story func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, mesh: collectionstest.NewMesh(time.Now), sites: map[string]*site{}}
		defer func() {
			for _, s := range w.sites {
				s.stop()
			}
		}()
		story(t, w)
	})
}

// site adds nodes with a keeper each.
func (w *world) site(labels ...string) *site {
	var last *site
	for _, label := range labels {
		last = &site{t: w.t, node: w.mesh.Node(label)}
		w.sites[label] = last
		last.run()
	}
	return last
}

// run starts the keeper, with what is in the store.
func (s *site) run() {
	k, err := Open(s.node, s.node, s.node.Store, s.opts)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.Keeper = k
	go func() {
		defer close(done)
		if err := k.Run(ctx); err != nil {
			s.t.Error(err)
		}
	}()
	s.stop = func() {
		cancel()
		<-done
	}
}

// crash restarts the keeper on what its store had after so many writes.
func (s *site) crash(writes int) {
	s.stop()
	s.node.Restart(writes)
	s.run()
}

func (s *site) put(def edged.Collection) {
	s.t.Helper()
	if _, _, err := s.PutCollection(context.Background(), def); err != nil {
		s.t.Fatal(err)
	}
}

// ops carries operations out, and gives the value.
func (s *site) ops(collection, key, ops string) string {
	s.t.Helper()
	e, err := s.try(collection, key, ops)
	if err != nil {
		s.t.Fatalf("%s of %s/%s: %v", ops, collection, key, err)
	}
	return string(e.Value)
}

func (s *site) try(collection, key, ops string) (edged.Entry, error) {
	u := &edged.Update{Collection: collection, Key: key, Ops: []byte(ops)}
	if ops == "" {
		u.Ops = nil
	}
	return s.Update(context.Background(), u)
}

// value is a key's value, or the word of the refusal.
func (s *site) value(collection, key string) string {
	e, err := s.Entry(collection, key)
	return outcome(string(e.Value), err)
}

func outcome(value string, err error) string {
	var kind edged.Kind
	switch {
	case errors.As(err, &kind):
		return string(kind)
	case err != nil:
		return err.Error()
	}
	return value
}

// settled waits until nothing moves any more.
func (w *world) settled() {
	synctest.Wait()
	time.Sleep(time.Second)
	synctest.Wait()
}

// agree checks that all nodes show one digest at one vector.
func (w *world) agree(collection string) {
	w.t.Helper()
	w.settled()
	shown, first := "", ""
	for label, s := range w.sites {
		d, err := s.CollectionDigest(context.Background(), collection)
		if err != nil {
			w.t.Fatalf("%s: %v", label, err)
		}
		if text := fmt.Sprintf("%x at %v", d.Digest, d.Vector); shown == "" {
			shown, first = text, label
		} else if text != shown {
			w.t.Errorf("%s shows %s\n%s shows %s", first, shown, label, text)
		}
	}
}

// seen is what a watcher has been given, a word a delivery.
type seen struct {
	t    *testing.T
	feed edged.Feed
	wake chan struct{}
}

func (s *site) watch(q edged.Query) *seen {
	s.t.Helper()
	w := &seen{t: s.t, wake: make(chan struct{}, 1)}
	feed, err := s.Changes(q, func() {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	w.feed = feed
	return w
}

// next gives what comes until nothing does for a while, and the cursor after each.
func (w *seen) next() (words []string, cursors []edged.Cursor) {
	for {
		page, err := w.feed.Next(nil, 1<<20, 1000)
		for i := range page {
			d := &page[i]
			if d.Notice != nil {
				words = append(words, d.Notice.Op)
				cursors = append(cursors, w.feed.Cursor())
				continue
			}
			for _, e := range meant(d) {
				word := e.Key + "=" + string(e.Data)
				words = append(words, word)
				at, err := edged.ParseCursor(string(d.Run.Base().AppendAt(nil, d.Run.Name().Key(), e.Sequence)))
				if err != nil {
					w.t.Fatal(err)
				}
				cursors = append(cursors, at)
			}
		}
		if err != nil {
			return append(words, outcome("", err)), cursors
		}
		if len(page) > 0 {
			continue
		}
		select {
		case <-w.wake:
		case <-time.After(2 * time.Second):
			return words, cursors
		}
	}
}

func (w *seen) expect(want string) []edged.Cursor {
	w.t.Helper()
	words, cursors := w.next()
	if got := strings.Join(words, " "); got != want {
		w.t.Errorf("watched %q, want %q", got, want)
	}
	return cursors
}
