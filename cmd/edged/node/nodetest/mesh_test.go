package nodetest

import (
	"testing"
	"time"
)

func three() []string { return []string{"eu", "us", "ap"} }

func TestPublishedEverywhere(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		load := w.load("load", 50*time.Millisecond, w.places...)
		time.Sleep(10 * time.Second)
		load.end()
	})
}
