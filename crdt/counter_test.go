package crdt

import (
	"math"
	"testing"
)

func TestCounter(t *testing.T) {
	play(t, "counter", Limits{}, []situation{
		{"increments of two sides add up", `
			a: {"increment":5}
			b: {"increment":7}
			b: {"decrement":1}
			a > b
			b > a
			a = 11
			b = 11`},
		{"what comes back to 0 is there", `
			a = absent
			a: [{"increment":5},{"decrement":5}]
			a = 0`},
		{"nothing is stored for 0", `
			a: {"increment":0}
			a = absent`},
		{"a reset spares what it has not seen", `
			a: {"increment":5}
			a > b
			a: {"increment":1}
			b: delete
			b = absent
			a > b
			b = 1
			b > a
			a = 1`},
		{"a reset that comes before what it resets", `
			a: {"increment":5}
			a > b
			b: delete
			b > c
			c = absent
			a > c
			c = absent`},
		{"counting goes on after a reset", `
			a: {"increment":5} | delete
			a = absent
			a: {"increment":2}
			a = 2
			a: delete | {"decrement":3}
			a = -3`},
		{"an old copy brings nothing back", `
			a: {"increment":5}
			a > b
			b: delete
			b > a
			a ~ b
			c ~ b
			b = absent`},
	})
}

func TestCounterRange(t *testing.T) {
	play(t, "counter", Limits{}, []situation{
		{"2^63-1 and no further", `
			a: {"increment":9223372036854775807}
			a: {"increment":1} -> invalid body.increment
			a: [{"decrement":1},{"increment":2}] -> invalid body[1].increment
			a: {"decrement":9223372036854775807}
			a = 0
			a: {"decrement":1} -> invalid body.decrement
			a: {"increment":1} -> invalid body.increment
			b: {"decrement":9223372036854775807}
			b: {"decrement":1} -> invalid body.decrement
			b = -9223372036854775807`},
		{"a sum past 2^63-1 stands there", `
			a: {"increment":9223372036854775807}
			b: {"increment":9223372036854775807}
			a > b
			b = 9223372036854775807
			b: {"increment":1} -> invalid body.increment
			b: {"decrement":1}
			b = 9223372036854775807
			c > b`},
	})
}

func TestWide(t *testing.T) {
	for _, tc := range []struct {
		steps []int64
		want  int64
		fits  bool
	}{
		{nil, 0, true},
		{[]int64{1, -2}, -1, true},
		{[]int64{math.MinInt64}, math.MinInt64, true},
		{[]int64{math.MinInt64, -1}, math.MinInt64, false},
		{[]int64{math.MinInt64, math.MinInt64, math.MaxInt64, 2}, math.MinInt64 + 1, true},
		{[]int64{math.MaxInt64, 1}, math.MaxInt64, false},
		{[]int64{math.MaxInt64, math.MaxInt64, math.MaxInt64}, math.MaxInt64, false},
		{[]int64{math.MaxInt64, math.MaxInt64, -math.MaxInt64}, math.MaxInt64, true},
	} {
		var w wide
		for _, n := range tc.steps {
			w = w.moved(n)
		}
		if w.int64() != tc.want || w.fits() != tc.fits {
			t.Errorf("%v come to %d (fits %v), want %d (%v)", tc.steps, w.int64(), w.fits(), tc.want, tc.fits)
		}
	}
}

// A key of a counter takes 64 bytes and 48 an origin at most.
func TestCounterSize(t *testing.T) {
	c := &counter{}
	for o := range byte(200) {
		most := tally{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}
		c.rows.merge(rows{{origin: originOf(string([]byte{o})), tally: most}})
	}
	if n := len(c.AppendTo(nil)); n > 48*200 {
		t.Errorf("200 rows take %d bytes", n)
	}
}
