package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

const (
	stallMax = 20 * time.Second // a disk that takes longer for a write makes the node not ready
	probeMax = 5 * time.Second  // a broker that takes longer to answer is wedged
)

// health is what a load balancer and a supervisor want to know.
type health struct{ n *Node }

// probe is one question to the broker that may be under way.
type probe struct {
	asked atomic.Int64 // Unix nanoseconds; 0 when it has answered
}

// Alive fails when the broker holds its locks and does not let go. A slow disk, a full one or a
// missing peer is no reason to restart.
func (h health) Alive() error {
	n := h.n
	now := n.cfg.Now().UnixNano()
	if since := n.probe.asked.Load(); since != 0 {
		if waited := time.Duration(now - since); waited > probeMax {
			return fmt.Errorf("the broker has not answered for %s", waited.Round(time.Second))
		}
		return nil
	}
	if n.probe.asked.CompareAndSwap(0, now) {
		go func() {
			n.broker.Stats()
			n.probe.asked.Store(0)
		}()
	}
	return nil
}

// Checks are the conditions of being ready.
func (h health) Checks() []edged.Check {
	n := h.n
	checks := []edged.Check{{Name: string(edged.Starting), OK: n.ready.Load()}}
	if !checks[0].OK {
		checks[0].Detail = "not all parts run yet, or not any more; ask again in a second"
	}
	checks = append(checks, n.checkSpace(), n.checkDisk())
	if m := n.mesh.Load(); m != nil {
		c := edged.Check{Name: "mesh", OK: !m.repl.Filling()}
		if !c.OK {
			c.Detail = "this node began empty and is fetching what the mesh knows of its streams; ask again in a second"
		}
		checks = append(checks, c)
	}
	if c, any := n.checkAside(); any {
		checks = append(checks, c)
	}
	return append(checks, n.checkCollections())
}

// checkAside tells of events that this node alone holds, of origins that were sealed without them. It
// serves them, so it is well.
func (n *Node) checkAside() (c edged.Check, any bool) {
	aside, err := n.broker.Aside()
	if err != nil || len(aside) == 0 {
		return c, false
	}
	var told []string
	for o, events := range aside {
		told = append(told, fmt.Sprintf("%d of %s", events, o))
	}
	slices.Sort(told)
	return edged.Check{Name: "sealed", OK: true, Detail: "events past the ends of sealed origins are kept here, and no other node takes them: " +
		strings.Join(told, ", ")}, true
}

func (n *Node) checkSpace() edged.Check {
	st := n.store.Stats()
	c := edged.Check{Name: "storage", OK: true}
	if st.FreeBytes >= 0 {
		c.Detail = fmt.Sprintf("%d MiB free, %d MiB in the database", st.FreeBytes>>20, st.DatabaseBytes>>20)
	}
	if err := n.store.Writable(); err != nil {
		c.OK, c.Detail = false, err.Error()
		if r, ok := errors.AsType[*edged.Refusal](err); ok {
			c.Detail = r.Detail
		}
	}
	return c
}

func (n *Node) checkDisk() edged.Check {
	waiting := n.store.Stats().WaitingFor
	if waiting > stallMax {
		return edged.Check{Name: "disk", Detail: fmt.Sprintf(
			"a write has waited %s for the disk; look for a failing or overloaded device", waiting.Round(time.Second))}
	}
	return edged.Check{Name: "disk", OK: true}
}
