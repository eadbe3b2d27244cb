package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
	"github.com/edgedhq/edged/replication/transport"
)

// Options make a Replicator. All down to Members must be there.
type Options struct {
	Self      session.Self
	Transport *transport.Transport
	Blocks    Blocks
	Heads     Heads
	Writer    Writer
	Records   Records
	Members   Members

	Snapshots Snapshots // nil gives and takes none

	Join   []string      // addresses given by hand
	Sealed []roster.Seal // origins of ours that ended at this start

	Log *slog.Logger     // nil discards
	Now func() time.Time // nil asks the wall clock
}

// Replicator is the replication of one node. Its methods may be called from any goroutine.
type Replicator struct {
	opts  Options
	start time.Time // of the monotonic clock
	log   *slog.Logger
	stats counters

	mu     sync.Mutex // guards what follows, and is never held while anything waits
	table  *session.Table
	links  map[session.LinkID]*link
	last   session.LinkID
	waits  map[session.WaitID]chan struct{}
	waited session.WaitID
	roster *roster.Roster
	caught bool // the roster holds all records that were here at the start

	queue      queue
	chores     chores
	provides   chores
	takes      chores
	stable     atomic.Int64
	raised     chan struct{} // stable has risen
	wake       chan struct{} // the loop's timer has to be set anew
	dialer     *dialer
	sealer     sealer
	background sync.WaitGroup // introductions
}

// New makes a Replicator and begins to watch the store, which has not been started yet.
func New(opts Options) (*Replicator, error) {
	if opts.Transport == nil || opts.Blocks == nil || opts.Heads == nil || opts.Writer == nil ||
		opts.Records == nil || opts.Members == nil || opts.Self.Node == "" {
		return nil, errors.New("replication: options: a part is missing")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Snapshots == nil {
		opts.Snapshots = stateless{}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	r := &Replicator{
		opts: opts, start: time.Now(), log: opts.Log,
		links:  make(map[session.LinkID]*link),
		waits:  make(map[session.WaitID]chan struct{}),
		roster: roster.New(),
		raised: make(chan struct{}, 1),
		wake:   make(chan struct{}, 1),
	}
	r.sealer.init()
	r.queue.init()
	r.chores.init()
	r.provides.init()
	r.takes.init()
	r.dialer = newDialer(r)
	r.table = session.New(r.now(), opts.Self, opts.Writer.Origin(), opts.Heads)
	opts.Heads.WatchHeads(r.queue.moved)
	opts.Members.Watch(r.dialer.seen)
	return r, nil
}

// now is the time for the Table.
func (r *Replicator) now() session.Now {
	return session.Now{Mono: time.Since(r.start), Wall: r.opts.Now().UnixNano()}
}

// Run replicates until ctx ends. The node calls it once, when the store and the transport run.
func (r *Replicator) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	failed.Store(new(error))
	part := func(name string, run func(context.Context) error) {
		group.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				err = fmt.Errorf("replication: %s: %w", name, err)
				failed.Store(&err)
				cancel()
			}
		})
	}
	part("queue", r.drain)
	part("clock", r.tick)
	part("promises", r.promise)
	part("chores", r.chores.run)
	part("states for peers", r.provides.run)
	part("states of peers", r.takes.run)
	part("readers in stable order", r.raise)
	part("records", r.follow)
	part("seals", r.seal)
	part("links", r.accept)
	part("dialer", r.dialer.run)
	<-ctx.Done()
	r.endLinks()
	group.Wait()
	r.background.Wait()
	return *failed.Load()
}

// do tells the Table something and has the work done that comes of it; what its caller has to do
// itself is returned.
func (r *Replicator) do(input func(session.Now) []session.Work) []session.Ingest {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := r.table.Due()
	ingests := r.dispatch(input(r.now()))
	if r.table.Due() < due {
		signal(r.wake)
	}
	return ingests
}

// dispatch hands out work; nothing in it waits.
func (r *Replicator) dispatch(works []session.Work) (ingests []session.Ingest) {
	for _, w := range works {
		switch w := w.(type) {
		case session.Ingest:
			ingests = append(ingests, w)
		case session.Send:
			if l := r.links[w.Link]; l != nil {
				l.send(w.Frame)
			}
		case session.Wake:
			if l := r.links[w.Link]; l != nil {
				signal(l.wakes[w.Lane])
			}
		case session.Close:
			if l := r.links[w.Link]; l != nil {
				l.end(w.Code, w.Detail)
			}
		case session.Stable:
			r.stable.Store(w.Frontier)
			signal(r.raised)
		case session.Reached:
			if c := r.waits[w.Wait]; c != nil {
				close(c)
				delete(r.waits, w.Wait)
			}
		case session.Provide:
			r.provides.add(func(context.Context) { r.provide(w) })
		case session.Take:
			r.takes.add(func(context.Context) { r.take(w) })
		case session.Report:
			r.stats.count(w)
			r.chores.add(func(context.Context) { r.report(w) })
		default:
			r.chores.add(func(ctx context.Context) { r.chore(ctx, w) })
		}
	}
	return ingests
}

// signal wakes who waits on c, if nobody has yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// tick calls the Table when it is due.
func (r *Replicator) tick(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-timer.C:
		}
		var due time.Duration
		r.do(func(now session.Now) []session.Work {
			works := r.table.Tick(now)
			due = max(r.table.Due()-now.Mono, time.Millisecond)
			return works
		})
		timer.Reset(due)
	}
}

// Promises are made often while this node appends, and go on at rest.
const (
	promiseBusy   = 200 * time.Millisecond
	promiseIdle   = time.Second
	promiseBusyBy = 10 * time.Second
)

// promise makes promises for as long as the node runs.
func (r *Replicator) promise(ctx context.Context) error {
	timer := time.NewTimer(promiseBusy)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		at, err := r.opts.Writer.Promise(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("promise: %w", err)
		}
		r.queue.promised(at)
		if time.Since(r.start)-time.Duration(r.queue.appended.Load()) < promiseBusyBy {
			timer.Reset(promiseBusy)
		} else {
			timer.Reset(promiseIdle)
		}
	}
}

// raise tells readers in stable order how far they may read.
func (r *Replicator) raise(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.raised:
			r.opts.Writer.Stable(r.stable.Load())
		}
	}
}
