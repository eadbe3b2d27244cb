package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// neighbour is a member with a client of its door.
type neighbour struct {
	client.Member
	door *client.Client
}

// neighbours gives every member that has not left and is not replaced, asked for at the node that
// the flags name. Its own door is the one that the flags name; those of the others are where they say.
func (a *app) neighbours(ctx context.Context) ([]neighbour, error) {
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	mesh, err := c.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	scheme, _, _ := strings.Cut(c.URL(), "://")
	var out []neighbour
	for _, m := range mesh.Members {
		door := c
		switch {
		case m.State == "left", replaced(m, mesh.Members):
			continue
		case !m.Self:
			if door, err = a.clientOf(scheme + "://" + m.Address); err != nil {
				return nil, fmt.Errorf("the address of %s: %w", m.Name, err)
			}
		}
		out = append(out, neighbour{m, door})
	}
	return out, nil
}

// replaced says whether a member is gone for good: a node of its name is alive at its address under
// another origin, as after the loss of a data directory. Nobody can reach the old one any more.
func replaced(m client.Member, all []client.Member) bool {
	return m.State == "dead" && slices.ContainsFunc(all, func(o client.Member) bool {
		return o.State == "alive" && o.Name == m.Name && o.Address == m.Address && o.Origin != m.Origin
	})
}

// strangerError is that a member's address leads to another node.
type strangerError struct{ member, address string }

func (e *strangerError) Error() string {
	return fmt.Sprintf("%s is answered by another node; let %s listen on an address that others reach (--http)", e.address, e.member)
}

// meet refuses a door behind which another node answers: a member that listens on 127.0.0.1 of its
// own machine is not whom 127.0.0.1 leads to from here. Of a member whose origin is not known only
// the node that was asked first can be told apart.
func (m *neighbour) meet(ctx context.Context, asked string) error {
	if m.Self {
		return nil
	}
	there, err := m.door.Cluster(ctx)
	if err != nil {
		return err
	}
	if there.Node.Origin == asked || m.Origin != "" && there.Node.Origin != m.Origin {
		return &strangerError{m.Name, m.Address}
	}
	return nil
}

// selfOf is the origin of the node that was asked for the members.
func selfOf(members []neighbour) string {
	for _, m := range members {
		if m.Self {
			return m.Origin
		}
	}
	return ""
}

// notReached is the fault of nodes that did not answer themselves. Why not has been told with each.
func notReached(nodes []string) error {
	return fault{
		"unreachable", "not reached: " + strings.Join(nodes, ", "),
		"start what is down, and look at the addresses that `edged mesh members` shows", exitUnavailable,
	}
}

// ping is what the way to a node takes.
type ping struct {
	Name   string  `json:"name"`
	Region string  `json:"region"`
	URL    string  `json:"url"`
	HTTP   float64 `json:"http_ms,omitempty"` // from here, the least of some requests
	Mesh   float64 `json:"rtt_ms,omitempty"`  // from the node that was asked
	Error  string  `json:"error,omitempty"`
}

func (a *app) pingMembers(ctx context.Context) error {
	members, err := a.neighbours(ctx)
	if err != nil {
		return err
	}
	pings, asked := make([]ping, len(members)), selfOf(members)
	var group sync.WaitGroup
	for i, m := range members {
		group.Go(func() {
			var err error
			pings[i] = ping{Name: m.Name, Region: m.Region, URL: m.door.URL(), Mesh: m.RTT}
			if pings[i].HTTP, err = pingTime(ctx, &m, asked); err != nil {
				pings[i].Error = plain(err)
			}
		})
	}
	group.Wait()
	if err := a.printPings(pings); err != nil {
		return err
	}
	var away []string
	for _, p := range pings {
		if p.Error != "" {
			away = append(away, p.Name+" at "+p.URL)
		}
	}
	if len(away) > 0 {
		return notReached(away)
	}
	return nil
}

// pingTime is what a small request to a member takes, in milliseconds.
func pingTime(ctx context.Context, m *neighbour, asked string) (ms float64, err error) {
	if err := m.meet(ctx, asked); err != nil {
		return 0, err
	}
	took, err := httpTime(ctx, m.door)
	return float64(took.Microseconds()) / 1000, err
}

func (a *app) printPings(pings []ping) error {
	if a.json() {
		return a.printJSON(pings)
	}
	var rows [][]string
	for _, p := range pings {
		answer := millisText(p.HTTP)
		if p.Error != "" {
			answer = p.Error
		}
		rows = append(rows, []string{p.Name, p.Region, p.URL, millisText(p.Mesh), answer})
	}
	return a.printTable([]string{"NAME", "REGION", "URL", "MESH", "HTTP FROM HERE"}, rows)
}

// httpTime is the least time of a small request, once the connection stands.
func httpTime(ctx context.Context, c *client.Client) (least time.Duration, err error) {
	const requests = 5
	if _, err := c.Version(ctx); err != nil {
		return 0, err
	}
	for i := range requests {
		start := time.Now()
		if _, err := c.Version(ctx); err != nil {
			return 0, err
		}
		if took := time.Since(start); i == 0 || took < least {
			least = took
		}
	}
	return least, nil
}
