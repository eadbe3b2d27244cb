package function

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
)

// mapper holds what a query made of single events until it is appended, together with the position.
type mapper struct {
	outputs        // made since the last departure
	away    flight // on their way to the disk
}

// outputs are events that were made.
type outputs struct {
	drafts []edged.Draft
	bytes  []byte // what drafts point into
}

// keep copies a text to where drafts point.
func (o *outputs) keep(text string) []byte {
	from := len(o.bytes)
	o.bytes = append(o.bytes, text...)
	return o.bytes[from:len(o.bytes):len(o.bytes)]
}

// reset forgets all and keeps the memory.
func (o *outputs) reset() {
	clear(o.drafts)
	o.drafts, o.bytes = o.drafts[:0], o.bytes[:0]
}

// mapEvent makes an output event of one that the query keeps, and moves the lane on. The caller
// holds mu.
func (q *query) mapEvent(l *lane, e *edged.Event, columns []expr.Value, region string) error {
	c := q.core
	row := &c.row
	row.Columns, row.Event, row.Region = columns, e, region
	if l.Position == 0 && l.From == 0 {
		l.From = e.Sequence
	}
	if c.fold.Where == nil || c.fold.Where.Test(row) || row.Failure() != nil {
		q.output(l, e)
	}
	l.Counts.In++
	l.Counts.Mistyped += int64(row.Mistyped)
	row.Mistyped = 0
	l.Position, l.Newest = e.Sequence, e.HLC
	row.Reset()
	return nil
}

func (q *query) output(l *lane, e *edged.Event) {
	c, m := q.core, q.mapper
	from := len(m.bytes)
	data, key, typ, at, timed := c.fold.Map.Append(m.bytes, &c.row)
	if why := c.row.Failure(); why != nil {
		c.fail(l, e, why)
		return
	}
	if !timed {
		c.fail(l, e, errNoTime)
		return
	}
	m.bytes = data
	m.drafts = append(m.drafts, edged.Draft{Data: data[from:len(data):len(data)], Time: at, HasTime: true})
	d := &m.drafts[len(m.drafts)-1]
	d.Key, d.Type = m.keep(key), m.keep(typ)
	if c.fold.Map.Whole() {
		d.ContentType = m.keep(e.ContentType)
	}
	id := outputID(q.plan.ID, l.source, e.Sequence, 0)
	from = len(m.bytes)
	m.bytes = hex.AppendEncode(m.bytes, id[:])
	d.ID = m.bytes[from:len(m.bytes):len(m.bytes)]
	l.Counts.Out++
}

// outputID names the nth output of an event: the first half of SHA-256 over the query id and the
// event's dot, so that it is one wherever and however often it is made.
func outputID(id plan.ID, s source, seq edged.Sequence, n int) (out [16]byte) {
	var buf [64]byte
	b := append(buf[:0], id[:]...)
	b = s.append(b)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	sum := sha256.Sum256(b)
	copy(out[:], sum[:])
	return out
}

// tooLate sends an event that does not count any more to where the function wants it.
func (q *query) tooLate(l *lane, e *edged.Event) {
	for _, stream := range q.lateTo {
		q.late = append(q.late, q.aside(stream, l, e, ""))
	}
}

// poison sends an event that cannot be folded to where the function wants it, with the reason.
func (q *query) poison(l *lane, e *edged.Event, why error) {
	q.problem = "event " + string(e.AppendID(nil)) + " of " + e.Stream + ": " + why.Error()
	for _, stream := range q.deadTo {
		q.late = append(q.late, q.aside(stream, l, e, why.Error()))
	}
}

// aside is an event as it is set aside: its content, and where it came from.
func (q *query) aside(stream string, l *lane, e *edged.Event, why string) outlet {
	id := outputID(q.plan.ID, l.source, e.Sequence, 1)
	d := edged.Draft{
		ID: hex.AppendEncode(nil, id[:]), Key: []byte(e.Key), Type: []byte(e.Type), ContentType: []byte(e.ContentType),
		Time: e.Time, HasTime: true, Data: append([]byte(nil), e.Data...),
		Headers: append(append([]edged.Header(nil), e.Headers...),
			edged.Header{Name: "edged-query", Value: q.plan.ID.String()},
			edged.Header{Name: "edged-stream", Value: e.Stream},
			edged.Header{Name: "edged-event", Value: string(e.AppendID(nil))}),
	}
	if why != "" {
		d.Headers = append(d.Headers, edged.Header{Name: "edged-reason", Value: why})
	}
	return outlet{stream: stream, draft: d}
}
