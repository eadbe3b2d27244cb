package sim

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// epoch is what a right clock shows when a run begins.
const epoch = int64(1_800_000_000_000_000_000)

// phase is where a run stands.
type phase uint8

const (
	storm phase = iota // publishes and faults
	calm               // publishes
	quiet              // nothing
)

// world is one run.
type world struct {
	plan  plan
	rand  *rand.Rand
	queue queue
	phase phase
	heal  time.Duration // when the last fault was over

	hosts []*host
	paths [][]*path
	conns []*conn

	blocks    map[edged.Chain]*block
	dots      map[dot]*block
	doubtful  map[edged.OriginID]bool  // lives twice, or was set back
	promises  map[edged.OriginID]int64 // the newest of each
	forked    map[edged.LogID]bool     // by what was done to disks
	crowds    map[edged.LogName][]edged.Partition
	published int
	counts    map[string]int

	collections []*collection
	updates     map[*block]*update
	first       edged.OriginID   // that is minted: the bounds of counters leave it their rights
	origins     []edged.OriginID // all that were minted
	leapt       time.Duration    // what clocks have gone on beside the time that passes here

	hash hash.Hash64
	log  io.Writer // the trace in words, if wanted
}

type dot struct {
	log edged.LogID
	seq edged.Sequence
}

// Result is what a run tells.
type Result struct {
	Trace     uint64         // hash of all that happened
	Counts    map[string]int // of rare paths
	Published int
	Converged time.Duration // after the last fault
}

// violation is a broken promise; it ends the run.
type violation string

// Run runs one seed. The trace is written to log, if there is one.
func Run(seed uint64, log io.Writer) (r Result, err error) {
	w := &world{
		plan: planOf(seed), rand: rand.New(rand.NewPCG(seed, 0xed6ed)),
		blocks: make(map[edged.Chain]*block), dots: make(map[dot]*block),
		doubtful: make(map[edged.OriginID]bool), promises: make(map[edged.OriginID]int64),
		forked: make(map[edged.LogID]bool), crowds: make(map[edged.LogName][]edged.Partition),
		counts: make(map[string]int), updates: make(map[*block]*update), hash: fnv.New64a(), log: log,
	}
	defer func() {
		r = Result{Trace: w.hash.Sum64(), Counts: w.counts, Published: w.published, Converged: r.Converged}
		if v := recover(); v != nil {
			what, ok := v.(violation)
			if !ok {
				panic(fmt.Sprintf("seed %d at %s: %v", seed, w.queue.now, v))
			}
			err = fmt.Errorf("sim: seed %d (%s) at %s: %s", seed, w.plan.focus, w.queue.now, what)
		}
	}()
	w.build()
	w.publishing()
	w.updating()
	w.faults()
	w.queue.runUntil(w.plan.storm)
	w.healAll()
	w.phase = calm
	w.queue.runUntil(w.plan.storm + w.plan.calm)
	w.checkCalm()
	w.phase = quiet
	r.Converged = w.settleDown()
	w.checkEnd()
	w.checkUpdates()
	return r, nil
}

// settleDown runs until all hold the same, for the quiet time at most, and a little longer.
func (w *world) settleDown() time.Duration {
	equal := time.Duration(0)
	for end := w.queue.now + w.plan.quiet; w.queue.now < end; {
		w.queue.runUntil(w.queue.now + time.Second)
		if equal == 0 && w.differs() == "" {
			equal = w.queue.now
		}
		if equal != 0 && w.queue.now >= equal+10*time.Second {
			break
		}
	}
	return equal - w.heal
}

// build makes the hosts and the paths between them, and starts the nodes.
func (w *world) build() {
	w.first = edged.OriginID(w.bytes(10))
	w.collect()
	for range w.plan.nodes {
		w.addHost(newImage())
	}
	for _, h := range w.hosts {
		if w.plan.clocks {
			h.offset = w.upTo(2*time.Second) - time.Second
			h.drift = (w.rand.Float64() - 0.5) * 400e-6
		}
		w.queue.put(w.upTo(3*time.Second), func() {
			if h.process == nil {
				h.start()
			}
		})
	}
}

