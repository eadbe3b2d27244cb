package process

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       time.Duration
	}{
		{"plain", "12 (edged) S 1 12 12 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0", 3 * time.Second},
		{"name with spaces and parentheses", "12 (a) b (c) S 1 12 12 0 -1 4194560 1 0 0 0 1 2 0 0 20", 30 * time.Millisecond},
	} {
		got, err := parseStat(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: got %v, %v; want %v", c.name, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "12 (edged) S 1", "12 (edged) S 1 12 12 0 -1 4194560 1 0 0 0 x 50 0 0"} {
		if d, err := parseStat(bad); err == nil {
			t.Errorf("%q was taken for %v", bad, d)
		}
	}
}

func TestStartMeasureStop(t *testing.T) {
	p, err := Start(Command{Path: "/bin/sh", Args: []string{"-c", "echo ready; exec sleep 60"}, Dir: t.TempDir()})
	if err != nil {
		t.Skip("no shell here:", err)
	}
	defer p.Kill()
	if err := p.Await(t.Context(), "the first line", func() bool { return p.Tail() == "ready" }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		if rss, err := p.RSS(); err != nil || rss <= 0 {
			t.Errorf("resident memory %d, %v", rss, err)
		}
		if _, err := p.CPU(); err != nil {
			t.Error(err)
		}
	}
	if err := p.Stop(); err == nil {
		t.Error("a process that was terminated ended well")
	}
	if err := p.Stop(); err == nil {
		t.Error("the second Stop tells another end")
	}
}

func TestAwaitTellsTheLastWords(t *testing.T) {
	p, err := Start(Command{Path: "/bin/sh", Args: []string{"-c", "echo no disk; exit 3"}, Dir: t.TempDir()})
	if err != nil {
		t.Skip("no shell here:", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = p.AwaitPort(ctx, "127.0.0.1:1")
	if err == nil || ctx.Err() != nil {
		t.Fatalf("got %v, want the end of the process", err)
	}
	if got := p.Tail(); got != "no disk" {
		t.Errorf("tail %q", got)
	}
}
