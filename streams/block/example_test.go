package block_test

import (
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// An origin packs what waits into a block; whoever gets the bytes verifies them and reads.
func Example() {
	name := edged.LogName{Stream: "orders", Generation: 1, Origin: edged.Origin{Label: "eu-1"}}

	var builder block.Builder
	builder.Start(block.Place{Log: name.ID(), First: 1, HLC: edged.Timestamp{Wall: 1_795_500_000_000_000_000}})
	builder.Add(&edged.Draft{Key: []byte("user-7"), Data: []byte(`{"total":42}`)})
	builder.Add(&edged.Draft{Key: []byte("user-9"), Data: []byte(`{"total":12}`)})
	sent := builder.Seal(block.S2)

	held, err := block.Parse(sent.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range held.Events(name, 0, held.Header().Count) {
		fmt.Printf("%d %s %s %s\n", e.Sequence, e.HLC, e.Key, e.Data)
	}
	fmt.Println("same chain:", held.Chain() == sent.Chain())

	damaged := append([]byte(nil), sent.Bytes()...)
	damaged[110] ^= 1
	_, err = block.Parse(damaged)
	fmt.Println(err)
	// Output:
	// 1 2026-11-24T06:00:00Z+0 user-7 {"total":42}
	// 2 2026-11-24T06:00:00Z+1 user-9 {"total":12}
	// same chain: true
	// block: body_sum: the body's checksum does not match
}
