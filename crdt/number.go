package crdt

import (
	"math"
	"strconv"
)

// number copies a number in its canonical form.
func (c *canonical) number() *defect {
	from := c.at
	negative := c.in[c.at] == '-'
	if negative {
		c.at++
	}
	whole := c.digits()
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		return c.broken("a number begins with 0 or with a digit from 1 to 9")
	}
	var part []byte
	if c.at < len(c.in) && c.in[c.at] == '.' {
		c.at++
		if part = c.digits(); len(part) == 0 {
			return c.broken("want a digit after the point")
		}
	}
	exponent, err := c.exponent()
	if err != nil {
		return err
	}
	c.scratch = append(append(c.scratch[:0], whole...), part...)
	exponent -= len(part)
	var fits bool
	if c.out, fits = appendNumber(c.out, negative, c.scratch, exponent); !fits {
		return &defect{given: shown(c.in[from:c.at]), why: "a number of this size cannot be held; want less than 1.8e308"}
	}
	return nil
}

func (c *canonical) digits() []byte {
	from := c.at
	for c.at < len(c.in) && '0' <= c.in[c.at] && c.in[c.at] <= '9' {
		c.at++
	}
	return c.in[from:c.at]
}

// exponent reads e and a whole number, or nothing. Past a thousand million any mantissa that fits
// into memory is 0 or too large.
func (c *canonical) exponent() (int, *defect) {
	if c.at == len(c.in) || c.in[c.at]|0x20 != 'e' {
		return 0, nil
	}
	c.at++
	negative := c.at < len(c.in) && c.in[c.at] == '-'
	if negative || c.at < len(c.in) && c.in[c.at] == '+' {
		c.at++
	}
	digits := c.digits()
	if len(digits) == 0 {
		return 0, c.broken("want a digit in the exponent")
	}
	n := 0
	for _, d := range digits {
		n = min(n*10+int(d-'0'), 1e9)
	}
	if negative {
		n = -n
	}
	return n, nil
}

// appendNumber appends digits times ten to the exponent; it says whether a float64 holds that.
func appendNumber(dst []byte, negative bool, digits []byte, exponent int) ([]byte, bool) {
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	for n := len(digits); n > 0 && digits[n-1] == '0'; n = len(digits) {
		digits, exponent = digits[:n-1], exponent+1
	}
	size := len(digits) + exponent // of the whole part
	if len(digits) == 0 || size < -400 {
		return append(dst, '0'), true
	}
	if size > 400 {
		return dst, false
	}
	from := len(dst)
	if negative {
		dst = append(dst, '-')
	}
	if exponent >= 0 && size <= 19 {
		whole := len(dst)
		dst = append(dst, digits...)
		for range exponent {
			dst = append(dst, '0')
		}
		if size < 19 || string(dst[whole:]) <= "9223372036854775808" {
			return dst, true
		}
	}
	text := append(append(dst[from:from:from], digits...), 'e')
	f, err := strconv.ParseFloat(string(strconv.AppendInt(text, int64(exponent), 10)), 64)
	if err != nil {
		return dst[:from], false
	}
	if negative {
		f = -f
	}
	return appendFloat(dst[:from], f), true
}

// appendFloat appends the canonical form of a finite number.
func appendFloat(dst []byte, f float64) []byte {
	size := math.Abs(f)
	if size <= 1<<63 && size == math.Trunc(size) {
		if f < 0 {
			dst = append(dst, '-')
		}
		return strconv.AppendUint(dst, uint64(size), 10)
	}
	if size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') { // 1e-07
		dst = append(dst[:n-2], dst[n-1])
	}
	return dst
}
