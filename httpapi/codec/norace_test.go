//go:build !race

package codec

// raced says that the race detector is on: it makes allocations of its own.
const raced = false
