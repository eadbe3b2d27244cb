package crdt

import (
	"encoding/binary"
	"strconv"

	"github.com/edgedhq/edged/crdt/sketch"
)

// hyperLogLogType is "hyperloglog": about how many distinct items were observed. A reset wins over
// what is observed at the same time.
type hyperLogLogType struct{}

func (hyperLogLogType) Name() string { return "hyperloglog" }

func (hyperLogLogType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "hyperloglog", observeItems())
}

func observeItems() []verb {
	return []verb{{"observe", func(o operand, op *Op) (err error) {
		op.Verb = Observe
		op.Items, err = o.items()
		return err
	}}}
}

func (hyperLogLogType) New(Limits) Value { return &hyperLogLog{} }

func (hyperLogLogType) Parse(data []byte, _ Limits) (Value, error) {
	h := &hyperLogLog{}
	if len(data) == 0 {
		return h, nil
	}
	r := read(data)
	h.epoch = r.uvarint()
	parsed, rest, err := sketch.ParseHyperLogLog(r.take(r.left()))
	if err != nil || len(rest) > 0 || h.epoch == 0 && parsed.Empty() {
		r.fail("no registers that can be")
	}
	h.HyperLogLog = *parsed
	return h, r.done()
}

// hyperLogLog counts in the epoch that it is in; each reset begins another.
type hyperLogLog struct {
	epoch uint64
	sketch.HyperLogLog
}

func (h *hyperLogLog) Begin(Place) Change { return &hyperLogLogChange{h: h} }

// begin enters a later epoch.
func (h *hyperLogLog) begin(epoch uint64) { *h = hyperLogLog{epoch: epoch} }

// Fold reads what hyperLogLogChange appends:
//
//	version | epoch | count of registers | registers: index, rank
func (h *hyperLogLog) Fold(_ Place, delta []byte) error {
	r := read(delta)
	epoch := r.uvarint()
	put := make([]sketch.Register, 0, r.counts(registerBytes)[0])
	for r.err == nil && len(put) < cap(put) {
		raw := r.take(registerBytes)
		x := sketch.Register{Index: binary.BigEndian.Uint16(raw), Rank: raw[2]}
		if !x.Valid() {
			r.fail("no register has index %d and rank %d", x.Index, x.Rank)
		}
		put = append(put, x)
	}
	if err := r.done(); err != nil {
		return err
	}
	if epoch > h.epoch {
		h.begin(epoch)
	}
	for _, x := range put {
		if epoch == h.epoch {
			h.Put(x)
		}
	}
	return nil
}

const registerBytes = 3

func (h *hyperLogLog) Merge(other Value, _, _ Vector) {
	o := other.(*hyperLogLog)
	if o.epoch > h.epoch {
		h.begin(o.epoch)
	}
	if o.epoch == h.epoch {
		h.HyperLogLog.Merge(&o.HyperLogLog)
	}
}

// Trim has nothing to forget: an observation of an epoch that has ended counts nowhere.
func (h *hyperLogLog) Trim(Vector) {}

func (h *hyperLogLog) Absent() bool { return h.Empty() }

func (h *hyperLogLog) AppendJSON(dst []byte) []byte {
	dst = strconv.AppendUint(append(dst, `{"estimate":`...), h.Estimate(), 10)
	dst = strconv.AppendFloat(append(dst, `,"error":`...), sketch.HyperLogLogError, 'g', -1, 64)
	return append(dst, '}')
}

func (h *hyperLogLog) AppendConflicts(dst []byte) []byte { return dst }

// AppendTo appends
//
//	version | epoch | sketch
func (h *hyperLogLog) AppendTo(dst []byte) []byte {
	if h.epoch == 0 && h.Empty() {
		return dst
	}
	return h.HyperLogLog.AppendTo(binary.AppendUvarint(append(dst, encodingVersion), h.epoch))
}

func (h *hyperLogLog) AppendAlive(dst []byte) []byte { return h.AppendTo(dst) }

func (h *hyperLogLog) Size() int { return 4 + h.HyperLogLog.Size() }

// hyperLogLogChange gathers the registers that items raise.
type hyperLogLogChange struct {
	h       *hyperLogLog
	cleared bool
	raised  []sketch.Register
}

func (c *hyperLogLogChange) Do(ops []Op) error {
	for i := range ops {
		switch op := &ops[i]; op.Verb {
		case Clear:
			if !c.h.Empty() {
				c.h.begin(c.h.epoch + 1)
				c.cleared, c.raised = true, nil
			}
		case Observe:
			for _, item := range op.Items {
				d := sketch.DigestOf(item)
				if r := sketch.RegisterOf(&d); c.h.Put(r) {
					c.raised = append(c.raised, r)
				}
			}
		default:
			return foreign("hyperloglog", op)
		}
	}
	return nil
}

func (c *hyperLogLogChange) AppendDelta(dst []byte) []byte {
	if !c.cleared && len(c.raised) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(append(dst, encodingVersion), c.h.epoch)
	dst = binary.AppendUvarint(dst, uint64(len(c.raised)))
	for _, r := range c.raised {
		dst = append(binary.BigEndian.AppendUint16(dst, r.Index), r.Rank)
	}
	return dst
}
