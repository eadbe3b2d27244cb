package block

import (
	"fmt"
	"testing"

	"github.com/edgedhq/edged"
)

// typical are drafts as a device sends them: a key, a time of its own, 128 bytes of data.
func typical(n int) []edged.Draft {
	drafts := make([]edged.Draft, n)
	for i := range drafts {
		data := fmt.Appendf(nil, `{"sensor":"s-%04d","celsius":%d.%d,"battery":%d,"fix":[59.91%03d,10.75%03d],"note":"`, i%977, i%40, i%10, i%101, i%1000, i*7%1000)
		for len(data) < 126 {
			data = append(data, byte('a'+i%26))
		}
		drafts[i] = edged.Draft{
			Key:  fmt.Appendf(nil, "device-%04d", i%977),
			Time: wall - int64(i)*1e6, HasTime: true,
			Data: append(data, `"}`...),
		}
	}
	return drafts
}

const wall = 1_795_500_000_000_000_000

func place() Place {
	return Place{Log: edged.LogID{1, 2, 3}, First: 1, HLC: edged.Timestamp{Wall: wall}}
}

func build(c Codec, drafts []edged.Draft) Block {
	var b Builder
	b.Start(place())
	for i := range drafts {
		b.Add(&drafts[i])
	}
	return b.Seal(c)
}

func perEvent(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/event")
}

func BenchmarkAdd(b *testing.B) {
	drafts := typical(1500)
	var builder Builder
	b.ReportAllocs()
	for b.Loop() {
		builder.Start(place())
		for i := range drafts {
			builder.Add(&drafts[i])
		}
	}
	perEvent(b, len(drafts))
}

func BenchmarkBuild(b *testing.B) {
	for _, c := range []Codec{None, S2, Zstd} {
		for _, n := range []int{1, 10, 1500} {
			b.Run(fmt.Sprintf("codec=%d/events=%d", c, n), func(b *testing.B) {
				drafts := typical(n)
				var builder Builder
				b.ReportAllocs()
				for b.Loop() {
					builder.Start(place())
					for i := range drafts {
						builder.Add(&drafts[i])
					}
					builder.Seal(c)
				}
				perEvent(b, n)
			})
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []Codec{None, S2, Zstd} {
		for _, n := range []int{1, 10, 1500} {
			b.Run(fmt.Sprintf("codec=%d/events=%d", c, n), func(b *testing.B) {
				raw := build(c, typical(n)).Bytes()
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Parse(raw); err != nil {
						b.Fatal(err)
					}
				}
				perEvent(b, n)
			})
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	const n = 1500
	sealed := build(None, typical(n))
	name := edged.LogName{Stream: "readings", Origin: edged.Origin{Label: "eu-1"}}
	b.ReportAllocs()
	bytes := 0
	for b.Loop() {
		for _, e := range sealed.Events(name, 0, n) {
			bytes += len(e.Key) + len(e.Data)
		}
	}
	perEvent(b, n)
}

func BenchmarkEventsLast(b *testing.B) {
	const n = 1500
	sealed := build(None, typical(n))
	for b.Loop() {
		for range sealed.Events(edged.LogName{}, n-1, n) {
		}
	}
}

func BenchmarkChain(b *testing.B) {
	raw := build(None, typical(1500)).Bytes()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		chainOf(raw)
	}
}
