package crdt

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/edgedhq/edged/crdt/sketch"
)

// quantilesType is "quantiles": which numbers were observed, to 1 %. A reset wins over what is
// observed at the same time.
type quantilesType struct{}

func (quantilesType) Name() string { return "quantiles" }

func (quantilesType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "quantiles", []verb{{"observe", func(o operand, op *Op) (err error) {
		op.Verb = Observe
		op.Floats, err = o.floats()
		return err
	}}})
}

// floats reads an array of numbers.
func (o operand) floats() ([]float64, error) {
	if o.text[0] != '[' {
		return nil, o.refuse("want an array of numbers")
	}
	floats := make([]float64, 0, o.size())
	return floats, o.each(func(value []byte) error {
		f, err := o.item(len(floats), value).float()
		floats = append(floats, f)
		return err
	})
}

func (quantilesType) New(Limits) Value {
	return &quantiles{book[*sketch.Quantiles, float64]{kind: &quantilesKind}}
}

func (t quantilesType) Parse(data []byte, l Limits) (Value, error) {
	q := t.New(l).(*quantiles)
	return q, q.parse(data)
}

var quantilesKind = observing[*sketch.Quantiles, float64]{ // read-only
	name:  "quantiles",
	fresh: func() *sketch.Quantiles { return new(sketch.Quantiles) },
	parse: sketch.ParseQuantiles,
	append: func(dst []byte, v float64) []byte {
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
	},
	read:   (*reader).finite,
	values: func(op *Op) []float64 { return op.Floats },

	bytesMin: 8,
}

// finite reads a finite number.
func (r *reader) finite() float64 {
	raw := r.take(8)
	if r.err != nil {
		return 0
	}
	v := math.Float64frombits(binary.BigEndian.Uint64(raw))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail("a number that is not finite")
	}
	return v
}

type quantiles struct {
	book[*sketch.Quantiles, float64]
}

func (q *quantiles) Merge(other Value, _, _ Vector) { q.merge(&other.(*quantiles).book) }

func (q *quantiles) AppendJSON(dst []byte) []byte {
	var all sketch.Quantiles
	for i := range q.pages {
		all.Merge(q.pages[i].summary)
	}
	dst = strconv.AppendUint(append(dst, `{"count":`...), all.Count(), 10)
	if all.Count() == 0 {
		return append(dst, '}')
	}
	number := func(name string, v float64) {
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		dst = appendFloat(dst, v)
	}
	number("min", all.Min())
	number("max", all.Max())
	number("p50", all.Quantile(0.5))
	number("p90", all.Quantile(0.9))
	number("p99", all.Quantile(0.99))
	number("p999", all.Quantile(0.999))
	return append(dst, '}')
}
