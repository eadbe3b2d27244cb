package storage

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// appender appends blocks of noise, as compressed ones are, to one log, without building them:
// what is measured is the store.
type appender struct {
	log    *Log
	body   int
	blocks int // in a group
	build  block.Builder
	data   []byte
	done   chan struct{}
}

func (a *appender) Stage(g *Group) {
	for range a.blocks {
		state := a.log.Staged()
		a.build.Start(block.Place{Log: a.log.ID(), First: state.Head + 1, HLC: g.Stamp(1), Prev: state.Chain})
		a.build.Add(&edged.Draft{Data: a.data[:a.body]})
		g.PutBlock(a.log, a.build.Seal(block.None))
	}
}

func (a *appender) Durable() { a.done <- struct{}{} }

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCommit appends through the whole store on a real disk. writers wait for their own
// fsync, as publishers do; each has its own log.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct{ writers, blocks, body int }{
		{1, 1, 256}, {16, 1, 256}, {16, 1, 4 << 10}, {1, 1, 256 << 10}, {4, 4, 256 << 10},
	} {
		b.Run(fmt.Sprintf("writers=%d/blocks=%dx%d", c.writers, c.blocks, c.body), func(b *testing.B) {
			benchmarkCommit(b, c.writers, c.blocks, c.body)
		})
	}
}

func benchmarkCommit(b *testing.B, writers, blocks, body int) {
	clock := newClock()
	s, err := Open(vfs.Default, b.TempDir(), clock, Options{MinFree: -1})
	if err != nil {
		b.Fatal(err)
	}
	stop := run(b, s)
	noise := make([]byte, 256<<10)
	for i, x := 0, uint64(88172645463325252); i < len(noise); i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		noise[i] = byte(x)
	}
	b.SetBytes(int64(blocks * body))
	b.ReportAllocs()
	b.ResetTimer()
	began := cpuTime()
	var all sync.WaitGroup
	for i := range writers {
		a := &appender{
			log: logOf(b, s, fmt.Sprintf("s%d", i), 0), body: body, blocks: blocks, data: noise, done: make(chan struct{}, 1),
		}
		all.Go(func() {
			for range b.N / writers {
				s.Submit(a)
				<-a.done
			}
		})
	}
	all.Wait()
	spent := cpuTime() - began
	b.StopTimer()
	runtime.KeepAlive(noise)
	s.look()
	st := s.Stats()
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(spent.Seconds()*1e3/(float64(st.Bytes)/1e6), "cpu-ms/MB")
	b.ReportMetric(float64(st.Blocks)/float64(st.Groups), "blocks/group")
	b.ReportMetric(float64(st.Written)/float64(st.Bytes), "written/byte")
	b.ReportMetric(float64(st.FsyncTime.Microseconds())/float64(st.Groups), "fsync-µs")
	if err := stop(); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
