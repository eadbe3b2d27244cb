//go:build !unix

package lean

import "fmt"

// read takes all that comes, until the connection ends.
func (c *Crowd) read(m *member) error {
	b := c.borrow()
	defer c.buffers.Put(b)
	for {
		n, err := m.conn.Read(*b)
		if err := c.take(m, (*b)[:n]); err != nil {
			return err
		}
		if err != nil {
			return fmt.Errorf("lean: read: %w", err)
		}
	}
}
