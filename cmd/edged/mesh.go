package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/httpapi/client"
)

// What the columns of the tables mean.
const (
	lagColumns = `PEER, REGION  the other node
SESSION       up, down, or lagging: too far behind to be told of single logs, it catches up by comparing
LAG, EVENTS   how long the oldest event of this node waits for the peer's ack, and how many wait
NEED          events that the peer holds and this node lacks
PROGRESS      since one of them took something new from the other
EQUAL         age of the newest compared second at which both held the same; 2 to 3 s when all is well
LOGS APART    logs with recent news, not yet known to be equal at both ends; they go after a minute of quiet
RTT, SKEW     there and back; how far the peer's clock is ahead of this one's`
	pingColumns = `MESH            there and back between the node that was asked and the other, over the mesh
HTTP FROM HERE  what a small request takes from this machine, or why it was not answered
The exit code is 6 when a node was not reached, or when another node answers at its address.`
)

func (a *app) meshCommand() *cobra.Command {
	parent := commandsOnly(&cobra.Command{Use: "mesh", Short: "Show the mesh, make its secret, and seal what is lost"})
	command := func(use, short, long string, run func(context.Context) error) {
		if long != "" {
			long = short + ".\n\n" + long
		}
		parent.AddCommand(&cobra.Command{
			Use: use, Short: short, Long: long, Args: exactly(0, "no argument"),
			RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context()) },
		})
	}
	command("members", "List the nodes of the mesh", "", a.listMembers)
	command("lag", "Show how far behind the other nodes are", lagColumns, a.showLag)
	command("ping", "Measure the way to every node", pingColumns, a.pingMembers)
	parent.AddCommand(a.sealCommand())
	command("secret", "Make a secret that makes nodes one mesh", "", a.makeSecret)
	return parent
}

// makeSecret prints 32 random bytes as text.
func (a *app) makeSecret(context.Context) error {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	if a.json() {
		return a.printJSON(map[string]string{"secret": secret})
	}
	if terminal(a.out) {
		a.note("whoever has it is a member; keep it in a file that its owner alone can read, the same on every node:\n" +
			"  (umask 077; edged mesh secret > mesh.secret)\n" +
			"  edged serve --mesh-secret-file mesh.secret --mesh 0.0.0.0:7946 --join HOST:7946\n")
	}
	_, err := fmt.Fprintln(a.out, secret)
	return err
}

func (a *app) listMembers(ctx context.Context) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	mesh, err := c.Cluster(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(mesh.Members)
	}
	var rows [][]string
	for _, m := range mesh.Members {
		rtt := millisText(m.RTT)
		if m.Self {
			rtt = "here"
		}
		rows = append(rows, []string{m.Name, m.Region, m.State, m.Address, rtt, m.Version, m.Origin})
	}
	return a.printTable([]string{"NAME", "REGION", "STATE", "ADDRESS", "RTT", "VERSION", "ORIGIN"}, rows)
}

// millisText gives a number of milliseconds; 0 is one that is not known.
func millisText(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
}

// agoText gives the time since then.
func agoText(now, then time.Time) string {
	if then.IsZero() {
		return "never"
	}
	return now.Sub(then).Round(100*time.Millisecond).String() + " ago"
}

func (a *app) showLag(ctx context.Context) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	peers, err := c.Peers(ctx)
	if err != nil {
		return err
	}
	mesh, err := c.Cluster(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(struct {
			Peers  []client.Peer `json:"peers"`
			Stable client.Stable `json:"stable"`
		}{append([]client.Peer{}, peers...), mesh.Stable})
	}
	if len(peers) == 0 {
		a.note("%s is alone: it has no peer", mesh.Node.Name)
		return nil
	}
	now := time.Now()
	var rows [][]string
	for _, p := range peers {
		rows = append(rows, lagRow(p, now))
	}
	if err := a.printTable([]string{"PEER", "REGION", "SESSION", "LAG", "EVENTS", "NEED", "PROGRESS", "EQUAL", "LOGS APART", "RTT", "SKEW"}, rows); err != nil {
		return err
	}
	for _, h := range mesh.Stable.HeldBackBy {
		a.note("order=stable waits for %s since %s (%s); if its disk is lost: edged mesh seal %[1]s",
			h.Origin, h.Since.Local().Format(time.DateTime), agoText(now, h.Since))
	}
	return nil
}

func lagRow(p client.Peer, now time.Time) []string {
	session := "down"
	switch {
	case p.Connected && p.Lagging:
		session = "lagging"
	case p.Connected:
		session = "up"
	}
	return []string{
		p.Name, p.Region, session, strconv.FormatFloat(p.Lag, 'f', 1, 64) + " ms", countText(p.LagEvents), countText(p.NeedEvents),
		agoText(now, p.LastProgress), agoText(now, p.LastEqual), strconv.Itoa(p.Rows), millisText(p.RTT), millisText(p.Skew),
	}
}
