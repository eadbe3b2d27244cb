package edged_test

import (
	"errors"
	"testing"

	"github.com/edgedhq/edged"
)

func TestAckText(t *testing.T) {
	for _, c := range []struct {
		text         string
		want         edged.Ack
		canonical    string
		early, wider bool
	}{
		{"", edged.Disk(), "disk", false, false},
		{"disk", edged.Disk(), "disk", false, false},
		{"memory", edged.Memory(), "memory", true, false},
		{"region", edged.Region(), "region", false, true},
		{"regions:1", edged.Disk(), "disk", false, false},
		{"regions:3", edged.Regions(3), "regions:3", false, true},
	} {
		got, err := edged.ParseAck(c.text)
		if err != nil || got != c.want || got.String() != c.canonical || got.BeforeDisk() != c.early || got.BeyondNode() != c.wider {
			t.Errorf("%q: got %v (before disk %v, beyond node %v), %v", c.text, got, got.BeforeDisk(), got.BeyondNode(), err)
		}
	}
	for _, bad := range []string{"Disk", "none", "regions", "regions:", "regions:0", "regions:-1", "regions:1001", "regions:x", "memory "} {
		if got, err := edged.ParseAck(bad); !errors.Is(err, edged.Invalid) {
			t.Errorf("%q: got %v, %v, want invalid", bad, got, err)
		}
	}
}
