package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/gossip"
	"github.com/edgedhq/edged/replication"
	"github.com/edgedhq/edged/replication/link"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
	"github.com/edgedhq/edged/replication/transport"
	"github.com/edgedhq/edged/streams/block"
)

// mesh is this node's side of the mesh: the one port, gossip and replication over it. A node
// without a mesh secret has none.
type mesh struct {
	n         *Node
	carrier   *transport.Transport
	gossip    *gossip.Gossip
	repl      *replication.Replicator
	links     *links // nil where links are not emulated
	advertise string
}

// openMesh takes the mesh port and makes the parts; nothing runs yet.
func (n *Node) openMesh() (undo func() error, err error) {
	conn := n.cfg.PacketConn
	if conn == nil {
		if conn, err = listenUDP(n.cfg.MeshListen); err != nil {
			return nil, err
		}
	}
	m := &mesh{n: n, advertise: n.cfg.Advertise}
	if m.advertise == "" {
		m.advertise = conn.LocalAddr().String()
	}
	carried := conn
	if n.cfg.EmulateLinks {
		m.links = newLinks(m)
		carried = link.Wrap(conn, link.Options{Policy: m.links.policy})
	}
	if err := m.open(carried); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	n.mesh.Store(m)
	return carried.Close, nil
}

func listenUDP(address string) (net.PacketConn, error) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, fmt.Errorf("mesh address %q: %w", address, err)
	}
	conn, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, fmt.Errorf("mesh port: %w", err)
	}
	return conn, nil
}

// open makes transport, gossip and replication over the port.
func (m *mesh) open(conn net.PacketConn) (err error) {
	n, cfg := m.n, &m.n.cfg
	keys, err := transport.Derive(cfg.MeshSecret)
	if err != nil {
		return err
	}
	m.carrier, err = transport.New(transport.Options{
		Conn: conn, Secret: cfg.MeshSecret, Key: n.store.Identity(), Log: cfg.Log, Now: cfg.Now,
		WindowBytesMax: uint64(max(0, cfg.MemoryBytes/8)),
	})
	if err != nil {
		return err
	}
	m.gossip, err = gossip.New(m.carrier, gossip.Options{
		Node: n.store.NodeID(), Name: cfg.Name, Region: cfg.Region, Version: cfg.Version,
		Origin: n.store.Origin(), Nonce: n.store.BootNonce(),
		HTTP: n.advertisedHTTP(m.advertise), Advertise: m.advertise, Key: keys.Gossip,
		Join: cfg.Join, Known: func() []string { return m.repl.Known() },
		Log: cfg.Log, Now: cfg.Now,
	})
	if err != nil {
		return err
	}
	m.repl, err = replication.New(replication.Options{
		Self: session.Self{
			Mesh: keys.Mesh, Node: n.store.NodeID(), Name: cfg.Name, Region: cfg.Region,
			HTTP: n.advertisedHTTP(m.advertise), Address: m.advertise,
			Nonce: n.store.BootNonce(), Started: cfg.Now().UnixNano(),
			BlockVersion: block.Form, Clean: n.store.Clean(), AwayAfter: cfg.AwayAfter,
		},
		Transport: m.carrier, Blocks: n.broker, Heads: n.broker, Writer: writer{n}, Records: records{n}, Members: members{m.gossip}, Snapshots: n.keeper,
		Join: cfg.Join, Sealed: sealed(n), Log: cfg.Log, Now: cfg.Now,
	})
	return err
}

// connected says whether a session with any peer is up.
func (m *mesh) connected() bool {
	return slices.ContainsFunc(m.repl.Peers(), func(p session.PeerState) bool { return p.Connected })
}

// advertisedHTTP is where others reach the door: as it listens, on the host of the mesh address
// where it listens on all.
func (n *Node) advertisedHTTP(mesh string) string {
	host, port, err := net.SplitHostPort(n.Addr().String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		if host, _, err = net.SplitHostPort(mesh); err != nil {
			return ""
		}
	}
	return net.JoinHostPort(host, port)
}

// sealed are the origins of this node that ended at its start.
func sealed(n *Node) (all []roster.Seal) {
	for _, s := range n.store.SelfSealed() {
		all = append(all, roster.Seal{Origin: s.Origin, At: s.At.Wall + 1, Reason: s.Reason})
	}
	return all
}

// runReplication replicates until ctx ends; what the peers lack is sent before it stops.
func (m *mesh) runReplication(ctx context.Context) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		flush, done := context.WithTimeout(own, m.n.cfg.FlushFor)
		defer done()
		m.repl.Flush(flush)
		cancel()
	})
	defer stop()
	return m.repl.Run(own)
}

// runGossip takes part in gossip until ctx ends; the others are told that it goes.
func (m *mesh) runGossip(ctx context.Context) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		const within = time.Second
		leave, done := context.WithTimeout(own, within)
		defer done()
		if err := m.gossip.Leave(leave); err != nil {
			m.n.cfg.Log.Debug("not everybody was told that this node goes", "err", err)
		}
		cancel()
	})
	defer stop()
	return m.gossip.Run(own)
}

// acks plugs replication into the broker, which is made before it.
type acks struct{ n *Node }

func (a acks) Possible(level edged.Ack) error { return a.n.mesh.Load().repl.Possible(level) }

func (a acks) Reached(ctx context.Context, level edged.Ack, logs []edged.Head) error {
	return a.n.mesh.Load().repl.Reached(ctx, level, logs)
}

func (a acks) Replicated(head edged.Head) edged.Sequence {
	return a.n.mesh.Load().repl.Replicated(head)
}
