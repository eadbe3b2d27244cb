package storage

import "github.com/cockroachdb/pebble/v2/vfs"

// OpenDisk is Open on the file system of the operating system, for callers that know no other.
func OpenDisk(dir string, clock Clock, opts Options) (*Store, error) {
	return Open(vfs.Default, dir, clock, opts)
}
