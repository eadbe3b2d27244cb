//go:build !linux

package node

import "time"

// process is what the operating system knows of this process; -1 where it cannot be told.
type process struct {
	rssBytes int64
	cpu      time.Duration
	files    int
	filesMax int64
}

func readProcess() process { return process{rssBytes: -1, cpu: -1, files: -1, filesMax: -1} }
