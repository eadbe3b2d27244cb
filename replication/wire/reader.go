package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// growFrom is the first size of a frame's buffer, before its bytes have come, unless a block as
// large has come before.
const growFrom = 32 << 10

// Reader takes frames from one lane. It is for one goroutine; after an error there is nothing
// more to read.
type Reader struct {
	r       *bufio.Reader
	max     uint64
	control []byte // of the last control frame
	largest int    // of the blocks that have come
}

// NewReader reads frames of at most max bytes, a BLOCK counted with what stands around its
// bytes; 0 asks for the largest there is, 16 MiB + 64.
func NewReader(r io.Reader, max int) *Reader {
	if max <= 0 || max > blockFrameMax {
		max = blockFrameMax
	}
	return &Reader{r: bufio.NewReader(r), max: uint64(max)}
}

// Next gives the next frame; io.EOF when the stream ended after the last. An error is
// ErrMalformed, or the stream's. Nothing of the frame is used again by the Reader.
func (r *Reader) Next() (Frame, error) {
	for {
		f, err := r.next()
		if f != nil || err != nil {
			return f, err
		}
	}
}

// next gives no frame for one that is skipped.
func (r *Reader) next() (Frame, error) {
	size, err := r.size()
	if err != nil {
		return nil, err
	}
	kind, err := r.r.ReadByte()
	if err != nil {
		return nil, cut(err)
	}
	left := int(size) - 1
	switch {
	case kind == typeBlock:
		return r.block(left)
	case kind >= optional:
		_, err := r.r.Discard(left)
		return nil, cut(err)
	case kind == typePart:
		return r.part(left)
	case size > ControlBytesMax:
		return nil, fmt.Errorf("%w: type %d with %d bytes", ErrMalformed, kind, size)
	}
	if r.control, err = r.fill(r.control, left); err != nil {
		return nil, err
	}
	return decode(kind, r.control)
}

// size reads the length that a frame begins with.
func (r *Reader) size() (size uint64, err error) {
	for shift := 0; ; shift += 7 {
		c, err := r.r.ReadByte()
		switch {
		case err != nil && shift > 0:
			return 0, cut(err)
		case err != nil:
			return 0, err
		}
		size |= uint64(c&0x7f) << shift
		if c < 0x80 && size > 0 && size <= r.max {
			return size, nil
		}
		if c < 0x80 || shift == 28 {
			return 0, fmt.Errorf("%w: %d bytes long, want 1 to %d", ErrMalformed, size, r.max)
		}
	}
}

// block reads a BLOCK, its bytes straight into a buffer of their own.
func (r *Reader) block(left int) (Frame, error) {
	head, err := r.r.Peek(min(left, blockHeadMax))
	if err != nil {
		return nil, cut(err)
	}
	d := &decoder{in: head}
	a := array{d, d.count(d.arrayLen(), left)}
	f := Block{Number: a.uint64(), Flags: a.int()}
	size := uint64(0)
	if a.next() {
		size = d.binLen()
	}
	before := len(head) - len(d.in)
	if d.err == nil && size > uint64(left-before) {
		d.fail("cut off")
	}
	if d.err != nil {
		return nil, fmt.Errorf("%w: type %d: %w", ErrMalformed, typeBlock, d.err)
	}
	if _, err := r.r.Discard(before); err != nil {
		return nil, cut(err)
	}
	if f.Bytes, err = r.fill(nil, int(size)); err != nil {
		return nil, err
	}
	r.largest = max(r.largest, int(size))
	if err := r.rest(a.left, left-before-int(size)); err != nil {
		return nil, err
	}
	return f, nil
}

// part reads a PART, into a buffer that the frame keeps.
func (r *Reader) part(left int) (Frame, error) {
	in, err := r.fill(nil, left)
	if err != nil {
		return nil, err
	}
	return decode(typePart, in)
}

// rest reads the elements that follow a block's bytes.
func (r *Reader) rest(elements, left int) (err error) {
	if left > ControlBytesMax {
		return fmt.Errorf("%w: type %d with %d bytes behind the block", ErrMalformed, typeBlock, left)
	}
	if r.control, err = r.fill(r.control, left); err != nil {
		return err
	}
	d := &decoder{in: r.control}
	a := array{d, elements}
	a.end()
	if d.err != nil || len(d.in) > 0 {
		return fmt.Errorf("%w: type %d with %d bytes behind the block", ErrMalformed, typeBlock, left)
	}
	return nil
}

// fill reads n bytes into buf, or into a larger one that doubles as they come.
func (r *Reader) fill(buf []byte, n int) ([]byte, error) {
	if first := min(n, max(growFrom, r.largest)); cap(buf) < first {
		buf = make([]byte, 0, first)
	}
	buf = buf[:0]
	for {
		have := len(buf)
		buf = buf[:min(n, cap(buf))]
		if _, err := io.ReadFull(r.r, buf[have:]); err != nil {
			return buf[:0], cut(err)
		}
		if len(buf) == n {
			return buf, nil
		}
		buf = append(make([]byte, 0, min(n, 2*cap(buf))), buf...)
	}
}

// cut is err inside of a frame.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
