package sql

import "testing"

// BenchmarkParse reads the longest query of the design.
func BenchmarkParse(b *testing.B) {
	longest := ""
	for _, text := range queries(b) {
		if len(text) > len(longest) {
			longest = text
		}
	}
	b.SetBytes(int64(len(longest)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(longest); err != nil {
			b.Fatal(err)
		}
	}
}
