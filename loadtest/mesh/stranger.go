package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// growthMax bounds the memory that strangers may cost a node.
const growthMax = 64 << 20

// strangers: garbage on the mesh port, and a node with another mesh's secret, get nothing, and
// cost little, while the mesh works on.
func strangers(ctx context.Context, w *world) error {
	load := w.load(ctx, "w", true, w.nodes()...)
	defer load.settle()
	rest(ctx, 2*time.Second)
	before, err := w.a.life.RSS()
	if err != nil {
		return err
	}
	sent, err := garbage(ctx, w.a.mesh, 5*time.Second)
	if err != nil {
		return err
	}
	if err := w.knock(ctx); err != nil {
		return err
	}
	after, err := w.a.life.RSS()
	if err != nil {
		return err
	}
	if after > before+growthMax {
		return fmt.Errorf("%d packets of garbage and a stranger took %d MiB", sent, (after-before)>>20)
	}
	w.fact("%d packets of garbage, memory %+d MiB", sent, (after-before)>>20)
	load.settle()
	if err := w.converge(ctx, 3*time.Second); err != nil {
		return err
	}
	return w.judge(ctx)
}

// garbage sends random bytes for a time, from a new port every thousand packets: of any length,
// some of which look like the first packet of a QUIC connection.
func garbage(ctx context.Context, to string, d time.Duration) (sent int, err error) {
	rng := rand.NewChaCha8([32]byte{7})
	r := rand.New(rng)
	for end := time.Now().Add(d); time.Now().Before(end); {
		c, err := new(net.Dialer).DialContext(ctx, "udp", to)
		if err != nil {
			return sent, err
		}
		packet := make([]byte, 1400)
		for range 1000 {
			_, _ = rng.Read(packet) // never fails
			n := 1 + r.IntN(len(packet))
			if r.IntN(4) == 0 {
				n = 1200 + r.IntN(200)
				copy(packet, []byte{0xc0 | packet[0]&0x0f, 0, 0, 0, 1, 8}) // long header, Initial, version 1, an id of 8 bytes
			}
			if _, err := c.Write(packet[:n]); err == nil {
				sent++ // the kernel may refuse some: its buffers are full
			}
			if sent%50 == 0 && !rest(ctx, time.Millisecond) {
				break
			}
		}
		_ = c.Close() // nothing is expected of it
		if ctx.Err() != nil {
			return sent, context.Cause(ctx)
		}
	}
	return sent, nil
}

// knock lets a node with another secret try to join.
func (w *world) knock(ctx context.Context) error {
	secret, err := w.secret("other-secret")
	if err != nil {
		return err
	}
	stranger, err := newNode("stranger", "eu", filepath.Join(w.dir, "stranger"), w.a.binary, secret)
	if err != nil {
		return err
	}
	for _, n := range w.nodes() {
		stranger.join = append(stranger.join, n.mesh)
	}
	if err := stranger.start(ctx); err != nil {
		return err
	}
	defer stranger.kill()
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); rest(ctx, 500*time.Millisecond) {
		if err := w.apart(ctx, stranger); err != nil {
			return err
		}
	}
	return nil
}

// apart wants that neither side sees the other, and that no stream has crossed.
func (w *world) apart(ctx context.Context, stranger *node) error {
	for _, n := range append(w.nodes(), stranger) {
		c, err := n.client.Cluster(ctx)
		if err != nil {
			return err
		}
		for _, m := range c.Members {
			if !m.Self && m.State == "alive" && (n == stranger || m.Name == stranger.name) {
				return fmt.Errorf("%s counts %s of another mesh among its members", n.name, m.Name)
			}
		}
		if n == stranger && n.meets(ctx, 1) {
			return errors.New("a node with another secret replicates")
		}
	}
	_, err := stranger.client.Stream(ctx, orders)
	if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != 404 {
		return fmt.Errorf("a node with another secret was asked for a stream of the mesh: %w", err)
	}
	return nil
}

// pause: a process is stopped for 30 s with publishes waiting in it, and wakes.
func pause(ctx context.Context, w *world) error {
	load := w.load(ctx, "w", false, w.a, w.b)
	defer load.settle()
	held := w.load(ctx, "held", false, w.c)
	defer held.settle()
	rest(ctx, 2*time.Second)
	origin, err := w.c.origin(ctx)
	if err != nil {
		return err
	}
	if err := w.c.suspend(); err != nil {
		return err
	}
	rest(ctx, 30*time.Second)
	if err := w.c.resume(); err != nil {
		return err
	}
	rest(ctx, 2*time.Second)
	held.settle()
	load.settle()
	if err := w.meet(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := w.converge(ctx, 5*time.Second); err != nil {
		return err
	}
	if now, err := w.c.origin(ctx); err != nil || now != origin {
		return errors.Join(err, fmt.Errorf("a pause has cost the node its origin: %s, then %s", origin, now))
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	return w.oneOrder(ctx)
}
