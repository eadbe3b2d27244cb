package jsonscan

import (
	"runtime"
	"strings"
	"testing"
)

// allocated is the number of bytes that f takes from the heap.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"a":[1,-0.5e+3,"x\u00e9\ud83d\ude00\n",true,false,null,{}],"b":"世界"}`))
	f.Add([]byte("\t[ {\"a\" :\r\n1} , [] ]\n"))
	f.Add([]byte(`"\ud800"`))
	f.Add([]byte(strings.Repeat("[", 100)))
	f.Fuzz(func(t *testing.T, in []byte) {
		if n := allocated(func() {
			if v, err := Check(in); err == nil {
				Compact(nil, in)
				if v.Kind == String {
					_, _ = Unescape(nil, v.Content(in))
				}
			}
		}); n > 4*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		compare(t, in)
	})
}

func FuzzPointer(f *testing.F) {
	f.Add(`{"a":{"b":[1,{"~/":"x"}]}}`, "/a/b/1/~0~1")
	f.Add(`{"\u0061":1}`, "/a")
	f.Add(`[0,1]`, "/01")
	f.Fuzz(func(t *testing.T, text, pointer string) {
		p, err := ParsePointer(pointer)
		if err != nil {
			return
		}
		if _, err := Check([]byte(text)); err != nil {
			return
		}
		got, ok := Find([]byte(text), p)
		want, found := plainFind([]byte(text), p)
		if ok != found || ok && string(got.Bytes([]byte(text))) != string(want) {
			t.Fatalf("%s in %s: got %s, %v; want %s, %v", pointer, text, got.Bytes([]byte(text)), ok, want, found)
		}
	})
}
