package edged_test

import (
	"encoding/hex"
	"testing"

	"github.com/edgedhq/edged"
)

// TestLogIDGolden holds the frozen form: a node that hashed otherwise would file another's events
// under a log of its own.
func TestLogIDGolden(t *testing.T) {
	for _, c := range []struct {
		log  edged.LogName
		want string
	}{
		{edged.LogName{Stream: "orders", Generation: 1, Origin: edged.Origin{ID: originA(), Label: "eu-1"}}, "98a92974d35da9431851c0788ea823dc"},
		{edged.LogName{Stream: "orders", Generation: 300, Partition: 255, Origin: edged.Origin{ID: originB()}}, "ba765fd6b03ae39fafed32da251bbd93"},
	} {
		id := c.log.ID()
		if got := hex.EncodeToString(id[:]); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.log, got, c.want)
		}
	}
}

// TestLogIDTellsApart holds that every part of a name counts, but for the origin's label.
func TestLogIDTellsApart(t *testing.T) {
	name := edged.LogName{Stream: "orders", Generation: 1, Partition: 0, Origin: edged.Origin{ID: originA(), Label: "eu-1"}}
	relabelled := name
	relabelled.Origin.Label = "eu-2"
	if name.ID() != relabelled.ID() {
		t.Error("a new label made another log")
	}
	seen := map[edged.LogID]edged.LogName{}
	for _, stream := range []string{"orders", "order", "orders1"} {
		for generation := range edged.Generation(3) {
			for partition := range edged.Partition(3) {
				for _, origin := range []edged.OriginID{originA(), originB()} {
					n := edged.LogName{Stream: stream, Generation: generation, Partition: partition, Origin: edged.Origin{ID: origin}}
					if twin, ok := seen[n.ID()]; ok {
						t.Errorf("%+v and %+v have one id", n, twin)
					}
					seen[n.ID()] = n
				}
			}
		}
	}
}

// TestPartitionOfGolden holds keys to their partitions: the published FNV-1a 64 values, modulo.
func TestPartitionOfGolden(t *testing.T) {
	for key, hash := range map[string]uint64{
		"": 0xcbf29ce484222325, "a": 0xaf63dc4c8601ec8c, "foobar": 0x85944171f73967e8,
	} {
		for _, partitions := range []int{1, 2, 7, 8, 256} {
			want := edged.Partition(hash % uint64(partitions))
			if got := edged.PartitionOf(key, partitions); got != want {
				t.Errorf("key %q of %d: got %d, want %d", key, partitions, got, want)
			}
			if got := edged.PartitionOf([]byte(key), partitions); got != want {
				t.Errorf("key %q of %d, as bytes: got %d, want %d", key, partitions, got, want)
			}
		}
	}
}

func TestOriginText(t *testing.T) {
	for _, o := range []edged.Origin{
		{ID: originA(), Label: "eu-1"}, {ID: originB(), Label: ""}, {ID: originB(), Label: "odd~name"},
	} {
		if got, err := edged.ParseOrigin(o.String()); err != nil || got != o {
			t.Errorf("%+v came back as %+v, %v", o, got, err)
		}
	}
	if got, want := (edged.Origin{ID: originA(), Label: "eu-1"}).String(), "eu-1~0102030405060708090a"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{"", "eu-1", "eu-1~", "eu-1~0102", "eu-1~0102030405060708090", "eu-1~0102030405060708090g", "eu-1~0102030405060708090a0b"} {
		if o, err := edged.ParseOrigin(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, o)
		}
	}
}
