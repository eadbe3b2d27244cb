package node

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// process is what the operating system knows of this process; -1 where it cannot be told.
type process struct {
	rssBytes int64
	cpu      time.Duration
	files    int
	filesMax int64
}

// readProcess asks /proc.
func readProcess() process {
	p := process{rssBytes: -1, cpu: -1, files: -1, filesMax: -1}
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := bytes.Fields(b); len(fields) > 1 {
			if pages, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				p.rssBytes = pages * int64(os.Getpagesize())
			}
		}
	}
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		p.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	if d, err := os.Open("/proc/self/fd"); err == nil {
		if names, err := d.Readdirnames(-1); err == nil {
			p.files = len(names) - 1 // without the one that lists them
		}
		d.Close()
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		p.filesMax = int64(min(limit.Cur, 1<<62))
	}
	return p
}
