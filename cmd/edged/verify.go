package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// audit is what the nodes of a mesh hold, side by side.
type audit struct {
	Nodes   []auditedNode   `json:"nodes"`
	Streams []auditedStream `json:"streams"`
}

// auditedNode is a node that was asked.
type auditedNode struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	URL    string `json:"url"`
	Error  string `json:"error,omitempty"` // why it did not answer
	held   map[string]client.Digest
}

// auditedStream is one stream at every node that answered.
type auditedStream struct {
	Stream string                   `json:"stream"`
	State  string                   `json:"state"`
	Nodes  map[string]client.Digest `json:"nodes"`
}

// The states of a stream, the best first.
const (
	stateEqual    = "equal"    // one vector, one digest
	stateApart    = "apart"    // vectors differ, so digests may
	stateMismatch = "mismatch" // equal vectors, other digests: that must never be
)

func (a *app) verifyCommand() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that nodes which hold the same events show the same digests",
		Long: "Asks every node of the mesh for the vector and the digest of each stream. Equal vectors must show\n" +
			"equal digests. Vectors of a mesh that is written to differ for as long as events are under way:\n" +
			"--wait asks again until they are equal.\n\n" +
			"Exit codes: 0 all nodes were asked and no digest is wrong (without --wait vectors may differ),\n" +
			"1 equal vectors show other digests, 6 a node was not reached, or vectors still differ after --wait.",
		Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context(), wait) },
	}
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait until all vectors are equal")
	return cmd
}

func (a *app) verify(ctx context.Context, wait time.Duration) error {
	const between = 250 * time.Millisecond
	members, err := a.neighbours(ctx)
	if err != nil {
		return err
	}
	end := time.Now().Add(wait)
	found := auditOf(ctx, members)
	for found.has(stateApart) && !found.has(stateMismatch) && time.Now().Before(end) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(between):
		}
		found = auditOf(ctx, members)
	}
	if found.has(stateMismatch) {
		found = auditOf(ctx, members) // a stream may have been deleted and made anew in between
	}
	if err := a.printAudit(&found); err != nil {
		return err
	}
	switch {
	case found.has(stateMismatch):
		return fault{"digest_mismatch", "nodes with equal vectors hold different events", "keep the data directories as they are, and look for forks and damage in the nodes' logs", exitFailed}
	case len(found.away()) > 0:
		return notReached(found.away())
	case found.has(stateApart) && wait > 0:
		return fault{"timeout", fmt.Sprintf("vectors still differ after %s", wait), "`edged mesh lag` shows who is behind", exitUnavailable}
	case found.has(stateApart):
		a.note("where vectors differ there is nothing to compare yet; --wait 30s asks again until they are equal")
	}
	return nil
}

// auditOf asks all nodes at once.
func auditOf(ctx context.Context, members []neighbour) audit {
	a := audit{Nodes: make([]auditedNode, len(members)), Streams: []auditedStream{}}
	asked := selfOf(members)
	var group sync.WaitGroup
	for i, m := range members {
		group.Go(func() {
			n := auditedNode{Name: labelOf(m, members), Region: m.Region, URL: m.door.URL()}
			err := m.meet(ctx, asked)
			if err == nil {
				n.held, err = digestsOf(ctx, m.door)
			}
			if err != nil {
				n.Error, n.held = plain(err), nil
			}
			a.Nodes[i] = n
		})
	}
	group.Wait()
	a.compare()
	return a
}

// labelOf is a node's name, with its address where another has the same name.
func labelOf(m neighbour, members []neighbour) string {
	for _, other := range members {
		if other.Name == m.Name && other.Origin != m.Origin {
			return m.Name + "@" + m.Address
		}
	}
	return m.Name
}

// digestsOf gives what a node holds of every stream.
func digestsOf(ctx context.Context, c *client.Client) (map[string]client.Digest, error) {
	held := map[string]client.Digest{}
	for info, err := range c.Streams(ctx) {
		if err != nil {
			return nil, err
		}
		d, err := c.StreamDigest(ctx, info.Name)
		if errors.Is(err, edged.StreamNotFound) { // deleted since
			continue
		}
		if err != nil {
			return nil, err
		}
		held[info.Name] = d
	}
	return held, nil
}

// compare puts the nodes' streams side by side. A node that does not know a stream holds nothing
// of it.
func (a *audit) compare() {
	names := map[string]bool{}
	for _, n := range a.Nodes {
		for name := range n.held {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s := auditedStream{Stream: name, Nodes: map[string]client.Digest{}}
		for _, n := range a.Nodes {
			if n.Error != "" {
				continue
			}
			d := n.held[name]
			if d.Vector == nil {
				d.Vector = map[string]uint64{}
			}
			s.Nodes[n.Name] = d
		}
		s.State = stateOf(s.Nodes)
		a.Streams = append(a.Streams, s)
	}
}

// stateOf compares the digests of those that have the same vector.
func stateOf(nodes map[string]client.Digest) string {
	digests := map[string]string{} // by vector
	state := stateEqual
	for _, d := range nodes {
		if len(d.Vector) == 0 {
			d.Digest = "" // of nothing there is no digest to compare
		}
		vector, _ := json.Marshal(d.Vector) // keys come sorted
		known, seen := digests[string(vector)]
		switch {
		case seen && known != d.Digest:
			return stateMismatch
		case !seen && len(digests) > 0:
			state = stateApart
		}
		digests[string(vector)] = d.Digest
	}
	return state
}

func (a *audit) has(state string) bool {
	return slices.ContainsFunc(a.Streams, func(s auditedStream) bool { return s.State == state })
}

// away names the nodes that were not reached.
func (a *audit) away() (names []string) {
	for _, n := range a.Nodes {
		if n.Error != "" {
			names = append(names, n.Name+" at "+n.URL)
		}
	}
	return names
}

func (a *app) printAudit(found *audit) error {
	if a.json() {
		return a.printJSON(found)
	}
	asked := 0
	for _, n := range found.Nodes {
		if n.Error != "" {
			a.note("%s was not reached at %s: %s", n.Name, n.URL, n.Error)
			continue
		}
		asked++
	}
	var rows [][]string
	for _, s := range found.Streams {
		for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
			d := s.Nodes[name]
			events := uint64(0)
			for _, sequence := range d.Vector {
				events += sequence
			}
			rows = append(rows, []string{s.Stream, name, countText(int64(events)), d.Digest, s.State})
		}
	}
	if err := a.printTable([]string{"STREAM", "NODE", "EVENTS", "DIGEST", "STATE"}, rows); err != nil {
		return err
	}
	a.note("%d %s at %d of %d %s", len(found.Streams), plural(len(found.Streams), "stream"), asked, len(found.Nodes), plural(len(found.Nodes), "node"))
	return nil
}
