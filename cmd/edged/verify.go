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
	Nodes       []auditedNode `json:"nodes"`
	Streams     []audited     `json:"streams"`
	Collections []audited     `json:"collections"`
}

// auditedNode is a node that was asked.
type auditedNode struct {
	Name   string `json:"name"`
	Region string `json:"region"`
	URL    string `json:"url"`
	Error  string `json:"error,omitempty"` // why it did not answer
	held   holding
}

// holding is what a node holds, by name.
type holding struct {
	streams, collections map[string]client.Digest
}

// audited is one stream or collection at every node that answered.
type audited struct {
	Stream     string                   `json:"stream,omitempty"`
	Collection string                   `json:"collection,omitempty"`
	State      string                   `json:"state"`
	Nodes      map[string]client.Digest `json:"nodes"`
}

// The states of a stream or collection, the best first.
const (
	stateEqual    = "equal"    // one vector, one digest
	stateApart    = "apart"    // vectors differ, so digests may
	stateMismatch = "mismatch" // equal vectors, other digests: that must never be
)

func (a *app) verifyCommand() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that nodes which hold the same events and updates show the same digests",
		Long: "Asks every node of the mesh for the vector and the digest of each stream and collection. Equal vectors must show\n" +
			"equal digests. Vectors of a mesh that is written to differ for as long as events and updates are under way:\n" +
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
		return fault{"digest_mismatch", "nodes with equal vectors hold different events or values", "keep the data directories as they are, and look for forks and damage in the nodes' logs", exitFailed}
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
	a := audit{Nodes: make([]auditedNode, len(members))}
	asked := selfOf(members)
	var group sync.WaitGroup
	for i, m := range members {
		group.Go(func() {
			n := auditedNode{Name: labelOf(m, members), Region: m.Region, URL: m.door.URL()}
			err := m.meet(ctx, asked)
			if err == nil {
				n.held, err = holdingOf(ctx, m.door)
			}
			if err != nil {
				n.Error = plain(err)
			}
			a.Nodes[i] = n
		})
	}
	group.Wait()
	a.Streams = a.compare(func(h *holding) map[string]client.Digest { return h.streams })
	a.Collections = a.compare(func(h *holding) map[string]client.Digest { return h.collections })
	for i := range a.Collections {
		a.Collections[i].Collection, a.Collections[i].Stream = a.Collections[i].Stream, ""
	}
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

// holdingOf asks a node for all that it holds. One without collections holds none.
func holdingOf(ctx context.Context, c *client.Client) (h holding, err error) {
	h = holding{streams: map[string]client.Digest{}, collections: map[string]client.Digest{}}
	for info, err := range c.Streams(ctx) {
		if err == nil {
			err = hold(ctx, h.streams, info.Name, c.StreamDigest)
		}
		if err != nil {
			return h, err
		}
	}
	for info, err := range c.Collections(ctx) {
		if errors.Is(err, edged.NotFound) {
			break
		}
		if err == nil {
			err = hold(ctx, h.collections, info.Name, c.CollectionDigest)
		}
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

// hold adds a digest, unless what it is of has been deleted since it was listed.
func hold(ctx context.Context, held map[string]client.Digest, name string, digest func(context.Context, string) (client.Digest, error)) error {
	d, err := digest(ctx, name)
	if errors.Is(err, edged.StreamNotFound) || errors.Is(err, edged.CollectionNotFound) {
		return nil
	}
	held[name] = d
	return err
}

// compare puts what the nodes hold side by side. A node that does not know a stream holds nothing of
// it.
func (a *audit) compare(of func(*holding) map[string]client.Digest) []audited {
	names := map[string]bool{}
	for i := range a.Nodes {
		for name := range of(&a.Nodes[i].held) {
			names[name] = true
		}
	}
	out := []audited{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s := audited{Stream: name, Nodes: map[string]client.Digest{}}
		for i := range a.Nodes {
			n := &a.Nodes[i]
			if n.Error != "" {
				continue
			}
			d := of(&n.held)[name]
			if d.Vector == nil {
				d.Vector = map[string]uint64{}
			}
			s.Nodes[n.Name] = d
		}
		s.State = stateOf(s.Nodes)
		out = append(out, s)
	}
	return out
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
	is := func(s audited) bool { return s.State == state }
	return slices.ContainsFunc(a.Streams, is) || slices.ContainsFunc(a.Collections, is)
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
	if err := a.printAudited("STREAM", "EVENTS", found.Streams); err != nil {
		return err
	}
	count := fmt.Sprintf("%d %s", len(found.Streams), plural(len(found.Streams), "stream"))
	if n := len(found.Collections); n > 0 {
		fmt.Fprintln(a.out)
		if err := a.printAudited("COLLECTION", "UPDATES", found.Collections); err != nil {
			return err
		}
		count += fmt.Sprintf(" and %d %s", n, plural(n, "collection"))
	}
	a.note("%s at %d of %d %s", count, asked, len(found.Nodes), plural(len(found.Nodes), "node"))
	return nil
}

func (a *app) printAudited(what, of string, all []audited) error {
	var rows [][]string
	for _, s := range all {
		for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
			d := s.Nodes[name]
			records := uint64(0)
			for _, sequence := range d.Vector {
				records += sequence
			}
			rows = append(rows, []string{s.Stream + s.Collection, name, countText(int64(records)), d.Digest, s.State})
		}
	}
	return a.printTable([]string{what, "NODE", of, "DIGEST", "STATE"}, rows)
}
