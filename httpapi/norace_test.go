//go:build !race

package httpapi

// raced says that the race detector is on: it makes allocations of its own.
const raced = false
