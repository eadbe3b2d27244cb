package function

import (
	"context"
	"strings"

	"github.com/edgedhq/edged"
)

// listMax is how many definitions are read at a time.
const listMax = 1000

// list takes up all that is defined.
func (r *Runner) list() error {
	for after := ""; ; {
		defs, err := r.catalog.Hidden(hidden, after, listMax)
		if err != nil || len(defs) == 0 {
			return err
		}
		for _, s := range defs {
			after = s.Name
			r.take(s)
		}
	}
}

// take takes up one definition. One that this release does not understand is kept as it is, and says
// so when it is asked for.
func (r *Runner) take(s edged.Stream) {
	d, err := definitionOf(s)
	if err == nil {
		err = r.adopt(d)
	}
	if err != nil {
		r.opts.Log.Warn("function does not run here", "stream", s.Name, "err", err)
	}
}

// look takes up what is defined under a name now.
func (r *Runner) look(name string) error {
	info, err := r.catalog.Stream(edged.FunctionStream(name))
	switch {
	case isMissing(err):
		r.forget(name)
		return nil
	case err != nil:
		return err
	}
	r.take(info.Stream)
	return nil
}

// followCatalog takes up definitions as they come, until ctx ends.
func (r *Runner) followCatalog(ctx context.Context) error {
	more := make(chan struct{}, 1)
	more <- struct{}{}
	feed, err := r.journal.Follow(edged.Query{Stream: "$catalog", Start: edged.Start{Kind: edged.Latest}}, func() {
		select {
		case more <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer feed.Close()
	if err := r.define(ctx); err == nil {
		err = r.list()
		r.defined()
		if err != nil {
			return err
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-more:
		}
		if err := r.learn(ctx, feed); err != nil {
			return err
		}
	}
}

// learn takes up the definitions that a feed of the catalog tells of.
func (r *Runner) learn(ctx context.Context, feed edged.Feed) error {
	for {
		page, err := feed.Next(nil, 1<<20, listMax)
		if err != nil || len(page) == 0 {
			return err
		}
		names := map[string]bool{}
		for i := range page {
			if page[i].Run == nil {
				continue
			}
			for _, e := range page[i].Run.Events(page[i].From, page[i].To) {
				if name, ok := strings.CutPrefix(e.Key, hidden); ok {
					names[name] = true
				}
			}
		}
		for name := range names { // each on its own: any order
			if r.define(ctx) != nil {
				return nil
			}
			err := r.look(name)
			r.defined()
			if err != nil {
				return err
			}
		}
	}
}
