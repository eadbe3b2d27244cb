//go:build unix

package lean

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// read takes all that comes, until the connection ends. It asks the system only when the poller
// says that bytes are there, and takes a buffer only then: one system call a wake-up, and no
// memory for a connection that is idle.
func (c *Crowd) read(m *member) error {
	raw, err := m.conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("lean: %w", err)
	}
	var end error
	err = raw.Read(func(fd uintptr) bool {
		end = c.drain(m, int(fd))
		return end != nil
	})
	if end == nil {
		end = err
	}
	return end
}

// drain reads until the socket is empty; nil asks for the next wake-up.
func (c *Crowd) drain(m *member, fd int) error {
	b := c.borrow()
	defer c.buffers.Put(b)
	for {
		n, err := syscall.Read(fd, *b)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return nil
		case err != nil:
			return fmt.Errorf("lean: read: %w", err)
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		if err := c.take(m, (*b)[:n]); err != nil {
			return err
		}
		if n < len(*b) {
			return nil // the next bytes raise the poller's edge again
		}
	}
}
