package codec

import (
	"bytes"
	"testing"

	"github.com/edgedhq/edged"
)

// typical is a run of n events with 128 bytes of JSON each.
func typical(n int) *list {
	events := make([]edged.Event, n)
	data := []byte(`{"sensor":"t-0017","celsius":21.437,"site":"hall 3","note":"`)
	data = append(append(data, bytes.Repeat([]byte("n"), 126-len(data))...), `"}`...)
	for i := range events {
		events[i] = edged.Event{
			HLC: edged.Timestamp{Wall: 1790000000_123456789, Logical: uint32(i)},
			Key: "user-7", Time: 1790000000_120000000 + int64(i)*1000, Data: data,
		}
	}
	return runOf(1000, events...)
}

func TestNothingIsAllocatedForAnEvent(t *testing.T) {
	if raced {
		t.Skip("allocations are counted without the race detector")
	}
	large := typical(1000)
	for form := Items; form < forms; form++ {
		var x Encoder
		x.Encode(large, form, Shape{})
		if n := testing.AllocsPerRun(20, func() { x.Encode(large, form, Shape{}) }); n > 8 {
			t.Errorf("form %d: a run of 1,000 events takes %v allocations", form, n)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	run := typical(1000)
	var x Encoder
	for _, c := range []struct {
		name string
		form Form
	}{{"items", Items}, {"lines", Lines}, {"sse", SSE}, {"text", Text}, {"livetext", LiveText}, {"packed", Packed}, {"binary", Binary}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Encode(run, c.form, Shape{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(run.Len()), "ns/event")
		})
	}
}

func BenchmarkAppendLive(b *testing.B) {
	run := typical(600)
	f := encode(run, LiveText, Shape{})
	var dst []byte
	for b.Loop() {
		dst = f.AppendLive(dst[:0], 0, f.Len(), 2)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(run.Len()), "ns/event")
}
