package demo

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	dir := t.TempDir()
	write := func(files map[string]string) {
		for name, text := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(map[string]string{
		"stat":    "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 1 1 1\n",
		"meminfo": "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n",
		"net/dev": "Inter-|   Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0\n  eth0: 1000 1 0 0 0 0 0 0 2000 1\n  eth1: 10 1 0 0 0 0 0 0 20 1\n",
		"diskstats": "7 0 loop0 1 0 99 0 1 0 99 0\n8 0 sda 1 0 10 0 1 0 20 0\n8 1 sda1 1 0 10 0 1 0 20 0\n" +
			"259 0 nvme0n1 1 0 1 0 1 0 2 0\n259 1 nvme0n1p2 1 0 1 0 1 0 2 0\n8 16 sdaa 1 0 1 0 1 0 1 0\n",
	})
	m := meter{root: dir}
	start := time.Unix(100, 0)
	first := m.read(start)
	if first.MemoryTotal != 1000<<10 || first.MemoryUsed != 600<<10 || first.CPU != 0 || first.NetworkIn != 0 || first.ProcessBytes == 0 {
		t.Errorf("first: %+v", first)
	}
	write(map[string]string{
		"stat":      "cpu  120 0 110 760 110 0 0 0 60 0\n",
		"net/dev":   "  eth0: 3000 1 0 0 0 0 0 0 6000 1\n  eth1: 10 1 0 0 0 0 0 0 20 1\n",
		"diskstats": "8 0 sda 1 0 14 0 1 0 28 0\n8 1 sda1 1 0 14 0 1 0 28 0\n259 0 nvme0n1 1 0 1 0 1 0 2 0\n8 16 sdaa 1 0 1 0 1 0 1 0\n",
	})
	second := m.read(start.Add(2 * time.Second))
	if second.CPU != 30 || second.NetworkIn != 1000 || second.NetworkOut != 2000 || second.DiskRead != 1024 || second.DiskWritten != 2048 {
		t.Errorf("second: %+v", second)
	}
}

func TestMeterWithoutProc(t *testing.T) {
	m := meter{root: t.TempDir()}
	m.read(time.Unix(100, 0))
	r := m.read(time.Unix(101, 0))
	r.ProcessBytes = 0
	if r != (reading{}) {
		t.Errorf("made up: %+v", r)
	}
}
