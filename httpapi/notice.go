package httpapi

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// note starts a notice in the tail's form; saying ends it. Server-sent events carry its name
// and place outside, all others inside.
func (t *tail) note(op string) codec.Object {
	o := codec.Open(nil, packedForm(t.form))
	if t.form != codec.SSE {
		o.Text("op", op)
	}
	if t.sub > 0 {
		o.Uint("sub", uint64(t.sub))
	}
	return o
}

// say adds a notice; an empty cursor is left out.
func (t *tail) say(u *turn, op string, o *codec.Object, cursor string) {
	if cursor != "" && t.form != codec.SSE {
		o.Text("cursor", cursor)
	}
	u.add(t.wrap(op, o.Close(), cursor))
}

// wrap puts around a notice what its form asks for.
func (t *tail) wrap(op string, body []byte, cursor string) []byte {
	switch t.form {
	case codec.SSE:
		return appendServerEvent(nil, op, cursor, body)
	case codec.Lines:
		return append(body, '\n')
	default:
		return codec.AppendFrame(nil, packedForm(t.form), body)
	}
}

func appendServerEvent(b []byte, name, cursor string, data []byte) []byte {
	b = append(append(b, "event: "...), name...)
	if cursor != "" {
		b = append(append(b, "\nid: "...), cursor...)
	}
	b = append(append(b, "\ndata: "...), data...)
	return append(b, "\n\n"...)
}

func packedForm(form codec.Form) bool { return form >= codec.Packed }

// notice adds what the feed gave at place i of the turn's deliveries. That a stream is deleted
// is said by the error that follows.
func (t *tail) notice(u *turn, i int) {
	n := u.given[i].Notice
	switch n.Op {
	case "gap":
		o := t.note(n.Op)
		gapMembers(&o, n)
		t.say(u, n.Op, &o, t.place(u, i))
	case "lagged":
		o := t.note(n.Op)
		o.Uint("skipped", uint64(n.Skipped))
		t.say(u, n.Op, &o, t.place(u, i))
	case "reset":
		o := t.note(n.Op)
		t.say(u, n.Op, &o, t.place(u, i))
	case "up_to_date":
		switch {
		case t.shape.Row:
			t.rowsUpToDate(u, n.Watermark)
		case !t.told:
			t.told = true
			t.upToDate(u)
		}
	}
}

func gapMembers(o *codec.Object, n *edged.Notice) {
	o.Uint("from", uint64(n.From))
	o.Uint("to", uint64(n.To))
	o.Text("reason", n.Reason)
	o.Text("origin", n.Log.Origin.String())
	o.Uint("partition", uint64(n.Log.Partition))
}

// upToDate says once that the reader has caught up, on the feeds that have a name for it: what a
// reader of lines or of a socket with one feed takes for an event must be one.
func (t *tail) upToDate(u *turn) {
	if t.names() {
		o := t.note("up_to_date")
		t.say(u, "up_to_date", &o, t.feed.Cursor().String())
	}
}

// rowsUpToDate says the same of a function's rows, each time that the feed does: their watermark
// moves on, and the cut with it.
func (t *tail) rowsUpToDate(u *turn, watermark int64) {
	if !t.names() {
		return
	}
	o, cut := t.note("up_to_date"), t.feed.Cursor().String()
	o.Text("cut", cut)
	if watermark != 0 {
		o.Text("watermark", timeText(watermark))
	}
	t.say(u, "up_to_date", &o, cut)
}

// names says whether the tail's form keeps notices apart by name.
func (t *tail) names() bool {
	return t.form == codec.SSE || t.form == codec.LiveText || t.form == codec.LiveBinary
}

// trouble adds the problem that ends the feed.
func (t *tail) trouble(u *turn, err error) {
	p := problemOf(err)
	p.Stored = ""
	if t.form == codec.SSE {
		u.add(appendServerEvent(nil, "problem", "", p.appendJSON(nil)))
		return
	}
	o := t.note("error")
	o.Encoded("problem", p.encoded(packedForm(t.form)))
	t.say(u, "error", &o, "")
}

// goodbye adds the notice before a shutdown.
func (t *tail) goodbye(u *turn, retryMS int) {
	o := t.note("drain")
	o.Uint("retry_ms", uint64(retryMS))
	t.say(u, "drain", &o, t.feed.Cursor().String())
}

// encoded is the problem in msgpack or JSON.
func (p *problem) encoded(packed bool) []byte {
	if packed {
		return p.appendMsgpack(nil)
	}
	return p.appendJSON(nil)
}
