package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// trace is a list that many write.
type trace struct {
	mu    sync.Mutex
	lines []string
}

func (t *trace) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
}

func waits(t *trace, name string) machine {
	return machine{name, func(ctx context.Context) error {
		<-ctx.Done()
		t.add(name)
		return nil
	}}
}

func TestMachinesStopLastToFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var tr trace
	begin := machine{"c", func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, errStopped) {
			t.Errorf("cause %v", cause)
		}
		tr.add("c")
		return nil
	}}
	if err := runAll(ctx, []machine{waits(&tr, "a"), waits(&tr, "b"), begin}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"c", "b", "a"}; !slices.Equal(tr.lines, want) {
		t.Fatalf("stopped %v, want %v", tr.lines, want)
	}
}

func TestFirstErrorStopsTheRest(t *testing.T) {
	broken := errors.New("broken")
	var tr trace
	bad := machine{"bad", func(context.Context) error { return broken }}
	late := machine{"late", func(ctx context.Context) error {
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), broken) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		return errors.New("a second one")
	}}
	err := runAll(t.Context(), []machine{waits(&tr, "a"), bad, late})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "bad") || len(tr.lines) != 1 {
		t.Fatalf("got %v, %v", err, tr.lines)
	}
}

func TestAnEndWithoutAskingIsAnError(t *testing.T) {
	err := runAll(t.Context(), []machine{{"short", func(context.Context) error { return nil }}})
	if err == nil || !strings.Contains(err.Error(), "short ended by itself") {
		t.Fatalf("got %v", err)
	}
}

func TestAnErrorWhileStoppingIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	bad := machine{"bad", func(ctx context.Context) error {
		<-ctx.Done()
		return errors.New("could not end")
	}}
	if err := runAll(ctx, []machine{bad}); err == nil {
		t.Fatal("the error is lost")
	}
}
