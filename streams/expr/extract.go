package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/edgedhq/edged"
)

// Extractor finds paths in events. It is reused, and used by one at a time.
type Extractor struct {
	scan
	paths *Paths
	dst   []Value
	text  *Arena
	seen  []uint64 // by node: the number of the last event that it was met in
	event uint64
	key   []byte // a member's name that was written with escapes
}

// NewExtractor gives one for paths that are complete.
func NewExtractor(p *Paths) *Extractor {
	return &Extractor{paths: p, seen: make([]uint64, len(p.nodes))}
}

// Event fills a column for each path from an event's data, as Extract does; what says that it is no
// JSON is not read as JSON.
func (x *Extractor) Event(e *edged.Event, dst []Value, text *Arena) bool {
	if !saysJSON(e.ContentType) {
		x.opaque(e.Data, dst)
		return false
	}
	return x.Extract(e.Data, dst, text)
}

// saysJSON says whether a content type is that of JSON; none is.
func saysJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.TrimSpace(kind)
	return kind == "" || kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// Extract fills a column for each path, and says whether doc is JSON; if not, the path of data itself
// is a STRING or BYTES and all others are NULL. Of members with one name the last counts. Texts point
// into doc, or into text where they were written with escapes.
func (x *Extractor) Extract(doc []byte, dst []Value, text *Arena) bool {
	x.doc, x.dst, x.text = doc, dst[:x.paths.columns], text
	x.depth, x.high, x.spaced = 0, 0, false
	x.event++
	clear(x.dst)
	i := x.space(0)
	if i = x.fill(i, 0); i >= 0 && x.space(i) == len(doc) {
		return true
	}
	x.opaque(doc, dst)
	return false
}

// opaque is what data that is no JSON gives.
func (x *Extractor) opaque(doc []byte, dst []Value) {
	dst = dst[:x.paths.columns]
	clear(dst)
	if root := x.paths.nodes[0].column; root >= 0 && len(doc) > 0 {
		dst[root] = OfBytes(doc)
		if utf8.Valid(doc) {
			dst[root].kind = String
		}
	}
}

// fill takes from the value at i what a node and those below it need, and gives the place after it.
func (x *Extractor) fill(i, at int) int {
	n := &x.paths.nodes[at]
	if x.seen[at] == x.event {
		x.forget(at)
	}
	x.seen[at] = x.event
	if i >= len(x.doc) {
		return -1
	}
	c := x.doc[i]
	if c != '{' && c != '[' {
		if n.column < 0 {
			return x.value(i)
		}
		return x.take(i, &x.dst[n.column], x.text)
	}
	high, spaced := x.high, x.spaced
	x.high, x.spaced = 0, false
	end := -1
	switch {
	case len(n.children) == 0:
		end = x.value(i)
	case c == '{':
		end = x.object(i, n)
	default:
		end = x.array(i, n)
	}
	if end >= 0 && n.column >= 0 {
		x.dst[n.column] = OfJSON(x.compact(x.doc[i:end], x.text))
	}
	x.high |= high
	x.spaced = x.spaced || spaced
	return end
}

// forget takes back what a member gave, since another of its name follows.
func (x *Extractor) forget(at int) {
	n := &x.paths.nodes[at]
	if n.column >= 0 {
		x.dst[n.column] = Value{}
	}
	for _, c := range n.children {
		x.forget(c)
	}
}

// object takes what is needed of the object at i.
func (x *Extractor) object(i int, n *pathNode) int {
	if !x.enter(true) {
		return -1
	}
	if i = x.space(i + 1); i < len(x.doc) && x.doc[i] == '}' {
		x.depth--
		return i + 1
	}
	for i < len(x.doc) && x.doc[i] == '"' {
		from := i + 1
		if i = x.string(from); i < 0 {
			return -1
		}
		child := x.member(n, x.doc[from:i-1])
		if i = x.colon(i); i < 0 {
			return -1
		}
		if child >= 0 {
			i = x.fill(i, child)
		} else {
			i = x.skip(i)
		}
		if i < 0 {
			return -1
		}
		if i = x.space(i); i >= len(x.doc) {
			return -1
		}
		switch x.doc[i] {
		case '}':
			x.depth--
			return i + 1
		case ',':
			i = x.space(i + 1)
		default:
			return -1
		}
	}
	return -1
}

// member is the child with a name as it is written, or -1.
func (x *Extractor) member(n *pathNode, raw []byte) int {
	if x.escape || x.high&highs != 0 && !utf8.Valid(raw) {
		x.key = unescape(x.key[:0], raw)
		raw = x.key
	}
	for _, c := range n.children {
		if p := &x.paths.nodes[c].part; p.Name == string(raw) && !p.IsIndex {
			return c
		}
	}
	return -1
}

// array takes what is needed of the array at i.
func (x *Extractor) array(i int, n *pathNode) int {
	if !x.enter(false) {
		return -1
	}
	if i = x.space(i + 1); i < len(x.doc) && x.doc[i] == ']' {
		x.depth--
		return i + 1
	}
	for index := 0; ; index++ {
		if child := x.element(n, index); child >= 0 {
			i = x.fill(i, child)
		} else {
			i = x.value(i)
		}
		if i < 0 {
			return -1
		}
		if i = x.space(i); i >= len(x.doc) {
			return -1
		}
		switch x.doc[i] {
		case ']':
			x.depth--
			return i + 1
		case ',':
			i = x.space(i + 1)
		default:
			return -1
		}
	}
}

// element is the child with an index, or -1.
func (x *Extractor) element(n *pathNode, index int) int {
	if index <= n.deepest {
		for _, c := range n.children {
			if p := &x.paths.nodes[c].part; p.IsIndex && p.Index == index {
				return c
			}
		}
	}
	return -1
}
