package edged_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/quick"

	"github.com/edgedhq/edged"
)

func TestCheckName(t *testing.T) {
	contract := regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,127}$`)
	agrees := func(name string) bool {
		err := edged.CheckName("path.stream", name)
		if contract.MatchString(name) {
			return err == nil
		}
		return errors.Is(err, edged.Invalid)
	}
	for _, name := range []string{
		"a", "0", "orders", "orders-eu.v2_x", strings.Repeat("a", 128), // good
		"", ".", "..", "-a", "_a", "A", "a/b", "a b", "é", "a\n", "a\x00", strings.Repeat("a", 129), // bad
	} {
		if !agrees(name) {
			t.Errorf("%.140q: %v", name, edged.CheckName("path.stream", name))
		}
	}
	alphabet := "az09._-A/ "
	short := func(picks []uint8) bool {
		var name strings.Builder
		for _, p := range picks[:min(len(picks), 5)] {
			name.WriteByte(alphabet[int(p)%len(alphabet)])
		}
		return agrees(name.String())
	}
	if err := quick.Check(short, nil); err != nil {
		t.Error(err)
	}
}

func TestCheckKey(t *testing.T) {
	for _, c := range []struct {
		name, key string
		ok        bool
	}{
		{"one byte", "k", true},
		{"the longest", strings.Repeat("k", 1024), true},
		{"any text", "Straße 7 / 東京\x00", true},
		{"empty", "", false},
		{"too long", strings.Repeat("k", 1025), false},
		{"not UTF-8", "k\xff", false},
	} {
		if err := edged.CheckKey("query.key", c.key); (err == nil) != c.ok || err != nil && !errors.Is(err, edged.Invalid) {
			t.Errorf("%s: got %v", c.name, err)
		}
		if err := edged.CheckKey("query.key", []byte(c.key)); (err == nil) != c.ok {
			t.Errorf("%s, as bytes: got %v", c.name, err)
		}
	}
}