func (w *world) addHost(disk *image) *host {
	h := &host{w: w, index: len(w.hosts), disk: disk}
	h.region = fmt.Sprintf("r%d", h.index%w.plan.regions)
	w.hosts = append(w.hosts, h)
	for i := range w.paths {
		w.paths[i] = append(w.paths[i], w.newPath())
	}
	row := make([]*path, len(w.hosts))
	for i := range row {
		row[i] = w.newPath()
	}
	w.paths = append(w.paths, row)
	return h
}

func (w *world) newPath() *path {
	p := &path{delay: 100*time.Microsecond + w.upTo(60*time.Millisecond), jitter: w.upTo(3 * time.Millisecond), perByte: 10 * time.Nanosecond}
	if w.rand.IntN(4) == 0 {
		p.loss = w.rand.Float64() * 0.2
	}
	if w.rand.IntN(8) == 0 {
		p.perByte = 4 * time.Microsecond // 2 Mbit/s
	}
	return p
}

func (w *world) hostAt(address string) *host {
	at := slices.IndexFunc(w.hosts, func(h *host) bool { return h.address() == address })
	return w.hosts[at]
}

// mint makes an origin.
func (w *world) mint(h *host) edged.Origin {
	id := edged.OriginID(w.bytes(10))
	if len(w.origins) == 0 {
		id = w.first
	}
	w.origins = append(w.origins, id)
	return edged.Origin{ID: id, Label: h.address()}
}

func (w *world) bytes(n int) []byte {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, w.rand.Uint64())
	}
	return b[:n]
}

func (w *world) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rand.Int64N(int64(d)))
}

func (w *world) padding() string {
	const most = 300
	return fmt.Sprintf("%*d", w.rand.IntN(most), 0)
}

// wear sometimes flips a bit of a block that is read, where the plan says so.
func (w *world) wear(b []byte) []byte {
	const once = 200
	if !w.plan.damage || w.phase != storm || w.rand.IntN(once) != 0 {
		return b
	}
	worn := slices.Clone(b)
	worn[headerBytes-1+w.rand.IntN(len(b)-headerBytes+1)] ^= 1
	w.count("damaged block")
	return worn
}

func (w *world) count(what string) { w.counts[what]++ }

// trace adds to what two runs of one seed have alike.
func (w *world) trace(what string, of ...any) {
	fmt.Fprintln(w.hash, int64(w.queue.now), what, of)
	if w.log != nil {
		fmt.Fprintln(w.log, w.queue.now, what, of)
	}
}

// frame traces one that arrives.
func (w *world) frame(e *end, lane int, f wire.Frame) {
	var b [64]byte
	le := binary.LittleEndian
	le.PutUint64(b[0:], uint64(w.queue.now))
	b[8], b[9], b[10] = byte(e.p.h.index), byte(lane), f.Type()
	le.PutUint64(b[16:], uint64(e.id))
	switch f := f.(type) {
	case wire.Block:
		copy(b[24:40], f.Bytes[8:24])
		copy(b[40:48], f.Bytes[24:32])
	case wire.Promise:
		le.PutUint64(b[24:], uint64(f.Time))
	case wire.Tick:
		copy(b[24:40], f.Root[:])
	}
	w.hash.Write(b[:])
	if w.log != nil {
		say(w.log, w.queue.now, e, lane, f)
	}
}

func say(log io.Writer, now time.Duration, e *end, lane int, f wire.Frame) {
	switch f := f.(type) {
	case wire.Block:
		fmt.Fprintf(log, "%s h%d link %d lane %d block number %d first %d\n", now, e.p.h.index, e.id, lane, f.Number, f.Bytes[24])
	case wire.Digest:
		fmt.Fprintf(log, "%s h%d link %d digest tick %d prefix %x sums %d\n", now, e.p.h.index, e.id, f.Tick, f.Prefix, len(f.Sums))
	case wire.Tick:
		fmt.Fprintf(log, "%s h%d link %d from h%d tick %d root %x newest %d held %v flags %d\n", now, e.p.h.index, e.id, e.other().p.h.index, f.Tick, f.Root[:4], f.Newest.Wall, f.Held, f.Flags)
	default:
		fmt.Fprintf(log, "%s h%d from h%d link %d lane %d %T %+v\n", now, e.p.h.index, e.other().p.h.index, e.id, lane, f, f)
	}
}

func (w *world) fail(format string, args ...any) { panic(violation(fmt.Sprintf(format, args...))) }
