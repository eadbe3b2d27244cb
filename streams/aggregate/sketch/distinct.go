package sketch

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// DigestsMax is how many digests are kept exactly while events are put in.
const DigestsMax = 1024

// Distinct counts distinct values by their digests of 64 bits: exactly, until more than DigestsMax were
// put in, then by registers. Exact ones merge to an exact one, however large; one with registers makes
// the other so. The zero value is empty.
type Distinct struct {
	table     []uint64 // digests by rising value, each at its home or after; 0 is none
	bits      int      // of a digest that say its home
	used      int
	registers *registers
}

// Put takes in a digest.
func (s *Distinct) Put(digest uint64) {
	switch {
	case s.registers != nil:
		s.registers.put(digest)
	case s.add(digest) && s.used > DigestsMax:
		s.estimate()
	}
}

// tableBitsMin is the size of the smallest table.
const tableBitsMin = 3

// add puts a digest into the table, and says whether it is new. The table is probed one by one, and
// kept in order as a whole, so that it is read in order too (Amble, Knuth, "Ordered hash tables", 1974).
func (s *Distinct) add(digest uint64) bool {
	d := max(digest, 1) // 0 stands for none
	if s.table == nil {
		s.bits = tableBitsMin
		s.table = make([]uint64, 1<<s.bits)
	}
	i := d >> (64 - s.bits)
	for i < uint64(len(s.table)) && s.table[i] != 0 && s.table[i] < d {
		i++
	}
	if i < uint64(len(s.table)) && s.table[i] == d {
		return false
	}
	for ; d != 0 && i < uint64(len(s.table)); i++ {
		s.table[i], d = d, s.table[i]
	}
	if d != 0 {
		s.table = append(s.table, d)
	}
	if s.used++; 4*s.used > 3<<s.bits {
		s.grow()
	}
	return true
}

// grow doubles the table.
func (s *Distinct) grow() {
	before := s.table
	s.bits, s.used = s.bits+1, 0
	s.table = make([]uint64, 1<<s.bits)
	for _, d := range before {
		if d != 0 {
			s.add(d)
		}
	}
}

// estimate goes on with registers.
func (s *Distinct) estimate() {
	if s.registers != nil {
		return
	}
	s.registers = new(registers)
	for _, d := range s.table {
		if d != 0 {
			s.registers.put(d)
		}
	}
	s.table, s.used = nil, 0
}

// Count is how many distinct digests were put in, and the standard error of that, relative: 0 if it is
// exact.
func (s *Distinct) Count() (n uint64, estimated float64) {
	if s.registers != nil {
		return s.registers.count(), RegistersError
	}
	return uint64(s.used), 0
}

// Append writes
//
//	2 x how many      | the digests, rising, 8 B each
//	2 x how many + 1  | registers above 0, as registers.append writes them
func (s *Distinct) Append(dst []byte) []byte {
	if s.registers != nil {
		return s.registers.append(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(s.used)<<1)
	for _, d := range s.table {
		if d != 0 {
			dst = binary.BigEndian.AppendUint64(dst, d)
		}
	}
	return dst
}

// Merge reads what Append wrote and takes it in.
func (s *Distinct) Merge(r *Reader) {
	head := r.Below(math.MaxUint32)
	if head&1 == 1 {
		s.estimate()
		s.registers.merge(int(head>>1), r)
		return
	}
	if head>>1 > uint64(len(r.Rest)/8) {
		r.Fail()
		return
	}
	if s.table == nil && s.registers == nil {
		s.bits = max(tableBitsMin, bits.Len64(4*(head>>1)/3))
		s.table = make([]uint64, 1<<s.bits)
	}
	before := uint64(0)
	for range head >> 1 {
		d := binary.BigEndian.Uint64(r.Take(8))
		if d <= before {
			r.Fail()
			return
		}
		if before = d; s.registers != nil {
			s.registers.put(d)
		} else {
			s.add(d)
		}
	}
}

// Bytes is how much memory it takes.
func (s *Distinct) Bytes() int {
	n := 48 + 8*cap(s.table)
	if s.registers != nil {
		n += registersMax + 8
	}
	return n
}

// Reset empties it.
func (s *Distinct) Reset() {
	clear(s.table)
	s.used, s.registers = 0, nil
}
