// Package history is what clients of a node saw, one line an operation, and the judge of it: was
// anything lost that had been acknowledged, did anything appear that had been refused, was
// anything doubled, out of order or missing in the middle. It judges all tiers of tests alike.
//
//	PROCESS OP      ID    NODE LEVEL  START END OUTCOME DOT
//	w1      publish w1-7  a    disk   120   450 ok      orders/0@a~00ff:17
//	w2      publish w2-3  a    memory 130   500 unknown -
//	suite   crash   -     a    -      500   500 ok      -
//	scan-1  hold    w1-7  a    -      900   900 ok      orders/0@a~00ff:17
//	scan-1  end     -     a    -      901   901 ok      -
//	r1      deliver w1-7  a    -      460   460 ok      orders/0@a~00ff:17
//	r1      gap     lost  a    -      950   950 ok      orders/0@a~00ff:18..19
//
// An id is unique in the whole history. Times are nanoseconds since it began. A dot is a log and a
// sequence; a gap's is a range, and its id is the reason. Holds are what a process read of the
// node's state, from the first event on, with nothing published meanwhile; end says that it had
// read all. Deliveries are what a live reader was given, from the first event on.
//
// # Invariants
//
// A verdict depends on the lines alone, and on their order only where a line says what was seen
// before: a publish may be added after its event was delivered.
package history

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind is what an operation is.
type Kind string

// The kinds of operation.
const (
	Publish Kind = "publish"
	Hold    Kind = "hold"
	End     Kind = "end"
	Deliver Kind = "deliver"
	Gap     Kind = "gap"
	Crash   Kind = "crash"
)

// Outcome is how an operation ended, as far as its process can know.
type Outcome string

// The outcomes. Refused means: not stored, and never will be.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown"
)

// Dot is a place: a log, and a sequence in it. A gap's dot reaches up to To.
type Dot struct {
	Log string // STREAM/PARTITION@ORIGIN, say; a word without blanks
	Seq uint64
	To  uint64 // gaps only
}

// String writes LOG:SEQ or LOG:SEQ..TO, and "-" for the zero Dot.
func (d Dot) String() string {
	switch {
	case d.Log == "":
		return "-"
	case d.To != 0:
		return fmt.Sprintf("%s:%d..%d", d.Log, d.Seq, d.To)
	}
	return fmt.Sprintf("%s:%d", d.Log, d.Seq)
}

// Op is one operation.
type Op struct {
	Process    string
	Kind       Kind
	ID         string
	Node       string
	Level      string
	Start, End int64
	Outcome    Outcome
	Dot        Dot
}

// AppendTo appends the line, without its end.
func (o Op) AppendTo(b []byte) []byte {
	return fmt.Appendf(b, "%s %s %s %s %s %d %d %s %s", o.Process, o.Kind, dash(o.ID), dash(o.Node),
		dash(o.Level), o.Start, o.End, o.Outcome, o.Dot)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func undash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

var errLine = errors.New("history: not a line of a history")

// Parse reads what AppendTo wrote.
func Parse(line string) (Op, error) {
	w := strings.Fields(line)
	if len(w) != 9 {
		return Op{}, fmt.Errorf("%w: %d words, want 9: %q", errLine, len(w), line)
	}
	o := Op{
		Process: w[0], Kind: Kind(w[1]), ID: undash(w[2]), Node: undash(w[3]), Level: undash(w[4]),
		Outcome: Outcome(w[7]),
	}
	var errs [3]error
	o.Start, errs[0] = strconv.ParseInt(w[5], 10, 64)
	o.End, errs[1] = strconv.ParseInt(w[6], 10, 64)
	o.Dot, errs[2] = parseDot(w[8])
	if err := errors.Join(errs[:]...); err != nil {
		return Op{}, fmt.Errorf("%w: %q: %w", errLine, line, err)
	}
	return o, o.check()
}

func (o *Op) check() error {
	switch o.Kind {
	case Publish, Hold, End, Deliver, Gap, Crash:
	default:
		return fmt.Errorf("%w: operation %q", errLine, o.Kind)
	}
	switch o.Outcome {
	case OK, Refused, Unknown:
	default:
		return fmt.Errorf("%w: outcome %q", errLine, o.Outcome)
	}
	placed := o.Kind == Hold || o.Kind == Deliver || o.Kind == Gap
	if placed && (o.Dot.Seq == 0 || o.Kind == Gap && o.Dot.To < o.Dot.Seq) {
		return fmt.Errorf("%w: a %s at %s", errLine, o.Kind, o.Dot)
	}
	return nil
}

func parseDot(s string) (Dot, error) {
	if s == "-" {
		return Dot{}, nil
	}
	at := strings.LastIndexByte(s, ':')
	if at <= 0 {
		return Dot{}, fmt.Errorf("dot %q: want LOG:SEQ", s)
	}
	d := Dot{Log: s[:at]}
	first, last, ranged := strings.Cut(s[at+1:], "..")
	var err error
	if d.Seq, err = strconv.ParseUint(first, 10, 64); err == nil && ranged {
		d.To, err = strconv.ParseUint(last, 10, 64)
	}
	return d, err
}
