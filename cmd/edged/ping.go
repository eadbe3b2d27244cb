package main

import (
	"context"
	"fmt"
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

// neighbours gives every member that has not left, asked for at the node that the flags name. Its
// own door is the one that the flags name; those of the others are where they say.
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
		case m.State == "left":
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
	pings := make([]ping, len(members))
	var group sync.WaitGroup
	for i, m := range members {
		group.Go(func() {
			pings[i] = ping{Name: m.Name, Region: m.Region, URL: m.door.URL(), Mesh: m.RTT}
			took, err := httpTime(ctx, m.door)
			if err != nil {
				pings[i].Error = plain(err)
				return
			}
			pings[i].HTTP = float64(took.Microseconds()) / 1000
		})
	}
	group.Wait()
	if err := a.printPings(pings); err != nil {
		return err
	}
	for _, p := range pings {
		if p.Error != "" {
			return fault{"unreachable", p.Name + " does not answer at " + p.URL, "start it, or look at the network between", exitUnavailable}
		}
	}
	return nil
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
