//go:build unix

package storage

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// take locks an open file until it is closed or its process ends, however it ends.
func take(fd uintptr) error {
	err := syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errTaken
	}
	return err
}

// private makes a file readable by its owner only.
func private(f vfs.File) error {
	if f.Fd() == vfs.InvalidFd {
		return nil
	}
	return syscall.Fchmod(int(f.Fd()), 0o600)
}

// inode asks the file system for a file's number.
func inode(fs vfs.FS, path string) (uint64, error) {
	f, err := fs.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if f.Fd() == vfs.InvalidFd {
		return 0, nil
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &stat); err != nil {
		return 0, fmt.Errorf("inode: %w", err)
	}
	return stat.Ino, nil
}
