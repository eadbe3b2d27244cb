package crdt

import (
	"encoding/binary"
	"fmt"

	"github.com/edgedhq/edged"
)

// encodingVersion is the first byte of every state and delta of the types in this package.
const encodingVersion = 1

// The least that each takes when it is encoded: what a count is held against.
const (
	dotBytesMin   = len(edged.OriginID{}) + 1
	stampBytes    = 12
	uvarintsBytes = 1
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
// asks for err at the end of a group and not after each number. Texts are parts of its input.
type reader struct {
	in  string
	at  int
	err error
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

// take gives the next n bytes.
func (r *reader) take(n int) string {
	if n < 0 || n > r.left() {
		r.fail("%d bytes wanted, %d are left", n, r.left())
		return ""
	}
	r.at += n
	return r.in[r.at-n : r.at]
}

// version reads the first byte.
func (r *reader) version() {
	if v := r.take(1); r.err == nil && v[0] != encodingVersion {
		r.fail("version %d, want %d", v[0], encodingVersion)
	}
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

// count reads how many entries follow, of so many bytes at least.
func (r *reader) count(bytesMin int) int {
	n := r.uvarint()
	if n > uint64(r.left()/bytesMin) {
		r.fail("%d entries in %d bytes", n, r.left())
		return 0
	}
	return int(n)
}

// text reads what appendText wrote.
func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(r.left()) {
		r.fail("a text of %d bytes in %d", n, r.left())
		return ""
	}
	return r.take(int(n))
}

// origin reads ten bytes.
func (r *reader) origin() (o edged.OriginID) {
	copy(o[:], r.take(len(o)))
	return o
}

// dot reads what appendDot wrote.
func (r *reader) dot() Dot {
	o := r.origin()
	return Dot{o, edged.Sequence(r.uvarint())}
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
