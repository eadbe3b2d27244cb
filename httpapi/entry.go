package httpapi

import (
	"net/http"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// entryView describes, for the documents, what appendEntry writes.
type entryView struct {
	Key       string `json:"key"`
	Type      string `json:"type" doc:"The collection's"`
	Value     any    `json:"value" doc:"counter and bounded_counter: an integer; register: any JSON; set: a sorted array; map: an object; flag: a boolean; hyperloglog, quantiles: an object; topk: an array"`
	Conflicts []any  `json:"conflicts,omitempty" nullable:"false" doc:"All concurrent values, where there are several; value is the one that wins"`
	Cursor    string `json:"cursor" doc:"Pass it on as after, at any node: the answer then includes this value"`
}

// keyItem is a key of a page.
type keyItem struct {
	Key       string `json:"key"`
	Value     any    `json:"value"`
	Conflicts []any  `json:"conflicts,omitempty" nullable:"false" doc:"All concurrent values, where there are several"`
}

// keyPage is one page of keys that have a value, in the order of their bytes.
type keyPage struct {
	Keys   []keyItem `json:"keys" nullable:"false"`
	Next   string    `json:"next,omitempty" doc:"Pass it on as page for what follows; absent at the end"`
	Cursor string    `json:"cursor" doc:"What it covers is in the values: a watch from it misses nothing"`
}

// keyPath is the names in the path of a key.
type keyPath struct {
	collectionPath
	Key string `path:"key" minLength:"1" maxLength:"1024" doc:"The key, percent-encoded: a slash within it is %2F"`
}

type keysQuery struct {
	collectionPath
	Prefix string `query:"prefix" maxLength:"1024" doc:"Only keys that begin so"`
	pageQuery
}

// keyIn is the key in the path, decoded once.
func keyIn(r *http.Request) (string, error) {
	key := pathValue(r, "key")
	return key, edged.CheckKey("path.key", key)
}

func (s *Server) getEntry(w http.ResponseWriter, r *http.Request) {
	form, err := publishForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := nameIn(r, "name")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	key, err := keyIn(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	e, err := s.parts.Entries.Entry(name, key)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeBytes(w, form, http.StatusOK, appendEntry(nil, form, &e))
}

// appendEntry appends the answer that an entry is.
func appendEntry(b []byte, form string, e *edged.Entry) []byte {
	if form == typeMsgpack {
		o := codec.Open(b, true)
		o.Text("key", e.Key)
		o.Text("type", e.Type)
		packValue(&o, e)
		o.Text("cursor", e.Cursor)
		return o.Close()
	}
	b = jsonscan.Quote(append(b, `{"key":`...), e.Key)
	b = append(append(append(b, `,"type":"`...), e.Type...), '"')
	b = appendValue(b, e)
	b = append(append(b, `,"cursor":"`...), e.Cursor...)
	return append(b, "\"}\n"...)
}

// appendValue appends the members value and conflicts.
func appendValue(b []byte, e *edged.Entry) []byte {
	b = append(b, `,"value":`...)
	if e.Value == nil {
		b = append(b, "null"...)
	}
	b = append(b, e.Value...)
	if e.Conflicts != nil {
		b = append(append(b, `,"conflicts":`...), e.Conflicts...)
	}
	return b
}

// packValue is the same in msgpack.
func packValue(o *codec.Object, e *edged.Entry) {
	value := e.Value
	if value == nil {
		value = []byte("null")
	}
	o.Encoded("value", codec.AppendValue(nil, value))
	if e.Conflicts != nil {
		o.Encoded("conflicts", codec.AppendValue(nil, e.Conflicts))
	}
}

// keyNames are the parameters of a list of keys.
var keyNames = []string{"after", "limit", "page", "prefix", "wait"} // read-only

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) {
	form, err := answerForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	p, err := s.gatherKeys(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if form == typeMsgpack {
		writeBytes(w, form, http.StatusOK, p.msgpack())
		return
	}
	writeBytes(w, form, http.StatusOK, p.json())
}

// keys is a page of keys on its way.
type keys struct {
	entries []edged.Entry
	bytes   int
	next    string
	cursor  string
}

// gatherKeys takes a few keys at a time, so that large values end the page early instead of being
// held all at once.
func (s *Server) gatherKeys(r *http.Request) (*keys, error) {
	name, err := nameIn(r, "name")
	if err != nil {
		return nil, err
	}
	p, err := s.queryParams(r, false)
	if err != nil {
		return nil, err
	}
	p.checkNames(keyNames)
	prefix := p.match("prefix").KeyPrefix
	if p.err != nil {
		return nil, p.err
	}
	after, limit, err := pageParams(p.values, edged.CheckKey[string])
	if err != nil {
		return nil, err
	}
	const fewest = 16
	out := &keys{}
	for few := fewest; ; {
		n := min(few, limit-len(out.entries))
		got, cursor, err := s.parts.Entries.Entries(name, prefix, after, n+1)
		if err != nil {
			return nil, err
		}
		if out.cursor == "" { // the values read later include more
			out.cursor = cursor
		}
		out.add(got[:min(n, len(got))])
		if len(got) <= n {
			return out, nil
		}
		after = got[n-1].Key
		if len(out.entries) == limit || out.bytes >= readBytesMax {
			out.next = pageAfter(after)
			return out, nil
		}
		few = max(fewest, (readBytesMax-out.bytes)/(out.bytes/len(out.entries)+1))
	}
}

func (k *keys) add(entries []edged.Entry) {
	for i := range entries {
		k.bytes += len(entries[i].Key) + len(entries[i].Value) + len(entries[i].Conflicts)
	}
	k.entries = append(k.entries, entries...)
}

func (k *keys) json() []byte {
	b := append(make([]byte, 0, k.bytes+32*len(k.entries)+200), `{"keys":[`...)
	for i := range k.entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonscan.Quote(append(b, `{"key":`...), k.entries[i].Key)
		b = append(appendValue(b, &k.entries[i]), '}')
	}
	b = append(b, ']')
	if k.next != "" {
		b = append(append(append(b, `,"next":"`...), k.next...), '"')
	}
	b = append(append(b, `,"cursor":"`...), k.cursor...)
	return append(b, "\"}\n"...)
}

func (k *keys) msgpack() []byte {
	items := codec.AppendArrayLen(make([]byte, 0, k.bytes+32*len(k.entries)), len(k.entries))
	for i := range k.entries {
		item := codec.Open(items, true)
		item.Text("key", k.entries[i].Key)
		packValue(&item, &k.entries[i])
		items = item.Close()
	}
	o := codec.Open(nil, true)
	o.Encoded("keys", items)
	if k.next != "" {
		o.Text("next", k.next)
	}
	o.Text("cursor", k.cursor)
	return o.Close()
}
