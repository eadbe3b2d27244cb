package collections

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/edgedhq/edged"
)

// PutCollection creates or replaces a definition; it is durable on return. The type is fixed, and
// so are the bounds of a bounded counter.
func (k *Keeper) PutCollection(ctx context.Context, def edged.Collection) (info edged.CollectionInfo, created bool, err error) {
	if err := check(&def); err != nil {
		return info, false, err
	}
	if err := k.define(ctx); err != nil {
		return info, false, err
	}
	defer k.defined()
	if c, err := k.find(def.Name); err == nil {
		if err := c.definition().fits(&def); err != nil {
			return info, false, err
		}
	}
	stream, err := streamOf(def)
	if err != nil {
		return info, false, err
	}
	put, created, err := k.catalog.PutStream(ctx, stream)
	if err != nil {
		return info, false, err
	}
	d, err := definitionOf(put.Stream)
	if err != nil {
		return info, false, err
	}
	if err := k.adopt(d); err != nil {
		return info, false, err
	}
	if err := d.fits(&def); err != nil { // another region's came first
		return info, false, err
	}
	info, err = k.Collection(def.Name)
	return info, created, err
}

// Collection gives a definition with what is held of it here.
func (k *Keeper) Collection(name string) (edged.CollectionInfo, error) {
	c, err := k.find(name)
	if err != nil {
		return edged.CollectionInfo{}, err
	}
	return c.info(), nil
}

// ListCollections gives up to limit collections whose names come after the given one, in order.
func (k *Keeper) ListCollections(after string, limit int) ([]edged.CollectionInfo, error) {
	var infos []edged.CollectionInfo
	for len(infos) < limit {
		from := ""
		if after != "" {
			from = edged.CollectionStream(after)
		}
		defs, err := k.catalog.Hidden(hidden, from, limit-len(infos))
		if err != nil || len(defs) == 0 {
			return infos, err
		}
		for _, s := range defs {
			after = strings.TrimPrefix(s.Name, hidden)
			if c, err := k.find(after); err == nil {
				infos = append(infos, c.info())
			}
		}
	}
	return infos, nil
}

// DeleteCollection ends a collection's generation everywhere; it is durable on return.
func (k *Keeper) DeleteCollection(ctx context.Context, name string) error {
	if err := k.define(ctx); err != nil {
		return err
	}
	defer k.defined()
	if _, err := k.find(name); err != nil {
		return err
	}
	err := k.catalog.DeleteStream(ctx, edged.CollectionStream(name))
	if err != nil && !errors.Is(err, edged.StreamNotFound) {
		return err
	}
	return k.look(name)
}

// define waits for the right to change what is defined; defined gives it back.
func (k *Keeper) define(ctx context.Context) error {
	select {
	case k.defining <- struct{}{}:
		return nil
	case <-ctx.Done():
		return edged.Refuse(edged.Overloaded, "other definitions are being changed; nothing is stored")
	}
}

func (k *Keeper) defined() { <-k.defining }

// listMax is how many definitions are read at a time.
const listMax = 1000

// list takes up all that is defined.
func (k *Keeper) list() error {
	for after := ""; ; {
		defs, err := k.catalog.Hidden(hidden, after, listMax)
		if err != nil || len(defs) == 0 {
			return err
		}
		for _, s := range defs {
			after = s.Name
			if err := k.take(s); err != nil {
				return err
			}
		}
	}
}

// look takes up what is defined under a name now. The caller has the right to define.
func (k *Keeper) look(name string) error {
	info, err := k.catalog.Stream(edged.CollectionStream(name))
	switch {
	case errors.Is(err, edged.StreamNotFound):
		return k.forget(name)
	case err != nil:
		return err
	}
	return k.take(info.Stream)
}

// take takes up one definition. One that this release does not know is left alone.
func (k *Keeper) take(s edged.Stream) error {
	d, err := definitionOf(s)
	if err != nil {
		k.opts.Log.Warn("collection not kept", "stream", s.Name, "err", err)
		return nil
	}
	return k.adopt(d)
}

// adopt makes the object of a definition, or lets the one that is there go by it. A new generation,
// and another type, begin with a new object, and what was kept before is dropped. What is not
// flushed of an object is folded again by the next.
func (k *Keeper) adopt(d *definition) error {
	k.mu.RLock()
	old := k.all[d.Name]
	k.mu.RUnlock()
	if old != nil {
		was := old.definition()
		switch {
		case was.Generation > d.Generation:
			return nil
		case was.Generation != d.Generation || was.Type != d.Type:
			if err := k.forget(d.Name); err != nil {
				return err
			}
		case same(was.Min, d.Min) && same(was.Max, d.Max):
			old.def.Store(d)
			return nil
		default: // two regions made one bounded counter with two bounds: its records stay what they are
			old.flush()
			old.close(edged.Refuse(edged.Unavailable, "the definition of %q is changing; nothing is stored", d.Name))
		}
	}
	c, err := newCollection(k, d)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.all[d.Name] = c
	k.announce()
	k.mu.Unlock()
	k.folds.push(c)
	return nil
}

// forget drops what is kept under a name.
func (k *Keeper) forget(name string) error {
	k.mu.Lock()
	c := k.all[name]
	delete(k.all, name)
	k.announce()
	k.mu.Unlock()
	if c == nil {
		return nil
	}
	c.close(unknown(name))
	from := c.prefix()
	return k.store.Drop(from, after(from))
}

// announce wakes those who wait for a collection to appear. The caller holds mu.
func (k *Keeper) announce() {
	close(k.changed)
	k.changed = make(chan struct{})
}

// followCatalog takes up definitions as they come, until ctx ends.
func (k *Keeper) followCatalog(ctx context.Context) error {
	more := make(chan struct{}, 1)
	more <- struct{}{}
	feed, err := k.journal.Follow(edged.Query{Stream: "$catalog", Start: edged.Start{Kind: edged.Latest}}, func() {
		select {
		case more <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer feed.Close()
	if err := k.define(ctx); err == nil {
		err = k.list()
		k.defined()
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
		if err := k.learn(ctx, feed); err != nil {
			return err
		}
	}
}

// learn takes up the definitions that a feed of the catalog tells of.
func (k *Keeper) learn(ctx context.Context, feed edged.Feed) error {
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
		for name := range names {
			if k.define(ctx) != nil {
				return nil
			}
			err := k.look(name)
			k.defined()
			if err != nil {
				return err
			}
		}
	}
}

// clean drops what is kept of collections that are defined no more: they were deleted, or changed
// their type, while this node was away.
func (k *Keeper) clean() error {
	var from []byte
	for {
		var found []byte
		err := k.store.Scan(from, nil, func(key, _ []byte) bool {
			found = bytes.Clone(key)
			return false
		})
		if err != nil || found == nil {
			return err
		}
		prefix, name := prefixIn(found)
		c, _ := k.find(name)
		if end := after(prefix); c == nil || !bytes.Equal(c.prefix(), prefix) {
			if err := k.store.Drop(prefix, end); err != nil {
				return err
			}
		}
		from = after(prefix)
	}
}
