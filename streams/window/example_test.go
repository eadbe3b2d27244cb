package window_test

import (
	"fmt"
	"time"

	"github.com/edgedhq/edged/streams/window"
)

// A log is folded: each event goes into its slice while the log's own bound allows it.
func Example() {
	spec := &window.Spec{
		Kind: window.Hop, Size: int64(10 * time.Second), Step: int64(5 * time.Second),
		OutOfOrderness: int64(2 * time.Second), Idle: int64(5 * time.Second), ReviseWithin: int64(time.Minute),
	}
	log := []struct{ stamp, time int64 }{{101, 100}, {102, 107}, {103, 96}, {110, 99}, {120, 103}}
	var progress window.Progress
	for _, event := range log {
		stamp, t := event.stamp*int64(time.Second), event.time*int64(time.Second)
		slice := spec.Slice(t)
		progress.Arrive(spec, stamp)
		verdict := [...]string{"on time", "late", "too late"}[progress.Verdict(spec, slice.End)]
		progress.Advance(spec, stamp, t)
		fmt.Printf("%d is %s for", event.time, verdict)
		for _, w := range spec.Windows(nil, slice) {
			fmt.Printf(" %d..%d", w.Start/int64(time.Second), w.End/int64(time.Second))
		}
		fmt.Printf(", bound %d\n", progress.Bound/int64(time.Second))
	}
	mark := spec.Watermark(progress, 130*int64(time.Second), true)
	fmt.Println("quiet until 130, so complete to", mark/int64(time.Second))
	// Output:
	// 100 is on time for 95..105 100..110, bound 98
	// 107 is on time for 100..110 105..115, bound 105
	// 96 is late for 90..100 95..105, bound 105
	// 99 is late for 90..100 95..105, bound 107
	// 103 is late for 95..105 100..110, bound 112
	// quiet until 130, so complete to 117
}
