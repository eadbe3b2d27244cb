package demo

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// reading is what a machine measures of itself. Rates are since the reading before; what the system
// does not tell is left out.
type reading struct {
	Region       string  `json:"region"`
	Node         string  `json:"node"`
	ProcessBytes uint64  `json:"process_bytes"` // memory that this process has from the system
	CPU          float64 `json:"cpu_percent,omitempty"`
	MemoryUsed   int64   `json:"memory_used_bytes,omitempty"`
	MemoryTotal  int64   `json:"memory_total_bytes,omitempty"`
	NetworkIn    float64 `json:"network_in_bytes_per_second,omitempty"`
	NetworkOut   float64 `json:"network_out_bytes_per_second,omitempty"`
	DiskRead     float64 `json:"disk_read_bytes_per_second,omitempty"`
	DiskWritten  float64 `json:"disk_written_bytes_per_second,omitempty"`
}

// counters are what Linux counts from its start on.
type counters struct {
	at                    time.Time
	busy, all             float64 // processor time, in ticks
	netIn, netOut         float64 // bytes
	diskRead, diskWritten float64 // bytes
}

// meter turns counters into rates.
type meter struct {
	root string // /proc
	last counters
}

// read measures now. The first reading has no rates.
func (m *meter) read(now time.Time) reading {
	var own runtime.MemStats
	runtime.ReadMemStats(&own)
	r := reading{ProcessBytes: own.Sys}
	r.MemoryUsed, r.MemoryTotal = m.memory()
	c := counters{at: now}
	c.busy, c.all = m.processors()
	c.netIn, c.netOut = m.network()
	c.diskRead, c.diskWritten = m.disks()
	before := m.last
	m.last = c
	seconds := c.at.Sub(before.at).Seconds()
	if before.at.IsZero() || seconds <= 0 {
		return r
	}
	if ticks := c.all - before.all; ticks > 0 {
		r.CPU = 100 * (c.busy - before.busy) / ticks
	}
	rate := func(now, before float64) float64 { return max(now-before, 0) / seconds }
	r.NetworkIn, r.NetworkOut = rate(c.netIn, before.netIn), rate(c.netOut, before.netOut)
	r.DiskRead, r.DiskWritten = rate(c.diskRead, before.diskRead), rate(c.diskWritten, before.diskWritten)
	return r
}

// lines gives the fields of each line of a file; none where there is no such file.
func (m *meter) lines(name string) [][]string {
	b, err := os.ReadFile(filepath.Join(m.root, name))
	if err != nil {
		return nil
	}
	var out [][]string
	for line := range strings.Lines(string(b)) {
		out = append(out, strings.Fields(line))
	}
	return out
}

// number reads a field; 0 when it is not there.
func number(fields []string, i int) float64 {
	if i >= len(fields) {
		return 0
	}
	v, err := strconv.ParseFloat(fields[i], 64)
	if err != nil {
		return 0
	}
	return v
}

// processors reads "cpu user nice system idle iowait irq softirq steal".
func (m *meter) processors() (busy, all float64) {
	for _, f := range m.lines("stat") {
		if len(f) == 0 || f[0] != "cpu" {
			continue
		}
		for i := 1; i <= 8; i++ {
			all += number(f, i)
		}
		return all - number(f, 4) - number(f, 5), all
	}
	return 0, 0
}

// memory reads "MemTotal: N kB" and "MemAvailable: N kB".
func (m *meter) memory() (used, total int64) {
	kib := map[string]float64{}
	for _, f := range m.lines("meminfo") {
		if len(f) > 0 {
			kib[f[0]] = number(f, 1)
		}
	}
	total = int64(kib["MemTotal:"]) << 10
	return total - int64(kib["MemAvailable:"])<<10, total
}

// network adds up "eth0: received-bytes, seven more, sent-bytes" of all interfaces but the
// loopback.
func (m *meter) network() (in, out float64) {
	for _, f := range m.lines("net/dev") {
		if len(f) == 0 || !strings.HasSuffix(f[0], ":") || f[0] == "lo:" {
			continue
		}
		in, out = in+number(f, 1), out+number(f, 9)
	}
	return in, out
}

// disks adds up "major minor name reads merged sectors-read time writes merged sectors-written" of
// whole devices: a partition is counted with its device, and so is what is laid over one.
func (m *meter) disks() (read, written float64) {
	const sector = 512
	var devices []string
	for _, f := range m.lines("diskstats") {
		if len(f) < 10 || derived(f[2], devices) {
			continue
		}
		devices = append(devices, f[2])
		read, written = read+sector*number(f, 5), written+sector*number(f, 9)
	}
	return read, written
}

// derived says whether a device is laid over another, or a partition: sda1 of sda, nvme0n1p1 of
// nvme0n1.
func derived(name string, devices []string) bool {
	for _, kind := range []string{"loop", "ram", "zram", "dm-", "md"} {
		if strings.HasPrefix(name, kind) {
			return true
		}
	}
	for _, whole := range devices {
		part, found := strings.CutPrefix(name, whole)
		if found && strings.Trim(strings.TrimPrefix(part, "p"), "0123456789") == "" {
			return true
		}
	}
	return false
}
