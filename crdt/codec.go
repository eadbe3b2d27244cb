package crdt

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/edgedhq/edged"
)

// encodingVersion is the first byte of every state and delta of the types in this package.
const encodingVersion = 1

// The least that each takes when it is encoded: what a count is held against.
const (
	dotBytesMin = len(edged.OriginID{}) + 1
	stampBytes  = 12
)

// appendDot appends origin and sequence.
func appendDot(dst []byte, d Dot) []byte {
	return binary.AppendUvarint(append(dst, d.Origin[:]...), uint64(d.Sequence))
}

// appendStamp appends wall time and counter in 12 bytes.
func appendStamp(dst []byte, t edged.Timestamp) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(dst, uint64(t.Wall)), t.Logical)
}

// appendText appends a length and the bytes.
func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// reader reads an encoding from its front. After the first fault it gives zeros, so that a caller
// asks for err at the end of a group and not after each number.
type reader struct {
	in    []byte
	at    int
	err   error
	kept  strings.Builder
	check canonical
}

// read begins an encoding, of which the version comes first.
func read(in []byte) (r reader) {
	r.in = in
	if v := r.take(1); r.err == nil && v[0] != encodingVersion {
		r.fail("version %d, want %d", v[0], encodingVersion)
	}
	return r
}

// fail notes the first fault.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("crdt: encoding, byte %d: %s", r.at, fmt.Sprintf(format, args...))
		r.at = len(r.in)
	}
}

// left is the number of bytes not read.
func (r *reader) left() int { return len(r.in) - r.at }

// take gives the next n bytes, a part of the input.
func (r *reader) take(n int) []byte {
	if n < 0 || n > r.left() {
		r.fail("%d bytes wanted, %d are left", n, r.left())
		return nil
	}
	r.at += n
	return r.in[r.at-n : r.at]
}

// uvarint reads a number in its shortest form: another would give equal states unequal bytes.
func (r *reader) uvarint() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		part := r.take(1)
		if r.err != nil {
			return 0
		}
		b := part[0]
		if shift == 63 && b > 1 || b == 0 && shift > 0 {
			r.fail("a number that is too long")
			return 0
		}
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

// counts reads how many entries follow of each kind, up to four, of so many bytes at least.
func (r *reader) counts(bytesMin ...int) (all [4]int) {
	least := 0
	for i, size := range bytesMin {
		n := r.uvarint()
		if n > uint64(r.left()/size) {
			r.fail("%d entries in %d bytes", n, r.left())
			return [4]int{}
		}
		all[i] = int(n)
		least += size * int(n)
	}
	if least > r.left() {
		r.fail("entries of at least %d bytes in %d", least, r.left())
		return [4]int{}
	}
	if least > 0 {
		r.kept.Grow(r.left() - least)
	}
	return all
}

// text reads what appendText wrote, a part of the input.
func (r *reader) text() []byte {
	n := r.uvarint()
	if n > uint64(r.left()) {
		r.fail("a text of %d bytes in %d", n, r.left())
		return nil
	}
	return r.take(int(n))
}

// keep copies a text to where it stays.
func (r *reader) keep(text []byte) string {
	from := r.kept.Len()
	r.kept.Write(text)
	return r.kept.String()[from:]
}

// origin reads ten bytes.
func (r *reader) origin() (o edged.OriginID) {
	copy(o[:], r.take(len(o)))
	return o
}

// dot reads what appendDot wrote.
func (r *reader) dot() Dot {
	d := Dot{r.origin(), edged.Sequence(r.uvarint())}
	if r.err == nil && d.Sequence == 0 {
		r.fail("a dot without a sequence")
	}
	return d
}

// stamp reads what appendStamp wrote.
func (r *reader) stamp() edged.Timestamp {
	var b [stampBytes]byte
	copy(b[:], r.take(stampBytes))
	return edged.Timestamp{
		Wall:    int64(binary.BigEndian.Uint64(b[:])),
		Logical: binary.BigEndian.Uint32(b[8:]),
	}
}

// done gives the first fault; bytes left over are one.
func (r *reader) done() error {
	if r.err == nil && r.left() > 0 {
		r.fail("%d bytes too many", r.left())
	}
	return r.err
}

// lengthOf is the number of bytes of a number after the first.
func lengthOf(n uint64) int { return max(bits.Len64(n)-1, 0) / 7 }
