package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

// FuzzStreamDefinition holds any body, in both forms, to being a definition that is allowed or a
// refusal, within bounds of memory.
func FuzzStreamDefinition(f *testing.F) {
	f.Add([]byte(`{"partitions":4,"retention":{"age":"24h","bytes":"64MiB"},"regions":["eu"],"replication":"full","description":"d"}`), false)
	f.Add([]byte(`{"retention":{"bytes":1e18}}`), false)
	f.Add([]byte(`[[[[{"a":"\ud800"}]]]]`), false)
	f.Add([]byte("\x82\xaapartitions\x04\xa9retention\x81\xa5bytes\xcd\x10\x00"), true)
	f.Add([]byte("\xdf\xff\xff\xff\xff"), true)
	f.Add(bytes.Repeat([]byte{0x91}, 200), true)
	f.Add([]byte(strings.Repeat(`{"a":`, 60)+"1"+strings.Repeat("}", 60)), false)
	f.Add([]byte(`{"description":"`+strings.Repeat("x", bodyBytesMax-20)+`"}`), false)
	f.Add(manyFields(150), false)
	f.Add([]byte(`{"regions":[`+strings.Repeat("{},", 60)+`1]}`), false)
	f.Add([]byte(`{"regions":["a"`+strings.Repeat(`,"A"`, 140)+`]}`), false)
	f.Add([]byte(`{"retention":[`+strings.Repeat(`"",`, 140)+`1]}`), false)
	definition := bodyOf[streamDefinition]()
	f.Fuzz(func(t *testing.T, in []byte, packed bool) {
		r := httptest.NewRequest("PUT", "/v1/streams/a", nil)
		r.Header.Set("Content-Type", typeJSON)
		if packed {
			r.Header.Set("Content-Type", typeMsgpack)
		}
		w := httptest.NewRecorder()
		var given streamDefinition
		var def edged.Stream
		var err error
		n := allocated(func() {
			r.Body, r.ContentLength = readCloser{bytes.NewReader(in)}, -1
			if err = definition.read(w, r, &given); err == nil {
				def, err = given.stream("a")
			}
		})
		if n > 4*uint64(len(in))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		var refusal *edged.Refusal
		if err != nil {
			if !errors.As(err, &refusal) || refusal.Detail == "" {
				t.Fatalf("%q: %v", in, err)
			}
			if p := problemOf(err); len(p.appendJSON(nil)) > 64<<10 {
				t.Fatalf("%q: a refusal of %d bytes", in, len(p.appendJSON(nil)))
			}
			return
		}
		if def.Partitions < 0 || def.Partitions > 256 || def.Retention.Age < 0 || def.Retention.Bytes < 0 ||
			def.Replication != "full" && def.Replication != "aggregates" {
			t.Fatalf("%q was taken as %+v", in, def)
		}
	})
}

func manyFields(n int) []byte {
	b := []byte{'{'}
	for i := range n {
		b = fmt.Appendf(b, `"%x":1,`, i)
	}
	return append(b[:len(b)-1], '}')
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// allocated is what do takes from the heap, the least of a few runs.
func allocated(do func()) uint64 {
	least := ^uint64(0)
	var before, after runtime.MemStats
	for range 3 {
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func TestReadBounded(t *testing.T) {
	r := httptest.NewRequest("PUT", "/", strings.NewReader("{}"))
	r.ContentLength = 1 << 30
	_, err := readBounded(r)
	var refusal *edged.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != edged.TooLarge || refusal.Limit != bodyBytesMax || refusal.Size != 1<<30 {
		t.Errorf("%+v", refusal)
	}
}
