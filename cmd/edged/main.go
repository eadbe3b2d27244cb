// Command edged is a node of an edge streaming platform, and the client of one.
//
//	edged                         run a node on 127.0.0.1:8080, data in ./edged-data
//	edged pub orders '{"total":42}'
//	edged sub orders --from earliest
//
// Data goes to standard output and everything else to standard error. Exit codes: 0 done,
// 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6 unavailable or timed out, 10 unhealthy,
// 70 a broken invariant of ours, 74 the disk cannot be trusted.
//
// # Not here
//
// Settings and where they come from: cmd/edged/config. The node itself: cmd/edged/node. HTTP as a
// client speaks it: httpapi/client.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	a := &app{in: os.Stdin, out: os.Stdout, errs: os.Stderr, environ: os.Environ(), typed: os.Args[0]}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// app is one run of the command line.
type app struct {
	in        io.Reader
	out, errs io.Writer
	environ   []string
	typed     string // how this program was called; empty: edged
	globals   globals
}

// run does what the arguments say and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	return a.report(err)
}

// getenv reads a variable of this run.
func (a *app) getenv(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if n := len(name); len(a.environ[i]) > n && a.environ[i][:n] == name && a.environ[i][n] == '=' {
			return a.environ[i][n+1:]
		}
	}
	return ""
}
