package nodetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/witness"
	"github.com/edgedhq/edged/replication/link/linktest"
)

// TestTwoHistories gives one origin two histories, behind the backs of the others: a node that has
// the older part from one and the newer from the other joins them at a seam, and must not. The
// log may freeze, so the usual end is not asked for.
func TestTwoHistories(t *testing.T) {
	run(t, three(), func(w *world) {
		w.split = true
		w.startAll()
		a, b, c := w.places[0], w.places[1], w.places[2]
		w.singles(c, "both", 5)
		w.converge(5 * time.Second)
		a.end()
		c.end()
		image := c.disk.Crash(0, nil)
		c.start()
		w.within(15*time.Second, "b and c to meet", func() bool { return c.meets(1) })
		w.singles(c, "left", 40)
		w.within(5*time.Second, "b to hold it", func() bool { return len(w.list(b, orders, "")) == 45 })
		c.end()
		b.end()

		c.disk = image
		c.start() // hears of nobody, and goes on where the image ended
		w.singles(c, "right", 5)
		b.start()
		w.part([]*place{b}, []*place{a, c})
		far := linktest.Faults{Delay: 700 * time.Millisecond}
		w.net.Set(a.mesh, c.mesh, far)
		w.net.Set(c.mesh, a.mesh, far)
		a.start()
		until := time.Now().Add(time.Duration(2000+w.draw(5000)) * time.Millisecond)
		for n := 0; time.Now().Before(until); n++ {
			w.singles(c, fmt.Sprint("right-", n, "-"), 1)
			time.Sleep(100 * time.Millisecond)
		}
		w.part([]*place{c}, []*place{a, b})
		w.net.Heal(a.mesh, b.mesh)
		time.Sleep(40 * time.Second)
		for _, p := range []*place{a, b} {
			ids := strings.Join(w.list(p, orders, ""), " ")
			if strings.Contains(ids, "left") && strings.Contains(ids, "right") {
				t.Errorf("%s joined two histories: %s", p.name, ids)
			}
		}
	})
}

// singles publishes events one by one, each in a block of its own.
func (w *world) singles(p *place, name string, n int) {
	w.t.Helper()
	for i := range n {
		id := fmt.Sprint(name, i)
		drafts := []client.Draft{{ID: id, Data: witness.DataOf(id)}}
		if _, err := p.now().client.Publish(w.t.Context(), orders, drafts, client.PublishOptions{}); err != nil {
			w.t.Fatalf("%s at %s: %v", id, p.name, err)
		}
	}
}
