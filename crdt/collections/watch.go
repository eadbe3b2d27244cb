package collections

import (
	"errors"
	"hash/maphash"
	"strings"

	"github.com/edgedhq/edged"
)

// givenMax is how many keys a watch remembers the values of, to pass over what has not changed.
const givenMax = 10_000

var _ edged.Feed = (*watch)(nil)

// watch is one watcher's place in a collection: that of a reader of its hidden stream, whose events
// are given as what the keys are worth once the events are folded. A key's value is given with the
// last of its events in a run, and only if no later one is in it: then that one brings it.
//
// Partitions whose records are gone, and at Earliest all, are listed: see listing.
type watch struct {
	k     *Keeper
	name  string
	query edged.Query // of the hidden stream
	wait  waiter

	inner  edged.Feed       // nil while a listing is given
	page   []edged.Delivery // what it gave and is not given on
	list   *listing
	resume string
	failed error
	given  map[string]uint64 // hashes of values, by key
	seed   maphash.Seed
}

// Changes opens a watcher's place in the collection that q names. Earliest, and a cursor that covers
// nothing, give all keys that have a value first. wake and closing are as for edged.Feed.
func (k *Keeper) Changes(q edged.Query, wake func()) (edged.Feed, error) {
	w := &watch{k: k, name: q.Stream, query: q, given: map[string]uint64{}, seed: maphash.MakeSeed(), resume: "start"}
	w.wait.call = wake
	w.query.Stream = edged.CollectionStream(q.Stream)
	w.query.Stable, w.query.Local = false, false
	c, err := k.find(q.Stream)
	if err != nil && !q.Await {
		return nil, err
	}
	at := &w.query.Start
	if c != nil && at.Kind == edged.AtCursor && at.Cursor.Generation == c.definition().Generation {
		at.Kind = edged.AtCursorOrGap // what is gone of the records is listed: no cursor is too old
	}
	nothing := (at.Kind == edged.AtCursor || at.Kind == edged.AtCursorOrGap) && len(at.Cursor.Vector) == 0
	if c != nil && (at.Kind == edged.Earliest || nothing && at.Cursor.Generation == c.definition().Generation) {
		w.list = newListing(c, edged.Vector{}, allPartitions())
	} else if err := w.follow(w.query.Start); err != nil {
		return nil, err
	} else {
		w.resume = w.inner.Resume()
	}
	k.stats.watchers.Add(1)
	return w, nil
}

// follow opens the place in the hidden stream.
func (w *watch) follow(at edged.Start) error {
	q := w.query
	q.Start = at
	feed, err := w.k.journal.Follow(q, w.wait.wake)
	if err != nil {
		return w.mine(err)
	}
	w.inner = feed
	return nil
}

// mine is an error of the journal in the words of a collection.
func (w *watch) mine(err error) error {
	if errors.Is(err, edged.StreamNotFound) {
		return unknown(w.name)
	}
	return err
}

// Close gives the place up.
func (w *watch) Close() {
	w.wait.leave()
	if w.inner != nil {
		w.inner.Close()
	}
	w.k.stats.watchers.Add(-1)
}

// Resume says how the watch took up its Start.
func (w *watch) Resume() string { return w.resume }

// Cursor is the place after all that Next gave.
func (w *watch) Cursor() edged.Cursor {
	if w.list != nil {
		return w.list.cursor()
	}
	for i := range w.page {
		if d := &w.page[i]; d.Run != nil {
			return placeBefore(d)
		}
	}
	return w.inner.Cursor()
}

// placeBefore is the place of a reader who has had what stands before a delivery.
func placeBefore(d *edged.Delivery) edged.Cursor {
	at := d.Run.Base().Cursor()
	if d.From > 0 {
		for _, e := range d.Run.Events(d.From-1, d.From) {
			at.Vector.Raise(d.Run.Name().Key(), e.Sequence)
		}
	}
	return at
}

// Next appends what has changed.
func (w *watch) Next(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	left := budget{bytesMax, eventsMax}
	had := len(dst)
	for w.failed == nil && !left.spent() {
		var more bool
		if dst, more = w.step(dst, &left); !more {
			break
		}
	}
	if len(dst) == had {
		return dst, w.failed
	}
	return dst, nil
}

// budget is what is left of one call of Next.
type budget struct{ bytes, events int }

func (b *budget) spent() bool { return b.bytes <= 0 || b.events <= 0 }

