package nodetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/witness"
)

// settle ends every scenario: no faults, all nodes run, a quiet time; then all is compared.
func (w *world) settle() {
	w.t.Helper()
	w.heal()
	for _, p := range w.places {
		if p.now() == nil {
			p.start()
		}
	}
	w.meet(45 * time.Second)
	w.converge(30 * time.Second)
	w.within(time.Minute, "gossip to list all as alive", w.listed)
	for _, p := range w.places {
		w.scan(p)
	}
	w.oneOrder()
	for _, r := range w.roamers {
		r.finish(len(w.list(w.places[0], orders, "")))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.checker.Judge() {
		w.trouble = append(w.trouble, v.String())
	}
	for _, text := range w.trouble[:min(len(w.trouble), 20)] {
		w.t.Error(text)
	}
	s := w.checker.Summary()
	w.t.Logf("%d acknowledged, %d refused, %d unknown, %d held in %d logs, %d crashes; %v of virtual time",
		s.Acked, s.Refused, s.Unknown, s.Held, s.Logs, s.Crashes, time.Since(w.began).Round(time.Second))
}

// listed says whether every node lists all others as alive.
func (w *world) listed() bool {
	for _, p := range w.places {
		c, err := p.now().client.Cluster(w.t.Context())
		if err != nil {
			return false
		}
		alive := 0
		for _, m := range c.Members {
			if m.State == "alive" {
				alive++
			}
		}
		if alive != len(w.places) {
			return false
		}
	}
	return true
}

// converge waits until all nodes have equal vectors and digests.
func (w *world) converge(limit time.Duration) {
	w.t.Helper()
	began := time.Now()
	for {
		equal, at := w.equal()
		if equal {
			return
		}
		if time.Since(began) > limit {
			w.t.Fatalf("not equal after %v:\n%s", limit, at)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// equal compares the nodes. Equal vectors with other digests are a fault by themselves.
func (w *world) equal() (equal bool, at string) {
	var text strings.Builder
	equal = true
	for _, stream := range w.streams {
		var first client.Digest
		for i, p := range w.places {
			d, err := p.now().client.StreamDigest(w.t.Context(), stream)
			fmt.Fprintf(&text, "%s at %s: %s %v %v\n", stream, p.name, d.Digest, d.Vector, err)
			switch {
			case err != nil:
				equal = false
			case i == 0:
				first = d
			case !maps.Equal(d.Vector, first.Vector):
				equal = false
			case d.Digest != first.Digest:
				w.t.Fatalf("equal vectors, other digests:\n%s", &text)
			}
		}
	}
	return equal, text.String()
}

// scan records all that a node holds.
func (w *world) scan(p *place) {
	w.scans++
	process := fmt.Sprintf("scan%d-%s", w.scans, p.name)
	for _, stream := range w.streams {
		q := client.Query{From: "earliest", Limit: 5000}
		for {
			page, err := p.now().client.Read(w.t.Context(), stream, q)
			if err != nil {
				w.t.Fatalf("%s reads %s: %v", process, stream, err)
			}
			for i := range page.Events {
				o := w.opOf(p, &page.Events[i])
				o.Process, o.Kind = process, history.Hold
				w.happened(o)
			}
			q.Cursor = page.Cursor
			if page.CaughtUp {
				break
			}
		}
	}
	w.happened(history.Op{Process: process, Kind: history.End, Node: p.name, Outcome: history.OK})
}

// opOf checks an event's data and makes it an operation.
func (w *world) opOf(p *place, e *client.Event) history.Op {
	if want := witness.DataOf(e.ID); !bytes.Equal(e.Bytes(), want) {
		w.complain("event %s has data %s at %s, want %s", e.ID, e.Bytes(), p.name, want)
	}
	return history.Op{
		ID: e.ID, Node: p.name, Outcome: history.OK,
		Dot: history.Dot{Log: witness.LogName(e.Stream, e.Partition, e.Origin), Seq: e.Seq},
	}
}

// oneOrder wants the same list in stable order of all nodes, with every event in it, soon. Where an
// origin is gone for good, it holds all of them back at one place, and is named.
func (w *world) oneOrder() {
	w.t.Helper()
	for _, stream := range w.streams {
		want := len(w.list(w.places[0], stream, ""))
		var first []string
		for _, p := range w.places {
			var list []string
			w.within(10*time.Second, fmt.Sprintf("%d events of %s in stable order at %s", want, stream, p.name), func() bool {
				list = w.list(p, stream, "stable")
				return len(list) >= want || w.heldBack(p)
			})
			if first == nil {
				first = list
			}
			if n := min(len(first), len(list)); !slices.Equal(first[:n], list[:n]) {
				w.complain("stable order of %s at %s differs from that at %s", stream, p.name, w.places[0].name)
			}
		}
	}
}

// heldBack says whether a node names the origins that are gone, and no other, as what it waits for.
func (w *world) heldBack(p *place) bool {
	c, err := p.now().client.Cluster(w.t.Context())
	if err != nil || len(w.gone) == 0 {
		return false
	}
	var named []string
	for _, h := range c.Stable.HeldBackBy {
		named = append(named, h.Origin)
	}
	slices.Sort(named)
	slices.Sort(w.gone)
	return slices.Equal(named, w.gone)
}

// list gives the ids of a stream's events in an order.
func (w *world) list(p *place, stream, order string) (ids []string) {
	q := client.Query{From: "earliest", Order: order, Limit: 5000}
	for {
		page, err := p.now().client.Read(w.t.Context(), stream, q)
		if err != nil {
			w.t.Fatalf("%s lists %s: %v", p.name, stream, err)
		}
		for i := range page.Events {
			ids = append(ids, page.Events[i].ID)
		}
		q.Cursor = page.Cursor
		if page.CaughtUp || len(page.Events) == 0 {
			return ids
		}
	}
}
