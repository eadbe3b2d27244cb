package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// machine is a part that runs until its context ends.
type machine struct {
	name string
	run  func(context.Context) error
}

// errStopped is the cause that machines see when the node was asked to stop.
var errStopped = errors.New("node: asked to stop")

// runAll runs the machines until ctx ends or the first of them returns. Then it stops them last
// to first, each awaited before the one below it, because each stands on those before it: the
// door ends its requests while the broker still answers, the broker while storage still commits.
// It returns the first error, or nil when ctx ended and all stopped well.
func runAll(ctx context.Context, machines []machine) error {
	var group sync.WaitGroup
	first := make(chan error, len(machines))
	stops := make([]func(error), len(machines))
	for i, m := range machines {
		own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		done := make(chan struct{})
		group.Go(func() {
			defer close(done)
			err := m.run(own)
			switch {
			case err != nil:
				err = fmt.Errorf("node: %s: %w", m.name, err)
			case own.Err() == nil:
				err = fmt.Errorf("node: %s ended by itself", m.name)
			default:
				return
			}
			first <- err
		})
		stops[i] = func(cause error) {
			cancel(cause)
			<-done
		}
	}
	var err error
	cause := errStopped
	select {
	case <-ctx.Done():
	case err = <-first:
		cause = err
	}
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i](cause)
	}
	group.Wait()
	if err == nil && len(first) > 0 {
		err = <-first
	}
	return err
}
