package httpapi

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/intake"
)

// publishQuery is what a publish says beside its events.
type publishQuery struct {
	ackWait
	after           *edged.Cursor
	key, time, kind intake.Param
}

var publishWords = []string{"ack", "after", "key", "time", "timeout", "type"} // read-only

// parsePublishQuery reads the query of a publish. A word that it does not know is refused, for a
// mistyped ack would weaken a promise in silence. Ack is the level when it names none.
func parsePublishQuery(raw string, ack edged.Ack) (publishQuery, error) {
	q := publishQuery{ackWait: ackWait{ack, ackTimeoutDefault}}
	err := eachPair(raw, q.set)
	return q, err
}

// eachPair takes a query apart. Set takes one pair and gives the bit of its name, which may come
// once.
func eachPair(raw string, set func(name, value string) (bit int, err error)) error {
	seen := 0
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, err := unescapePair(pair)
		if err != nil {
			return err
		}
		bit, err := set(name, value)
		if err != nil {
			return err
		}
		if seen&bit != 0 {
			return edged.RefuseField(edged.Invalid, "query."+name, nil, "is there twice")
		}
		seen |= bit
	}
	return nil
}

// unescapePair takes a pair of a query apart.
func unescapePair(pair string) (name, value string, err error) {
	name, value, _ = strings.Cut(pair, "=")
	if !strings.ContainsAny(pair, "%+;") {
		return name, value, nil
	}
	if strings.Contains(pair, ";") {
		err = errors.New("a semicolon")
	}
	if err == nil {
		name, err = url.QueryUnescape(name)
	}
	if err == nil {
		value, err = url.QueryUnescape(value)
	}
	if err != nil {
		return "", "", edged.RefuseField(edged.BadRequest, "query", cut(pair, 100), "want pairs of name=value, escaped as in a URL")
	}
	return name, value, nil
}

// set takes one pair, and gives the bit of its name.
func (q *publishQuery) set(name, value string) (bit int, err error) {
	switch name {
	case "ack", "timeout":
		return q.ackWait.set(name, value)
	case "after":
		at, err := edged.ParseCursor(value)
		if err != nil {
			return 0, edged.RefuseField(edged.BadCursor, "query.after", nil, "pass on a cursor exactly as a node gave it")
		}
		q.after = &at
		return 1 << 2, nil
	case "key":
		q.key = intake.Param{Value: value, Location: "query.key"}
		return 1 << 3, nil
	case "time":
		q.time = intake.Param{Value: value, Location: "query.time"}
		return 1 << 4, nil
	case "type":
		q.kind = intake.Param{Value: value, Location: "query.type"}
		return 1 << 5, nil
	}
	return 0, edged.RefuseField(edged.Invalid, "query."+cut(name, 100), nil, "unknown parameter; %s", suggest(name, publishWords))
}

// ackWait is what has to have happened before an answer, and how long that may take.
type ackWait struct {
	ack     edged.Ack
	timeout time.Duration
}

// set takes ack or timeout, and gives the bit of its name.
func (a *ackWait) set(name, value string) (bit int, err error) {
	if name == "ack" {
		a.ack, err = edged.ParseAck(value)
		return 1 << 0, err
	}
	a.timeout, err = parseAckTimeout("query.timeout", value)
	return 1 << 1, err
}

// notConfirmed is the refusal of what was written when its ack did not come in time. It keeps the
// level that err says was reached.
func (a *ackWait) notConfirmed(err error, what, is, again string) error {
	known, reached := what+" may be stored", ""
	if said, ok := errors.AsType[*edged.Refusal](err); ok && said.Reached != "" {
		reached = said.Reached
		known = what + " " + is + " stored, at ack " + reached
	}
	refusal := edged.Refuse(edged.AckTimeout, "ack %s was not reached within %s; %s, and %s", a.ack, a.timeout, known, again)
	refusal.Reached = reached
	return refusal
}

func parseAckTimeout(location, text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > ackTimeoutMax {
		return 0, edged.RefuseField(edged.Invalid, location, cut(text, 100),
			"want a duration above zero such as 250ms or 10s, at most %s", durationText(ackTimeoutMax))
	}
	return d, nil
}

// publishSaid reads ack and timeout as a live frame gives them: empty is the default.
func (s *Server) publishSaid(ack, timeout string) (q publishQuery, err error) {
	q.ack, q.timeout = s.opts.Ack, ackTimeoutDefault
	if ack != "" {
		q.ack, err = edged.ParseAck(ack)
	}
	if err != nil {
		return q, edged.RefuseField(edged.Invalid, "frame.ack", cut(ack, 100), "want memory, disk, region or regions:N with N from 1 to 1000")
	}
	if timeout != "" {
		q.timeout, err = parseAckTimeout("frame.timeout", timeout)
	}
	return q, err
}
