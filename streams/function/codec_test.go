package function

import (
	"bytes"
	"reflect"
	"runtime"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func someTail() tail {
	return tail{
		From: 3, Position: 900, Progress: window.Progress{Bound: -5, Bounded: true, Last: 1 << 60},
		Newest: edged.Timestamp{Wall: 1 << 60, Logical: 7},
		Counts: counts{In: 898, Late: 3, TooLate: 2, Failed: 1, Mistyped: 4, Out: 5}, Published: 800, Generation: 2,
	}
}

func TestWhatIsKeptIsReadAsItWas(t *testing.T) {
	at := someTail()
	if got, rest, err := readTail(at.append(nil)); err != nil || len(rest) != 0 || got != at {
		t.Errorf("a tail: %+v, %d bytes left, %v", got, len(rest), err)
	}
	k := kept{sum: edged.Sum{1, 2}, revision: 77, sealed: true, revised: true, excluded: []string{"a~1", "b~2"}, columns: []byte(`"n":1`)}
	if got, err := readKept(k.append(nil)); err != nil || !reflect.DeepEqual(got, k) {
		t.Errorf("a row: %+v, %v", got, err)
	}
	c := closing{end: -9, sealed: true, excluded: []edged.Origin{{ID: edged.OriginID{1}, Label: "ap-1"}}}
	if got, err := readClosing(c.append(nil)); err != nil || !reflect.DeepEqual(*got, c) {
		t.Errorf("a closing: %+v, %v", got, err)
	}
	s := source{Origin: edged.OriginID{9, 8, 7}, Partition: 255, Input: 3}
	if got := readSource(s.append(nil)); got != s {
		t.Errorf("a source: %+v", got)
	}
	if got := sourceAt(s.logKey()); got != s {
		t.Errorf("a source in a vector: %+v", got)
	}
}

func TestTimesInKeysSortAsTimes(t *testing.T) {
	times := []int64{noTime, -1 << 40, -1, 0, 1, 1 << 62, 1<<63 - 1}
	for i, at := range times {
		if got := readTime(appendTime(nil, at)); got != at {
			t.Errorf("%d is read as %d", at, got)
		}
		if i > 0 && bytes.Compare(appendTime(nil, times[i-1]), appendTime(nil, at)) >= 0 {
			t.Errorf("%d does not sort before %d", times[i-1], at)
		}
	}
}

func TestTheLongerFoldStands(t *testing.T) {
	long, short, early := stand{From: 5, Position: 9}, stand{From: 1, Position: 8}, stand{From: 2, Position: 9}
	for _, c := range []struct {
		a, b stand
		want bool
	}{{long, short, true}, {short, long, false}, {early, long, true}, {long, early, false}, {long, long, false}} {
		if got := c.a.wins(&c.b); got != c.want {
			t.Errorf("%+v over %+v: %v", c.a, c.b, got)
		}
	}
}

// FuzzRecord feeds what a peer may send: what is read is written again as it was, at a bounded cost.
func FuzzRecord(f *testing.F) {
	r := record{source: source{Partition: 1}, tail: someTail(), Since: 4, Part: 0, Parts: 2, Dropped: -1, Alone: true}
	r.Cells = appendRecordCell(nil, []byte("slice and group"), (&stand{From: 1, Position: 2, Late: true, LateBound: 3}).append(nil))
	f.Add(r.append(nil))
	f.Add([]byte{recordVersion})
	f.Fuzz(func(t *testing.T, in []byte) {
		var rec record
		var err error
		n := allocated(func() {
			if rec, err = readRecord(in); err != nil {
				return
			}
			_ = rec.cells(func(key, value []byte) error {
				r := scanner{rest: value}
				r.stand()
				return r.err
			})
		})
		if n > 4*uint64(len(in))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err != nil {
			return
		}
		if again, err := readRecord(rec.append(nil)); err != nil || !reflect.DeepEqual(again, rec) {
			t.Fatalf("%+v was read as %+v, %v", rec, again, err)
		}
	})
}

// FuzzKept feeds bytes that are none of what the store holds.
func FuzzKept(f *testing.F) {
	at := someTail()
	f.Add(at.append(nil))
	f.Add((&kept{excluded: []string{"a"}, columns: []byte("1")}).append(nil))
	f.Add((&closing{excluded: []edged.Origin{{Label: "x"}}}).append(nil))
	f.Add(appendFragment(nil, window.Fragment{Start: 1, Last: 2}, &stand{From: 1, Position: 2}, []byte("cell")))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := allocated(func() {
			_, _, _ = readTail(in)
			_, _ = readKept(in)
			_, _ = readClosing(in)
			r := scanner{rest: in}
			r.fragments(nil)
		})
		if n > 16*uint64(len(in))+64<<10 { // a fragment of 8 bytes takes 104
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
	})
}
