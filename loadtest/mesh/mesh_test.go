package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSetBackKeepsInodes(t *testing.T) {
	dir, backup := t.TempDir(), t.TempDir()
	write := func(dir, name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write(dir, "identity", "key")
	write(dir, "db/1", "old")
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(filepath.Join(dir, "identity"))
	if err != nil {
		t.Fatal(err)
	}
	write(dir, "db/1", "newer")
	write(dir, "db/2", "new")
	write(backup, "gone/3", "was there")
	if err := setBack(dir, backup); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"identity": "key", "db/1": "old", "gone/3": "was there"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "db/2")); err == nil {
		t.Error("a file that the backup lacks is still there")
	}
	if after, err := os.Stat(filepath.Join(dir, "identity")); err != nil || !os.SameFile(before, after) {
		t.Errorf("the identity file is another one: %v", err)
	}
}

func TestScenariosHaveNamesOfTheirOwn(t *testing.T) {
	var names []string
	for _, s := range append(settings{}.scenarios(), settings{}.measures()...) {
		if slices.Contains(names, s.name) || s.budget <= 0 || s.run == nil {
			t.Errorf("scenario %+v", s)
		}
		names = append(names, s.name)
	}
}

func TestFirstDifference(t *testing.T) {
	for _, tc := range []struct {
		a, b []string
		want int
	}{
		{nil, nil, 0}, {[]string{"x"}, nil, 0}, {[]string{"x", "y"}, []string{"x", "z"}, 1}, {[]string{"x"}, []string{"x"}, 1},
	} {
		if got := firstDifference(tc.a, tc.b); got != tc.want {
			t.Errorf("%v and %v differ at %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
