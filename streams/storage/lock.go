package storage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
)

// errTaken is what take says of a file that another process holds.
var errTaken = errors.New("held by another process")

// lock keeps every other process out of the directory until it is closed. A second one is told
// at once which process that is.
func lock(fs vfs.FS, dir string) (io.Closer, error) {
	path := fs.PathJoin(dir, "lock")
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if f.Fd() == vfs.InvalidFd {
		return lockInMemory(fs, path, f)
	}
	err = take(f.Fd())
	if errors.Is(err, errTaken) {
		who := holder(f)
		return nil, errors.Join(edged.Refuse(edged.Conflict,
			"the data directory %s is in use by %s; stop it first, or name another directory", dir, who), f.Close())
	}
	if err == nil {
		err = write(f, []byte(strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("storage: lock of %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// lockInMemory does the same on a file system that has no process but this.
func lockInMemory(fs vfs.FS, path string, f vfs.File) (io.Closer, error) {
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("storage: lock: %w", err)
	}
	held, err := fs.Lock(path)
	if err != nil {
		return nil, edged.Refuse(edged.Conflict,
			"the data directory %s is in use by process %d, which is this one", fs.PathDir(path), os.Getpid())
	}
	return held, nil
}

// holder reads which process holds the lock.
func holder(f vfs.File) string {
	text, _ := io.ReadAll(io.LimitReader(f, 32))
	line, _, _ := strings.Cut(string(text), "\n")
	if _, err := strconv.Atoi(line); err != nil {
		return "another process that is just starting"
	}
	return "process " + line
}
