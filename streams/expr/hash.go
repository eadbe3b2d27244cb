package expr

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Odd numbers without a pattern, the digits of pi. They are part of what is stored: digests of
// COUNT(DISTINCT), results of HASH.
const (
	seed0 = 0x243f6a8885a308d3
	seed1 = 0x13198a2e03707345
	seed2 = 0xa4093822299f31d1
	seed3 = 0x082efa98ec4e6c89
)

// Hash digests a value to 64 bits, the same on every machine and for ever. Values of one group have
// one digest.
func Hash(v Value) uint64 { return HashMore(seed0, v) }

// HashMore digests a value onto what stood before it in a tuple.
func HashMore(before uint64, v Value) uint64 {
	kind := uint64(ranks[v.kind]) ^ seed1
	switch v.kind {
	case Null:
		return mix(before^seed2, kind)
	case String, Bytes, JSON:
		return hashText(before^kind, v.Text())
	case Double:
		if i, ok := integerOf(v.Double()); ok {
			return mix(mix(before^kind, uint64(i)^seed2), seed3)
		}
		return mix(mix(before^kind, v.bits^seed3), seed1)
	case Decimal:
		return hashDecimal(before^kind, v.decimal())
	}
	return mix(mix(before^kind, v.bits^seed2), seed3)
}

// hashDecimal digests a DECIMAL as the INTEGER or the DOUBLE that it is equal to, if there is one.
func hashDecimal(before uint64, d decimal) uint64 {
	if i, ok := d.integer(); ok {
		return mix(mix(before, uint64(i)^seed2), seed3)
	}
	if f := d.float(); d.compareDouble(f) == 0 {
		return mix(mix(before, math.Float64bits(f)^seed3), seed1)
	}
	d = d.trim()
	h := mix(before^uint64(d.scale), d.magnitude[0]^seed2)
	h = mix(h, d.magnitude[1]^seed3)
	if d.negative {
		h ^= seed1
	}
	return mix(h, seed2)
}

// integerOf gives a DOUBLE as an INTEGER, if it is one.
func integerOf(f float64) (int64, bool) {
	if f >= -1<<63 && f < 1<<63 && f == math.Trunc(f) {
		return int64(f), true
	}
	return 0, false
}

// hashText digests 16 bytes at a time.
func hashText(before uint64, s string) uint64 {
	h, n := before, uint64(len(s))
	for len(s) > 16 {
		h = mix(word(s)^seed2^h, word(s[8:])^seed3)
		s = s[16:]
	}
	var a, b uint64
	switch {
	case len(s) >= 8:
		a, b = word(s), word(s[len(s)-8:])
	default:
		for i := len(s) - 1; i >= 0; i-- {
			a = a<<8 | uint64(s[i])
		}
	}
	return mix(mix(a^seed2^h, b^seed3), n^seed1)
}

// word reads 8 bytes.
func word(s string) uint64 { return binary.LittleEndian.Uint64(bytesOf(s)) }

// mix multiplies to 128 bits and folds them.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
