package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// flowsWithin is how soon after a seal all has to be in stable order.
const flowsWithin = 5 * time.Second

// sealLost: a node is lost with its disk, and with events that it had sent to nobody. Its origin holds
// back the stable order until an operator seals it; then it goes on, over a restart too, and the node
// comes back as another.
func sealLost(ctx context.Context, w *world) error {
	load := w.load(ctx, "before", true, w.nodes()...)
	defer load.settle()
	rest(ctx, 2*time.Second)
	load.settle()
	if err := w.converge(ctx, 3*time.Second); err != nil {
		return err
	}
	lost, err := w.loseTail(ctx, w.c)
	if err != nil {
		return err
	}
	if err := w.writer(w.a, "meanwhile", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	asked, err := w.seal(ctx, w.a, lost)
	if err != nil {
		return err
	}
	if err := w.flows(ctx, w.a, w.b); err != nil {
		return err
	}
	w.fact("stable order flowed %v after the seal was asked for", time.Since(asked).Round(10*time.Millisecond))
	w.b.kill()
	w.crashed(w.b)
	if err := w.b.start(ctx); err != nil {
		return err
	}
	if err := w.writer(w.b, "restarted", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.flows(ctx, w.b, w.a); err != nil {
		return err
	}
	if err := w.c.start(ctx); err != nil {
		return err
	}
	if err := w.writer(w.c, "after", "disk").publishAll(ctx, 20); err != nil {
		return err
	}
	if err := w.converge(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	return w.oneOrder(ctx)
}

// loseTail takes a node and its disk away that had written what it could send to nobody, and gives its
// origin.
func (w *world) loseTail(ctx context.Context, n *node) (origin string, err error) {
	if origin, err = n.origin(ctx); err != nil {
		return "", err
	}
	if _, err := w.askSeal(ctx, w.a, origin); err == nil {
		return "", errors.New("the origin of a node that is connected was sealed")
	}
	if err := w.isolate(ctx, n, true); err != nil {
		return "", err
	}
	wr := w.writer(n, "unsent", "disk")
	wr.doomed = true
	if err := wr.publishAll(ctx, 20); err != nil {
		return "", err
	}
	n.kill()
	w.crashed(n)
	return origin, os.RemoveAll(n.data())
}

// seal asks a node to seal an origin, as an operator does, until it does: as long as the session with
// the lost node stands, it is refused. It gives when the last time was.
func (w *world) seal(ctx context.Context, n *node, origin string) (asked time.Time, err error) {
	var said string
	err = within(ctx, 45*time.Second, "the seal of "+origin, func() bool {
		var failed error
		asked = time.Now()
		said, failed = w.askSeal(ctx, n, origin)
		return failed == nil
	})
	if err != nil {
		return asked, fmt.Errorf("%w: %s", err, said)
	}
	if !strings.Contains(said, "has ended") {
		return asked, fmt.Errorf("edged mesh seal has said %q", said)
	}
	return asked, nil
}

// askSeal runs edged mesh seal.
func (w *world) askSeal(ctx context.Context, n *node, origin string) (said string, err error) {
	text, err := exec.CommandContext(ctx, n.binary, "mesh", "seal", origin, "-s", "http://"+n.http).CombinedOutput()
	return string(text), err
}

// flows wants all that nodes hold in stable order, and no origin named that they wait for.
func (w *world) flows(ctx context.Context, nodes ...*node) error {
	for _, n := range nodes {
		var got, want int
		err := within(ctx, flowsWithin, "stable order to go on at "+n.name, func() bool {
			held, err := n.client.Stream(ctx, orders)
			if err != nil {
				return false
			}
			list, err := w.stable(ctx, n)
			got, want = len(list), int(held.Events)
			return err == nil && want > 0 && got == want
		})
		if err != nil {
			return fmt.Errorf("%w: %d of %d events", err, got, want)
		}
		var c client.Cluster
		if c, err = n.client.Cluster(ctx); err != nil || len(c.Stable.HeldBackBy) > 0 {
			return errors.Join(err, fmt.Errorf("%s waits for %v", n.name, c.Stable.HeldBackBy))
		}
	}
	return nil
}
