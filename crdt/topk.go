package crdt

import (
	"bytes"
	"strconv"

	"github.com/edgedhq/edged/crdt/sketch"
)

// topKType is "topk": which items were observed most often. A reset wins over what is observed at
// the same time.
type topKType struct{}

func (topKType) Name() string { return "topk" }

func (topKType) Ops(body []byte) ([]Op, error) { return parseOps(body, "topk", observeItems()) }

func (topKType) New(Limits) Value { return &topK{book[*sketch.Top, []byte]{kind: &topKKind}} }

func (t topKType) Parse(data []byte, l Limits) (Value, error) {
	k := t.New(l).(*topK)
	return k, k.parse(data)
}

var topKKind = observing[*sketch.Top, []byte]{ // read-only
	name:   "topk",
	fresh:  func() *sketch.Top { return new(sketch.Top) },
	parse:  sketch.ParseTop,
	append: appendText[[]byte],
	read: func(r *reader) []byte {
		item := r.text()
		if r.err == nil && (!isCanonical(item) || len(item) > ItemBytesMax) {
			r.fail("an item that is no canonical JSON")
		}
		return bytes.Clone(item)
	},
	values: func(op *Op) [][]byte {
		items := make([][]byte, len(op.Items))
		for i, item := range op.Items {
			items[i] = bytes.Clone(item)
		}
		return items
	},
	bytesMin: 2,
}

type topK struct {
	book[*sketch.Top, []byte]
}

func (k *topK) Merge(other Value, _, _ Vector) { k.merge(&other.(*topK).book) }

func (k *topK) AppendJSON(dst []byte) []byte {
	all := make([]*sketch.Top, len(k.pages))
	for i := range k.pages {
		all[i] = k.pages[i].summary
	}
	dst = append(dst, '[')
	for i, l := range sketch.Leaders(all) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, `{"item":`...), l.Item...)
		dst = strconv.AppendUint(append(dst, `,"count":`...), l.Count, 10)
		dst = strconv.AppendUint(append(dst, `,"error":`...), l.Error, 10)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
