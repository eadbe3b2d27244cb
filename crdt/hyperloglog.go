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
	return h, h.parse(data)
}

// hyperLogLog counts in the epoch that it is in; each reset begins another.
type hyperLogLog struct {
	epoch uint64
	sketch.HyperLogLog
}

func (h *hyperLogLog) Begin(Place) Change { return &hyperLogLogChange{h: h} }

// parse reads what AppendTo wrote.
func (h *hyperLogLog) parse(data []byte) error {
	r := read(data)
	h.epoch = r.epoch()
	parsed, rest, err := sketch.ParseHyperLogLog(r.take(r.left()))
	if err != nil || len(rest) > 0 || h.epoch == 0 && parsed.Empty() {
		r.fail("no registers that can be")
	}
	h.HyperLogLog = *parsed
	return r.done()
}

// begin enters a later epoch.
func (h *hyperLogLog) begin(epoch uint64) { *h = hyperLogLog{epoch: epoch} }

// Fold reads what hyperLogLogChange appends, in the form of a state.
func (h *hyperLogLog) Fold(_ Place, delta []byte) error {
	more := hyperLogLog{}
	if err := more.parse(delta); err != nil {
		return err
	}
	h.merge(&more)
	return nil
}

func (h *hyperLogLog) Merge(other Value, _, _ Vector) { h.merge(other.(*hyperLogLog)) }

func (h *hyperLogLog) merge(o *hyperLogLog) {
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

// hyperLogLogChange gathers what one record observes, also what is known: the record that made it
// known may be lost, or come later than this one.
type hyperLogLogChange struct {
	h       *hyperLogLog
	cleared bool
	own     sketch.HyperLogLog
}

func (c *hyperLogLogChange) Do(ops []Op) error {
	if err := checkOps("hyperloglog", c.h.epoch, ops); err != nil {
		return err
	}
	for i := range ops {
		if ops[i].Verb == Clear && !c.h.Absent() {
			c.h.begin(c.h.epoch + 1)
			c.cleared, c.own = true, sketch.HyperLogLog{}
		}
		for _, item := range ops[i].Items {
			d := sketch.DigestOf(item)
			r := sketch.RegisterOf(&d)
			c.h.Put(r)
			c.own.Put(r)
		}
	}
	return nil
}

func (c *hyperLogLogChange) AppendDelta(dst []byte) []byte {
	if !c.cleared && c.own.Empty() {
		return dst
	}
	delta := hyperLogLog{c.h.epoch, c.own}
	return delta.AppendTo(dst)
}
