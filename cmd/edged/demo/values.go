package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// The collections of the demo, each with one key.
const (
	Visitors    = "visitors" // a counter: each node counts a visit with each reading
	VisitorsKey = "all"
	Present     = "present" // a set: each node adds its name with each reading
	PresentKey  = "nodes"
)

// Seen is what one node holds of the demo's collections.
type Seen struct {
	Region   string   `json:"region"`
	Visitors int64    `json:"visitors"`
	Present  []string `json:"present"`
}

// create makes the collections at the first place, and returns once all places know them.
func create(ctx context.Context, places []Place) error {
	for name, kind := range map[string]string{Visitors: "counter", Present: "set"} {
		if _, _, err := places[0].door.PutCollection(ctx, name, client.CollectionSpec{Type: kind}); err != nil {
			return fmt.Errorf("demo: collection %s: %w", name, err)
		}
		for _, p := range places {
			err := known(ctx, p, "collection "+name, edged.CollectionNotFound, func() error {
				_, err := p.door.Collection(ctx, name)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// known returns once a place knows of something, as ask says; missing is what it answers before.
func known(ctx context.Context, p Place, what string, missing edged.Kind, ask func() error) error {
	const patience, between = 30 * time.Second, 50 * time.Millisecond
	up := time.NewTimer(patience)
	defer up.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if !errors.Is(err, missing) {
			return fmt.Errorf("demo: %s at %s: %w", what, p.Name, err)
		}
		select {
		case <-ctx.Done():
		case <-up.C:
		case <-time.After(between):
			continue
		}
		return fmt.Errorf("demo: %s does not learn of %s: %w", p.Name, what, err)
	}
}

// visit counts a visit at a node, and says that the node is there.
func visit(ctx context.Context, p Place) error {
	if _, err := p.door.Update(ctx, Visitors, VisitorsKey, []byte(`{"increment":1}`), client.UpdateOptions{}); err != nil {
		return err
	}
	here, err := json.Marshal(map[string][]string{"add": {p.Name}})
	if err == nil {
		_, err = p.door.Update(ctx, Present, PresentKey, here, client.UpdateOptions{})
	}
	return err
}

// views are the values as the nodes show them, one a place.
type views struct {
	mu      sync.Mutex
	seen    []Seen
	changed chan struct{} // closed at the next change
}

func newViews(places []Place) *views {
	v := &views{changed: make(chan struct{})}
	for _, p := range places {
		v.seen = append(v.seen, Seen{Region: p.Region, Present: []string{}})
	}
	return v
}

// watch follows one collection at a place, until ctx ends.
func (v *views) watch(ctx context.Context, p Place, at int, collection string) error {
	for d, err := range p.door.Watch(ctx, collection, client.WatchQuery{From: "earliest"}, client.FollowOptions{}) {
		if err == nil && d.Notice == "" {
			err = v.take(at, collection, &d)
		}
		if err != nil {
			return fmt.Errorf("demo: watch of %s at %s: %w", collection, p.Name, err)
		}
	}
	return nil
}

// take takes up a change. Who deletes the key begins anew.
func (v *views) take(at int, collection string, d *client.Delivery) error {
	change, err := d.Change()
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s := &v.seen[at]
	switch {
	case collection == Visitors && change.Key == VisitorsKey && change.Deleted:
		s.Visitors = 0
	case collection == Visitors && change.Key == VisitorsKey:
		err = json.Unmarshal(change.Value, &s.Visitors)
	case collection == Present && change.Key == PresentKey:
		s.Present, err = namesOf(change.Value)
	}
	close(v.changed)
	v.changed = make(chan struct{})
	return err
}

// namesOf gives the elements of a set, which anybody may add to, as texts. No value is nobody.
func namesOf(set []byte) ([]string, error) {
	var elements []json.RawMessage
	err := json.Unmarshal(set, &elements)
	names := make([]string, len(elements))
	for i, e := range elements {
		if json.Unmarshal(e, &names[i]) != nil {
			names[i] = string(e)
		}
	}
	return names, err
}

// settled gives the values once they are the same at all places, or as they are when time is up: what
// has just been counted is under way for as long as the links are long.
func (v *views) settled(ctx context.Context, patience time.Duration) []Seen {
	up := time.NewTimer(patience)
	defer up.Stop()
	for {
		v.mu.Lock()
		seen, changed := slices.Clone(v.seen), v.changed
		v.mu.Unlock()
		if Same(seen) {
			return seen
		}
		select {
		case <-ctx.Done():
			return seen
		case <-up.C:
			return seen
		case <-changed:
		}
	}
}

// Same says whether all nodes show the same.
func Same(seen []Seen) bool {
	return !slices.ContainsFunc(seen, func(s Seen) bool {
		return s.Visitors != seen[0].Visitors || !slices.Equal(s.Present, seen[0].Present)
	})
}
