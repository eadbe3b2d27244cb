package crdt

import (
	"errors"
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
	parse:  parseTop,
	append: appendText[[]byte],
	read: func(r *reader) []byte {
		item := r.text()
		if r.err == nil && !isItem(item) {
			r.fail("an item that is no canonical JSON, or is too long")
		}
		return item
	},
	values: func(op *Op) [][]byte { return op.Items },

	bytesMin: 2,
}

func isItem(item []byte) bool { return len(item) <= ItemBytesMax && isCanonical(item) }

// parseTop reads a sketch of items.
func parseTop(in []byte) (*sketch.Top, []byte, error) {
	t, rest, err := sketch.ParseTop(in)
	if err != nil {
		return nil, nil, err
	}
	for item := range t.Items() {
		if !isItem(item) {
			return nil, nil, errors.New("crdt: an item that is no canonical JSON, or is too long")
		}
	}
	return t, rest, nil
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
