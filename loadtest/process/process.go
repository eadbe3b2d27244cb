// Package process runs a server beside its load: start, wait until it serves, measure, stop.
// Everything that it starts it ends, by process id.
//
//	p, err := process.Start(process.Command{Path: binary, Args: args, Dir: dir})
//	defer p.Stop()
//	err = p.AwaitPort(ctx, "127.0.0.1:8080")
//	before, _ := p.CPU()
//
// CPU and memory are read from /proc, so on Linux only; elsewhere they are errors.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopWait is how long a process may take to end by itself.
const stopWait = 10 * time.Second

// Command says what to start.
type Command struct {
	Path string
	Args []string
	Env  []string // added to this process's own
	Dir  string   // where it runs and where its output is kept, in a file named like the program
}

// Process is a started program.
type Process struct {
	cmd    *exec.Cmd
	log    string
	ended  chan struct{} // closed once the process has ended
	err    error         // how; valid after ended
	ending sync.Once
}

// Start starts a program. The caller owes a Stop or a Kill.
func Start(c Command) (*Process, error) {
	log := filepath.Join(c.Dir, filepath.Base(c.Path)+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	defer func() { _ = out.Close() }() // the child has its own copy
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, out, out
	cmd.Env = append(os.Environ(), c.Env...)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("process: start %s: %w", c.Path, err)
	}
	p := &Process{cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed once the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Stop asks the process to end, and kills it when it takes too long. It returns how it ended.
func (p *Process) Stop() error {
	p.ending.Do(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		select {
		case <-p.ended:
		case <-time.After(stopWait):
			_ = p.cmd.Process.Kill()
		}
	})
	<-p.ended
	return p.err
}

// Kill ends the process at once, as a crash would, and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// Signal sends a signal, such as SIGSTOP and SIGCONT.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// AwaitPort waits until address takes connections.
func (p *Process) AwaitPort(ctx context.Context, address string) error {
	return p.Await(ctx, address, func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
}

// Await waits until ready says true; a process that ends before is an error with its last words.
func (p *Process) Await(ctx context.Context, what string, ready func() bool) error {
	for !ready() {
		select {
		case <-p.ended:
			return fmt.Errorf("process: %s ended before %s was there: %w\n%s", p.cmd.Path, what, orNothing(p.err), p.Tail())
		case <-ctx.Done():
			return fmt.Errorf("process: %s: waiting for %s: %w\n%s", p.cmd.Path, what, context.Cause(ctx), p.Tail())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

func orNothing(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// Tail is the end of what the process has written.
func (p *Process) Tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const most = 2000
	if len(text) > most {
		text = text[len(text)-most:]
	}
	return string(bytes.TrimSpace(text))
}

// CPU is the time that the process has spent, its own and the system's for it.
func (p *Process) CPU() (time.Duration, error) { return CPU(p.PID()) }

// RSS is the memory of the process that is resident now, in bytes.
func (p *Process) RSS() (int64, error) { return RSS(p.PID()) }

// CPU reads the processor time of any process of this machine.
func CPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	return parseStat(string(text))
}

// parseStat takes user and system time out of a stat line. The name of the program, which may
// hold anything, ends with the last parenthesis; both times are in ticks of 10 ms.
func parseStat(text string) (time.Duration, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("process: /proc/PID/stat has too few fields")
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("process: user time: %w", err)
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("process: system time: %w", err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// RSS reads the resident memory of any process of this machine.
func RSS(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, errors.New("process: /proc/PID/statm has too few fields")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("process: resident pages: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}

// FreePort finds a port of loopback that nobody listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// FreePacketPort finds a UDP port of loopback that nobody listens on.
func FreePacketPort() (int, error) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.LocalAddr().(*net.UDPAddr).Port, nil
}
