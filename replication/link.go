package replication

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
	"github.com/edgedhq/edged/replication/transport"
	"github.com/edgedhq/edged/replication/wire"
)

// link is one link with its readers and writers.
type link struct {
	id    session.LinkID
	way   *transport.Link
	wakes [wire.Lanes]chan struct{} // of the lanes' writers
	heard chan struct{}             // closed when HELLO has been read; other lanes wait for it

	mu      sync.Mutex
	control []wire.Frame // for lane 0
	closing string       // the reason, once the last frame is written
	closed  bool
}

// send queues a frame for lane 0. What the Table sends is bounded by what the peer asks for.
func (l *link) send(f wire.Frame) {
	l.mu.Lock()
	l.control = append(l.control, f)
	l.mu.Unlock()
	signal(l.wakes[wire.LaneControl])
}

// end closes the link when what was queued before has been written, or soon.
func (l *link) end(code, detail string) {
	l.mu.Lock()
	already := l.closed
	l.closing, l.closed = code+": "+detail, true
	l.mu.Unlock()
	if already {
		return
	}
	signal(l.wakes[wire.LaneControl])
	time.AfterFunc(time.Second, func() { l.way.Close(closeCode, l.closing) })
}

// closeCode is the one code of closed links; the reason says why.
const closeCode = 1

// accept takes the links that peers dial.
func (r *Replicator) accept(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	for {
		way, err := r.opts.Transport.Accept(ctx)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, transport.ErrStopped) {
				return nil
			}
			return fmt.Errorf("accept: %w", err)
		}
		group.Go(func() { r.serve(ctx, way) })
	}
}

// serve runs a link until it ends.
func (r *Replicator) serve(ctx context.Context, way *transport.Link) {
	began := time.Now()
	l := &link{way: way, heard: make(chan struct{})}
	for lane := range l.wakes {
		l.wakes[lane] = make(chan struct{}, 1)
	}
	r.do(func(now session.Now) []session.Work {
		r.last++
		l.id = r.last
		r.links[l.id] = l
		return r.table.Connected(now, l.id, way.Node(), way.Dialed())
	})
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	for lane := range wire.Lanes {
		group.Go(func() { r.read(ctx, l, lane) })
		group.Go(func() { r.write(ctx, l, lane) })
	}
	<-way.Done()
	cancel()
	group.Wait()
	r.do(func(now session.Now) []session.Work {
		delete(r.links, l.id)
		return r.table.Closed(now, l.id)
	})
	r.dialer.ended(way.Node(), time.Since(began))
}

// endLinks closes all links. What the peers lacked has been flushed before.
func (r *Replicator) endLinks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.links {
		go l.way.Close(closeCode, "bye: this node stops") // its serve waits for the end
	}
}

// read brings the frames of one lane to the Table.
func (r *Replicator) read(ctx context.Context, l *link, lane int) {
	if lane != wire.LaneControl {
		select {
		case <-l.heard:
		case <-ctx.Done():
			return
		}
	}
	frames := wire.NewReader(l.way.Read(lane), 0)
	for first := lane == wire.LaneControl; ; first = false {
		f, err := frames.Next()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, io.EOF) {
				l.way.Close(closeCode, "protocol: "+err.Error())
			}
			return
		}
		for _, in := range r.do(func(now session.Now) []session.Work { return r.table.Receive(now, l.id, lane, f) }) {
			r.opts.Blocks.Ingest(ctx, in.Name, in.Bytes, func(landing edged.Landing) { r.queue.landed(in, landing) })
		}
		if first {
			close(l.heard)
		}
	}
}

// write writes one lane as the Table says.
func (r *Replicator) write(ctx context.Context, l *link, lane int) {
	w := &laneWriter{r: r, l: l, lane: lane, to: l.way.Write(lane)}
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wakes[lane]:
		}
		step := w.blocks
		if lane == wire.LaneControl {
			step = w.frames
		}
		if err := step(); err != nil {
			l.way.Close(closeCode, "protocol: "+err.Error())
			return
		}
	}
}

// laneWriter writes one lane.
type laneWriter struct {
	r    *Replicator
	l    *link
	lane int
	to   io.Writer
	buf  []byte
	held []edged.Packed
}

// frames writes the control frames that wait, and closes the link if that was the last.
func (w *laneWriter) frames() error {
	w.l.mu.Lock()
	frames, closing := w.l.control, w.l.closed
	w.l.control = nil
	w.l.mu.Unlock()
	w.buf = w.buf[:0]
	for _, f := range frames {
		w.buf = wire.Append(w.buf, f)
	}
	if err := w.flush(); err != nil {
		return err
	}
	if closing {
		// The close would overtake the frames; the peer gets a moment to read them.
		time.AfterFunc(closeAfter, func() { w.l.way.Close(closeCode, w.l.closing) })
	}
	return nil
}

// closeAfter is how long a link stays after its last frame.
const closeAfter = 200 * time.Millisecond

// blocks writes what the Table has for the lane until it has no more.
func (w *laneWriter) blocks() error {
	for {
		w.r.mu.Lock()
		o, ok := w.r.table.Writable(w.r.now(), w.l.id, w.lane)
		w.r.mu.Unlock()
		switch {
		case !ok:
			return w.flush()
		case o.Frame != nil:
			w.buf = wire.Append(w.buf, o.Frame)
			if len(w.buf) >= framesMost {
				if err := w.flush(); err != nil {
					return err
				}
			}
		default:
			if err := w.run(o); err != nil {
				return err
			}
		}
	}
}

// framesMost is how long frames gather before they are written.
const framesMost = 64 << 10

// run writes the blocks of one Output.
func (w *laneWriter) run(o session.Output) (err error) {
	w.held, err = w.r.opts.Blocks.ReadBlocks(o.Log, o.From, o.Budget, w.held[:0])
	if err != nil {
		w.r.log.Error("blocks to be sent could not be read", "err", err)
	}
	var last edged.Sequence
	bytes := 0
	for _, b := range w.held {
		if b.First > o.To {
			break
		}
		w.buf = wire.AppendBlock(w.buf, o.Number, o.Flags, len(b.Bytes))
		w.buf = append(w.buf, b.Bytes...)
		last, bytes = b.Last, bytes+len(b.Bytes)
	}
	clear(w.held)
	if err := w.flush(); err != nil {
		return err
	}
	w.r.stats.sent(bytes)
	w.r.do(func(now session.Now) []session.Work { return w.r.table.Sent(now, w.l.id, w.lane, o, last, bytes) })
	return nil
}

func (w *laneWriter) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.to.Write(w.buf)
	w.buf = w.buf[:0]
	if cap(w.buf) > 1<<20 {
		w.buf = nil
	}
	return err
}
