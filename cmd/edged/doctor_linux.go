package main

import (
	"fmt"
	"syscall"
	"time"
)

// checkClock asks the kernel whether the clock is kept by NTP, and whether it can be right at all.
func checkClock(now time.Time) verdict {
	if v, wrong := implausible(now); wrong {
		return v
	}
	const (
		modeUnsynced = 0x40 // STA_UNSYNC
		wayOff       = 500 * time.Millisecond
	)
	var tx syscall.Timex
	if _, err := syscall.Adjtimex(&tx); err != nil {
		return verdict{Check: "clock", State: stateOK, Detail: "plausible; the kernel does not say whether it is kept"}
	}
	off := time.Duration(tx.Esterror) * time.Microsecond
	switch {
	case tx.Status&modeUnsynced != 0:
		return verdict{"clock", stateWarn, "no time service keeps it",
			"run a time service such as chrony or systemd-timesyncd: stamps of nodes should agree within 500 ms"}
	case off > wayOff:
		return verdict{"clock", stateWarn, fmt.Sprintf("it may be off by %s", off), "wait until the time service has set it"}
	}
	return verdict{Check: "clock", State: stateOK, Detail: fmt.Sprintf("kept by a time service, off by %s at most", off)}
}

// checkFiles looks at how many connections may be open; the soft limit is raised by the node.
func checkFiles() verdict {
	const wanted = 65_536
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return verdict{Check: "open files", State: stateOK, Detail: "this system does not tell the limit"}
	}
	v := verdict{Check: "open files", State: stateOK, Detail: fmt.Sprintf("%s at most", countText(int64(min(limit.Max, 1<<62))))}
	if limit.Max < wanted {
		v.State = stateWarn
		v.Do = "raise the hard limit: ulimit -Hn 1048576, LimitNOFILE= of the unit, or --ulimit of the container"
	}
	if limit.Max < 512 {
		v.State = stateFail
	}
	return v
}

// checkSpace compares the free space with what is kept free.
func checkSpace(data string, minFree int64) verdict {
	dir, err := existing(data)
	if err != nil {
		return verdict{"space", stateFail, err.Error(), "choose another directory with --data"}
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return verdict{"space", stateWarn, err.Error(), "look at the file system of " + dir}
	}
	free := int64(st.Bavail) * int64(st.Bsize)
	v := verdict{Check: "space", State: stateOK, Detail: fmt.Sprintf("%s free in %s", sizeText(free), dir)}
	switch {
	case free < minFree:
		v.State, v.Do = stateFail, fmt.Sprintf("free some: below %s publishes are refused (storage.min_free)", sizeText(minFree))
	case free < 4*minFree:
		v.State, v.Do = stateWarn, "give streams a retention, or the node a larger disk"
	}
	return v
}
