package replication

import (
	"testing"

	"github.com/edgedhq/edged/replication/session"
)

// Two addresses given by hand that lead to one node are one target, and the one that is done with
// stays so however often it is asked.
func TestAddressesOfOneNode(t *testing.T) {
	r := &Replicator{opts: Options{Self: session.Self{Node: "me"}, Join: []string{"a:1", "b:1", "self:1"}}}
	d := newDialer(r)
	first, second, self := d.targets["a:1"], d.targets["b:1"], d.targets["self:1"]
	if !d.name(first, "other") {
		t.Error("the first link to a node is not wanted")
	}
	for range 2 {
		if d.name(second, "other") || d.name(self, "me") {
			t.Error("a second link to a node, or one to this node, is wanted")
		}
	}
	if !closed(second.gone) || !closed(self.gone) || closed(first.gone) {
		t.Error("the wrong targets are done with")
	}
	if !d.wanted(self, "me") || d.wanted(second, "other") {
		t.Error("a link to our own id has to be served, for HELLO to tell a copy; a second one to a node not")
	}
	if len(d.targets) != 1 || d.targets["other"] != first || len(d.unknown()) != 0 {
		t.Errorf("targets %v, unknown %v; want the one node", d.targets, d.unknown())
	}
	d.add("other", "other", "eu", "c:1")
	if first.address != "c:1" || first.region != "eu" {
		t.Errorf("a node that moved is dialled at %q in %q", first.address, first.region)
	}
	d.drop("other")
	d.drop("other")
	if !closed(first.gone) {
		t.Error("a node that left is dialled on")
	}
}
