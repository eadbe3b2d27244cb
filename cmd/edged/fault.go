package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// The exit codes, as the package comment says.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitDenied      = 4
	exitConflict    = 5
	exitUnavailable = 6
	exitUnhealthy   = 10
)

// usageError is a command line that cannot be understood.
type usageError struct {
	err  error
	next string // empty: the help
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errUnhealthy is what a check returns that has told the details already.
var errUnhealthy = errors.New("something needs attention")

// fault is an error as the user meets it. Commands that know all of it return it as it is.
type fault struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"`
	exit   int
}

// Error says the code and the detail.
func (f fault) Error() string { return f.Code + ": " + f.Detail }

// report prints the error: its code, one cause and one next step.
func (a *app) report(err error) int {
	f := a.faultOf(err)
	if a.globals.output == "json" {
		b, _ := json.Marshal(f) // texts always have a form
		fmt.Fprintf(a.errs, "%s\n", b)
		return f.exit
	}
	fmt.Fprintf(a.errs, "%s %s: %s\n", a.paint(a.errs, red, "error:"), f.Code, f.Detail)
	if f.Next != "" {
		fmt.Fprintf(a.errs, "next:  %s\n", f.Next)
	}
	return f.exit
}

// plain is an error's text without the name of the package that made it, and without the request
// that failed: its URL holds whole cursors, and the cause names the address.
func plain(err error) string {
	text := err.Error()
	if u, ok := errors.AsType[*url.Error](err); ok {
		text = strings.Replace(text, u.Error(), u.Err.Error(), 1)
	}
	return strings.TrimPrefix(strings.TrimPrefix(text, "client: "), "loadtest: ")
}

func (a *app) faultOf(err error) fault {
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return a.problemFault(p)
	}
	if f, ok := errors.AsType[fault](err); ok {
		return f
	}
	if e, ok := errors.AsType[*usageError](err); ok {
		next := e.next
		if next == "" {
			next = "add --help to see what the command takes"
		}
		return fault{"usage", e.Error(), next, exitUsage}
	}
	if r, ok := errors.AsType[*edged.Refusal](err); ok {
		f := a.problemFault(&client.Problem{Code: string(r.Kind), Detail: r.Detail})
		f.Next = "" // the steps are for what a node says; this text has its own
		return f
	}
	if kind, ok := errors.AsType[edged.Kind](err); ok && kind != "" {
		return a.problemFault(&client.Problem{Code: string(kind), Detail: err.Error()})
	}
	if errors.Is(err, errUnhealthy) {
		return fault{"unhealthy", err.Error(), "do what the lines above say, then run it again", exitUnhealthy}
	}
	text := plain(err)
	if errors.Is(err, context.DeadlineExceeded) {
		return fault{"timeout", text, "raise --timeout, or look at the node: edged doctor", exitUnavailable}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "listen" {
		flag := "--http"
		if strings.HasPrefix(op.Net, "udp") {
			flag = "--mesh"
		}
		return fault{"address_unavailable", text, "choose another with " + flag + ", or stop what listens there", exitUnavailable}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return fault{"unreachable", text, "start a node with `edged`, or name one with --server", exitUnavailable}
	}
	return fault{"failed", text, "", exitFailed}
}

// problemFault adds the exit code and the next step to what a node said.
func (a *app) problemFault(p *client.Problem) fault {
	f := fault{Code: p.Code, Detail: p.Detail, exit: exitFailed}
	if f.Detail == "" {
		f.Detail = p.Title
	}
	if f.Code == "" {
		f.Code = fmt.Sprintf("status_%d", p.Status)
		f.Next = "check that --server " + a.globals.server + " is an edged node"
	}
	switch kind := edged.Kind(p.Code); kind {
	case edged.StreamNotFound:
		f.exit, f.Next = exitNotFound, "`edged streams ls` shows those that are there"
	case edged.CollectionNotFound:
		f.exit, f.Next = exitNotFound, "`edged collections ls` shows those that are there, `edged collections create` makes one"
	case edged.FunctionNotFound:
		f.exit, f.Next = exitNotFound, "`edged functions ls` shows those that are there, `edged functions apply` makes one"
	case edged.SQLInvalid, edged.FilterInvalid:
		f.Next = "correct the text; nothing was changed"
		for _, at := range p.Errors {
			if at.Line > 0 {
				f.Detail += fmt.Sprintf("\n  %d:%d: %s", at.Line, at.Column, harmless(at.Message))
			}
		}
	case edged.KeyNotFound:
		f.exit, f.Next = exitNotFound, "`edged collections keys` shows those that have a value"
	case edged.LimitReached:
		f.exit, f.Next = exitConflict, "try again in a moment, or at another node: it may hold more rights"
	case edged.NotFound:
		f.exit, f.Next = exitNotFound, "check that --server is the address of a node, without a path"
	case edged.Unauthenticated, edged.Forbidden:
		f.exit, f.Next = exitDenied, "give a token with --token-file"
	case edged.Conflict, edged.IdempotencyMismatch, edged.IdentityConflict:
		f.exit, f.Next = exitConflict, "look at what is there: `edged streams info`, `edged collections info`, `edged functions status`"
	case edged.DiskFull:
		f.exit, f.Next = exitUnavailable, "free space on the node's disk, or lower storage.min_free"
	case edged.Overloaded, edged.Starting, edged.Draining, edged.Unavailable, edged.AckTimeout:
		f.exit, f.Next = exitUnavailable, "try again in a moment"
	case edged.SealPending:
		f.exit, f.Next = exitUnavailable, "ask again in a moment; where a node that was asked is lost as well: `edged mesh seal --anew`"
	case edged.LevelUnreachable:
		f.exit, f.Next = exitUnavailable, "try again with --ack disk"
	case edged.CursorExpired:
		f.Next = "start over with --from earliest"
		if p.Cursor != "" {
			f.Next = "go on from the oldest event that is held: --cursor " + p.Cursor
		}
	case edged.Internal:
		f.Next = "look at the node's log"
	}
	if p.Code == "" && p.Status >= http.StatusBadGateway {
		f.exit = exitUnavailable
	}
	return f
}