// step gives some; without more the watch waits to be woken.
func (w *watch) step(dst []edged.Delivery, left *budget) (_ []edged.Delivery, more bool) {
	if w.list != nil {
		return w.fromList(dst, left)
	}
	if len(w.page) == 0 {
		var err error
		if w.page, err = w.inner.Next(w.page[:0], left.bytes, left.events); err != nil {
			w.failed = w.mine(err)
			return dst, false
		}
		if len(w.page) == 0 {
			return dst, false
		}
	}
	d := &w.page[0]
	switch {
	case d.Notice != nil && d.Notice.Op == "gap":
		return w.gap(dst), true
	case d.Notice != nil:
		dst = append(dst, *d)
		w.pass()
		return dst, true
	}
	c, err := w.collection()
	if err != nil {
		w.failed = err
		return append(dst, edged.Delivery{Notice: &edged.Notice{Op: "deleted"}}), false
	}
	if !w.folded(c, d) {
		return dst, false
	}
	return w.give(dst, c, d, left), true
}

// pass goes on behind the first delivery of the page.
func (w *watch) pass() {
	w.page[0] = edged.Delivery{}
	if w.page = w.page[1:]; len(w.page) == 0 {
		w.page = nil
	}
}

// collection is the object of the collection as it is now. A stream whose definition is on its way
// to the keeper has it looked up.
func (w *watch) collection() (*collection, error) {
	c, err := w.k.find(w.name)
	if err == nil {
		return c, nil
	}
	w.k.defining <- struct{}{}
	err = w.k.look(w.name)
	w.k.defined()
	if err != nil {
		return nil, err
	}
	return w.k.find(w.name)
}

// folded says whether the values include a delivery. If not, the watch is woken when they may.
func (w *watch) folded(c *collection, d *edged.Delivery) bool {
	name, last := d.Run.Name(), edged.Sequence(0)
	for _, e := range d.Run.Events(d.To-1, d.To) {
		last = e.Sequence
	}
	return c.wait(&w.wait, func() bool {
		return int(name.Partition) >= len(c.parts) || c.parts[name.Partition].folded(name.Origin.ID) >= last
	})
}

// wait says whether something is so. If not, after what waits has been folded, w is called when more is.
func (c *collection) wait(w *waiter, so func() bool) bool {
	if so() {
		return true
	}
	if c.foldNow(); so() {
		return true
	}
	c.await(w)
	return so() // it may have come in between
}

// give gives the first delivery of the page, or as much of it as is left.
func (w *watch) give(dst []edged.Delivery, c *collection, d *edged.Delivery, left *budget) []edged.Delivery {
	if run := sharedRun(c, d); run != nil {
		w.pass()
		return w.giveShared(dst, run, left)
	}
	run := &valueRun{name: d.Run.Name(), base: d.Run.Base()}
	for i, e := range worth(c, d) {
		if e.err != nil {
			w.failed = e.err
			return dst
		}
		if left.spent() {
			rest(d, i)
			return w.put(dst, run)
		}
		if !w.known(e.Key, e.Data) {
			run.add(e.Event)
			left.events--
			left.bytes -= len(e.Key) + len(e.Data)
		}
	}
	w.pass()
	return w.put(dst, run)
}

// giveShared gives of a run that watchers share what this one has not been given.
func (w *watch) giveShared(dst []edged.Delivery, run *valueRun, left *budget) []edged.Delivery {
	d := edged.Delivery{Run: run, To: len(run.events), Picks: []int32{}}
	for i := range run.events {
		if e := &run.events[i]; !w.known(e.Key, e.Data) {
			d.Picks = append(d.Picks, int32(i))
			left.bytes -= len(e.Key) + len(e.Data)
		}
	}
	left.events -= len(d.Picks)
	switch len(d.Picks) {
	case 0:
		return dst
	case d.To:
		d.Picks = nil
	}
	return append(dst, d)
}

func (w *watch) put(dst []edged.Delivery, run *valueRun) []edged.Delivery {
	if len(run.events) == 0 {
		return dst
	}
	return append(dst, edged.Delivery{Run: run, To: len(run.events)})
}

// known says whether a value is what the watcher was given last, and remembers it.
func (w *watch) known(key string, value []byte) bool {
	hash := maphash.Bytes(w.seed, value)
	was, given := w.given[key]
	switch {
	case given && was == hash:
		return true
	case given:
		w.given[key] = hash
		return false
	case len(w.given) >= givenMax:
		clear(w.given)
	}
	w.given[strings.Clone(key)] = hash
	return false
}
