package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/timeline"
)

// timelines plays COLLECTIONS.md: what the page says, three nodes show.
func timelines(ctx context.Context, w *world) error {
	text, err := os.ReadFile("COLLECTIONS.md")
	if err != nil {
		return fmt.Errorf("run from the top of the tree: %w", err)
	}
	all, err := timeline.Parse(string(text))
	if err != nil {
		return err
	}
	for _, tl := range all {
		p := &played{world: w, coll: fmt.Sprintf("line-%d", tl.Line)}
		if err := p.define(ctx, tl.Definition); err != nil {
			return err
		}
		if err := tl.Play(ctx, p); err != nil {
			return fmt.Errorf("COLLECTIONS.md: %w", err)
		}
	}
	w.fact("%d timelines of COLLECTIONS.md", len(all))
	return w.verdict()
}

// played is one key at the three nodes, for one timeline.
type played struct {
	world *world
	coll  string
}

const playedKey = "key"

func (p *played) define(ctx context.Context, definition string) error {
	if err := p.Connect(ctx, [][]int{{0, 1, 2}}); err != nil {
		return err
	}
	var spec client.CollectionSpec
	if err := json.Unmarshal([]byte(definition), &spec); err != nil {
		return err
	}
	if _, _, err := p.world.a.client.PutCollection(ctx, p.coll, spec); err != nil {
		return err
	}
	for _, n := range p.world.nodes() {
		err := within(ctx, 10*time.Second, p.coll+" at "+n.name, func() bool {
			_, err := n.client.Collection(ctx, p.coll)
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Connect implements timeline.World.
func (p *played) Connect(ctx context.Context, groups [][]int) error {
	nodes := p.world.nodes()
	for i := range nodes {
		for j := range i {
			cut := !slices.ContainsFunc(groups, func(g []int) bool { return slices.Contains(g, i) && slices.Contains(g, j) })
			if err := nodes[i].link(ctx, nodes[j].region, map[string]any{"cut": cut}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Do implements timeline.World.
func (p *played) Do(ctx context.Context, region int, operation string) (refused string, err error) {
	var body []byte
	if operation != timeline.Delete {
		body = []byte(operation)
	}
	err = p.world.nodes()[region].change(ctx, p.coll, playedKey, body)
	if problem, ok := errors.AsType[*client.Problem](err); ok {
		return problem.Code, nil
	}
	return "", err
}

// Settle implements timeline.World.
func (p *played) Settle(ctx context.Context, groups [][]int) error {
	for _, g := range groups {
		var group []*node
		for _, region := range g {
			group = append(group, p.world.nodes()[region])
		}
		err := within(ctx, 20*time.Second, "equal digests of "+p.coll, func() bool {
			equal, _ := p.world.alikeAt(ctx, p.coll, group)
			return equal
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Get implements timeline.World.
func (p *played) Get(ctx context.Context, region int) (timeline.Shown, error) {
	got, err := p.world.nodes()[region].show(ctx, p.coll, playedKey)
	return timeline.Shown{Value: string(got.Value), Conflicts: string(got.Conflicts)}, err
}
