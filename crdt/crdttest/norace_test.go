//go:build !race

package crdttest

// raced says that the race detector is on: it takes ten times the time.
const raced = false
