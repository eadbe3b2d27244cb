package httpapi

import (
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

// publishCounts measures publishes. The publish path calls answered.
type publishCounts struct {
	ackCounts
	events     atomic.Int64
	duplicates atomic.Int64
}

// answered counts a publish that was acknowledged.
func (c *publishCounts) answered(ack edged.Ack, rec *edged.Receipt, took time.Duration) {
	c.took(ack, took)
	c.events.Add(int64(rec.Count))
	c.duplicates.Add(int64(rec.Duplicates))
}

func (c *publishCounts) samples(yield func(edged.Sample) bool) bool {
	return c.ackCounts.samples("edged_publish_seconds", "Time from a publish's parsing to its ack, by ack level.", yield) &&
		yield(edged.Sample{Name: "edged_published_events_total", Help: "Events stored by publishes.", Type: "counter", Value: float64(c.events.Load())}) &&
		yield(edged.Sample{Name: "edged_duplicates_total", Help: "Events of publishes that were held already.", Type: "counter", Value: float64(c.duplicates.Load())})
}

// updateCounts measures updates of collections. The update path calls answered.
type updateCounts struct {
	ackCounts
	keys atomic.Int64
}

// answered counts a request that was acknowledged, and its keys.
func (c *updateCounts) answered(ack edged.Ack, keys int, took time.Duration) {
	c.took(ack, took)
	c.keys.Add(int64(keys))
}

func (c *updateCounts) samples(yield func(edged.Sample) bool) bool {
	return c.ackCounts.samples("edged_update_seconds", "Time from an update's parsing to its ack, by ack level.", yield) &&
		yield(edged.Sample{Name: "edged_updated_keys_total", Help: "Keys of collections updated or deleted here.", Type: "counter", Value: float64(c.keys.Load())})
}

// ackCounts measures what takes long by what it waited for.
type ackCounts struct {
	levels [len(ackLevels)]levelCounts
}

type levelCounts struct {
	count   atomic.Int64
	nanos   atomic.Int64
	buckets [len(ackBounds)]atomic.Int64
}

// ackLevels are the label's values: regions:N is regions whatever N is.
var ackLevels = [...]string{"memory", "disk", "region", "regions"} // read-only

// ackBounds are the upper ends of the latency buckets, in seconds.
var ackBounds = [...]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5} // read-only

func (c *ackCounts) took(ack edged.Ack, took time.Duration) {
	level, _, _ := strings.Cut(ack.String(), ":")
	l := &c.levels[max(0, slices.Index(ackLevels[:], level))]
	l.count.Add(1)
	l.nanos.Add(int64(took))
	for i, bound := range ackBounds {
		if took.Seconds() <= bound {
			l.buckets[i].Add(1)
			break
		}
	}
}

func (c *ackCounts) samples(name, help string, yield func(edged.Sample) bool) bool {
	for i := range c.levels {
		l := &c.levels[i]
		count := l.count.Load()
		if count == 0 {
			continue
		}
		one := func(suffix, le string, value float64) bool {
			labels := [][2]string{{"ack", ackLevels[i]}}
			if le != "" {
				labels = append(labels, [2]string{"le", le})
			}
			return yield(edged.Sample{Name: name + suffix, Help: help, Type: "histogram", Labels: labels, Value: value})
		}
		below := int64(0)
		for j, bound := range ackBounds {
			below += l.buckets[j].Load()
			if !one("_bucket", strconv.FormatFloat(bound, 'g', -1, 64), float64(below)) {
				return false
			}
		}
		count = max(count, below) // one that ends right now may be in one and not the other
		if !one("_bucket", "+Inf", float64(count)) || !one("_sum", "", float64(l.nanos.Load())/1e9) || !one("_count", "", float64(count)) {
			return false
		}
	}
	return true
}
