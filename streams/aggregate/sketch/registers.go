package sketch

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// RegistersError is the standard error of a count by registers, relative: 1.04 / sqrt(16,384).
const RegistersError = 0.008

const (
	registerBits = 14
	registersMax = 1 << registerBits
	rankMax      = 64 - registerBits + 1
	listedMax    = registersMax / 4 // registers that are written one by one, 3 B each
	packedBytes  = registersMax * 6 / 8
)

// registers are a HyperLogLog: each of 16,384 is the highest rank of the digests that fall to it
// (Flajolet, Fusy, Gandouet, Meunier, 2007).
type registers struct {
	rank [registersMax]uint8
	used int // above 0
}

// put raises the register of a digest: its first 14 bits say which, the zeros that follow the rank.
func (g *registers) put(digest uint64) {
	rank := bits.LeadingZeros64(digest<<registerBits|1<<(registerBits-1)) + 1
	g.raise(int(digest>>(64-registerBits)), uint8(rank))
}

func (g *registers) raise(at int, rank uint8) {
	held := g.rank[at]
	if held == 0 && rank > 0 {
		g.used++
	}
	g.rank[at] = max(held, rank)
}

// append writes how many registers are above 0, x 2 + 1, then
//
//	each: index, 2 B | rank                              up to 4,096 of them
//	all ranks, 6 bits each, the first in the low bits    of more
func (g *registers) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(g.used)<<1|1)
	if g.used <= listedMax {
		for i, rank := range g.rank {
			if rank > 0 {
				dst = append(binary.BigEndian.AppendUint16(dst, uint16(i)), rank)
			}
		}
		return dst
	}
	for i := 0; i < registersMax; i += 4 {
		four := uint32(g.rank[i]) | uint32(g.rank[i+1])<<6 | uint32(g.rank[i+2])<<12 | uint32(g.rank[i+3])<<18
		dst = append(dst, byte(four), byte(four>>8), byte(four>>16))
	}
	return dst
}

// merge reads what append wrote after its head, and keeps the higher ranks.
func (g *registers) merge(used int, r *Reader) {
	if used <= listedMax {
		before := -1
		for b := r.Take(3 * used); len(b) > 0; b = b[3:] {
			at, rank := int(binary.BigEndian.Uint16(b)), b[2]
			if at <= before || at >= registersMax || rank == 0 || rank > rankMax {
				r.Fail()
				return
			}
			g.raise(at, rank)
			before = at
		}
		return
	}
	met := 0
	b := r.Take(packedBytes)
	for at := 0; at+3 < registersMax && len(b) > 0; at, b = at+4, b[3:] {
		four := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
		for i := range 4 {
			rank := uint8(four>>(6*i)) & 63
			if rank > rankMax {
				r.Fail()
				return
			}
			if rank > 0 {
				met++
			}
			g.raise(at+i, rank)
		}
	}
	if met != used {
		r.Fail()
	}
}

// count estimates by how many registers have each rank (Ertl, "New cardinality estimation algorithms
// for HyperLogLog sketches", 2017, algorithm 6).
func (g *registers) count() uint64 {
	var of [rankMax + 1]float64
	for _, rank := range g.rank {
		of[rank]++
	}
	const m = float64(registersMax)
	z := float64(m * full(1-of[rankMax]/m))
	for k := rankMax - 1; k > 0; k-- {
		z = float64(0.5 * (z + of[k]))
	}
	z += float64(m * empty(of[0]/m))
	if math.IsInf(z, 1) {
		return 0
	}
	return uint64(math.Round(float64(m*m) / float64(2*math.Ln2*z)))
}

// empty weighs the share of registers of rank 0; Ertl's sigma.
func empty(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	sum, weight := x, 1.0
	for {
		x = float64(x * x)
		more := sum + float64(x*weight)
		if more == sum {
			return sum
		}
		sum, weight = more, 2*weight
	}
}

// full weighs the share of registers below the highest rank; Ertl's tau.
func full(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	sum, weight := 1-x, 1.0
	for {
		x = math.Sqrt(x)
		weight /= 2
		less := sum - float64(float64((1-x)*(1-x))*weight)
		if less == sum {
			return sum / 3
		}
		sum = less
	}
}
