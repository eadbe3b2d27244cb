package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strconv"

	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// identify computes the query id. What is digested is written as label and text, each with its length
// before it, so no two folds are written alike.
func (p *Plan) identify(start int64, restarts int) (id ID) {
	d := digester{sha256.New()}
	d.text("edged query", strconv.Itoa(Semantics))
	for _, name := range p.Inputs {
		d.text("input", name)
	}
	d.expr("where", p.fold.where)
	d.expr("time", p.fold.time)
	d.number("start", start)
	d.number("restarts", int64(restarts))
	if p.Way == PerEvent {
		p.identifyMap(d)
	} else {
		p.identifyFold(d)
	}
	copy(id[:], d.Sum(nil))
	return id
}

// identifyMap digests what is written per event. Its outputs are all that it keeps, so the select list
// and the stream are part of the fold.
func (p *Plan) identifyMap(d digester) {
	for i := range p.fold.columns {
		c := &p.fold.columns[i]
		d.text("column", c.name)
		d.number("envelope", truth(c.as && c.name != "" && c.name[0] == '_'))
		d.expr("value", c.expr)
	}
	d.text("into", p.Options.Into)
}

// identifyFold digests groups, slices, aggregates and the options of the fold.
func (p *Plan) identifyFold(d digester) {
	s, w, o := p.stages[0], &p.Window, &p.Options
	for i := range s.keys {
		d.text("group", s.keys[i].text)
	}
	d.text("window", w.Kind.String())
	for _, n := range [...]int64{w.Size, w.Step, w.Align, w.Gap, truth(w.Ingest)} {
		d.number("of", n)
	}
	for i := range s.calls {
		d.text("aggregate", s.calls[i].text)
	}
	for _, n := range [...]int64{o.OutOfOrderness, o.Idle, o.Lateness, o.ReviseWithin, int64(o.MaxKeys)} {
		d.number("option", n)
	}
	if w.Kind == window.None {
		d.number("retain", o.Retain)
	}
}

// digester digests labelled texts.
type digester struct{ hash.Hash }

func (d digester) text(label, text string) {
	for _, s := range [...]string{label, text} {
		d.Write(binary.AppendUvarint(nil, uint64(len(s))))
		d.Write([]byte(s))
	}
}

func (d digester) number(label string, n int64) { d.text(label, strconv.FormatInt(n, 10)) }

// expr digests an expression as canonical text.
func (d digester) expr(label string, e sql.Expr) {
	if e != nil {
		d.text(label, sql.Print(e))
	}
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
