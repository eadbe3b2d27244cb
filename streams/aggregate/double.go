package aggregate

import "math"

// compensated is a sum of DOUBLEs with what rounding took from it (Neumaier, 1974), so that the sum
// of many is as good as one rounding. Once it has left the range of DOUBLE it is NaN and 0 for good.
type compensated struct{ sum, lost float64 }

func (c compensated) plus(x float64) compensated {
	t := c.sum + x
	if math.Abs(c.sum) >= math.Abs(x) {
		c.lost += (c.sum - t) + x
	} else {
		c.lost += (x - t) + c.sum
	}
	if t-t != 0 || c.lost-c.lost != 0 {
		return compensated{math.NaN(), 0}
	}
	return compensated{t, c.lost}
}

// merge adds another sum.
func (c compensated) merge(d compensated) compensated {
	c = c.plus(d.sum)
	if c.lost += d.lost; c.sum != c.sum || c.lost-c.lost != 0 {
		return compensated{math.NaN(), 0}
	}
	return c
}

func (c compensated) value() float64 { return c.sum + c.lost }
