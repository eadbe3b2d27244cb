package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/keyed"
)

// tracked is a key that is changed at one node or on two sides of a cut.
type tracked struct {
	coll, key string
	base      keyed.State // when the sides last were one
	hands     []*hand
}

// track gives one key of each type to a hand at each of these nodes.
func (w *world) track(key string, at ...*node) (all []*tracked) {
	for _, typ := range keyed.Types() {
		k := &tracked{coll: typ, key: key, base: keyed.New(typ)}
		for _, n := range at {
			w.hands++
			k.hands = append(k.hands, w.newHand(w.hands, n, typ, key))
		}
		all = append(all, k)
	}
	return all
}

// handsOf are all hands of keys, each said to be alone or not.
func handsOf(keys []*tracked, alone bool) (all []*hand) {
	for _, k := range keys {
		for _, h := range k.hands {
			h.alone = alone
			all = append(all, h)
		}
	}
	return all
}

// join makes the sides one, which they are once the nodes are equal.
func (k *tracked) join() {
	joined := k.hands[0].state
	if len(k.hands) > 1 {
		joined = keyed.Join(k.base, k.hands[0].state, k.hands[1].state)
	}
	k.base = joined.Clone()
	for _, h := range k.hands {
		h.state = joined.Clone()
	}
}

// collect makes a collection of each type and waits until all nodes have them.
func (w *world) collect(ctx context.Context) error {
	for _, typ := range keyed.Types() {
		spec := client.CollectionSpec{Type: typ}
		if typ == "bounded_counter" {
			spec.Min = new(int64)
		}
		if _, _, err := w.a.client.PutCollection(ctx, typ, spec); err != nil {
			return err
		}
	}
	for _, n := range w.nodes() {
		err := within(ctx, 5*time.Second, "the collections at "+n.name, func() bool {
			for _, typ := range keyed.Types() {
				if _, err := n.client.Collection(ctx, typ); err != nil {
					return false
				}
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// change carries out an operation on a key; none deletes it.
func (n *node) change(ctx context.Context, coll, key string, body []byte) error {
	if body == nil {
		_, err := n.client.DeleteKey(ctx, coll, key, client.UpdateOptions{Ack: "disk"})
		return err
	}
	_, err := n.client.Update(ctx, coll, key, body, client.UpdateOptions{Ack: "disk"})
	return err
}

// show is what a GET answers.
func (n *node) show(ctx context.Context, coll, key string) (keyed.Shown, error) {
	e, err := n.client.Entry(ctx, coll, key, "")
	if errors.Is(err, edged.KeyNotFound) {
		return keyed.Shown{}, nil
	}
	shown := keyed.Shown{Value: e.Value}
	if err == nil && e.Conflicts != nil {
		shown.Conflicts, err = json.Marshal(e.Conflicts)
	}
	return shown, err
}

// alike waits until all nodes have equal vectors and digests of all collections, and tells how
// long that took.
func (w *world) alike(ctx context.Context, limit time.Duration) (time.Duration, error) {
	began := time.Now()
	var last string
	err := within(ctx, limit, "equal collections", func() bool {
		for _, typ := range keyed.Types() {
			equal, at := w.alikeIn(ctx, typ)
			if !equal {
				last = typ + "\n" + at
				return false
			}
		}
		return true
	})
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, last)
	}
	return time.Since(began), nil
}

func (w *world) alikeIn(ctx context.Context, coll string) (bool, string) {
	return w.alikeAt(ctx, coll, w.nodes())
}

// alikeAt compares one collection at some nodes. Equal vectors with other digests are a fault by
// themselves.
func (w *world) alikeAt(ctx context.Context, coll string, nodes []*node) (bool, string) {
	var first client.Digest
	var at strings.Builder
	equal := true
	for i, n := range nodes {
		d, err := n.client.CollectionDigest(ctx, coll)
		if err != nil {
			return false, fmt.Sprintf("%s: %v", n.name, err)
		}
		fmt.Fprintf(&at, "%s: %s %v\n", n.name, d.Digest, d.Vector)
		switch {
		case i == 0:
			first = d
		case !maps.Equal(d.Vector, first.Vector):
			equal = false
		case d.Digest != first.Digest:
			w.complain("%s: equal vectors, other digests:\n%s", coll, &at)
		}
	}
	return equal, at.String()
}

// joined wants every node to show what the joined sides have to.
func (w *world) joined(ctx context.Context, keys []*tracked) error {
	for _, k := range keys {
		k.join()
	}
	return w.shown(ctx, keys)
}

// shown wants every node to show the base of each key.
func (w *world) shown(ctx context.Context, keys []*tracked) error {
	for _, k := range keys {
		for _, n := range w.nodes() {
			got, err := n.show(ctx, k.coll, k.key)
			if err != nil {
				return err
			}
			if err := k.base.Check(got); err != nil {
				w.complain("%s %s at %s: %v", k.coll, k.key, n.name, err)
			}
		}
	}
	return nil
}
