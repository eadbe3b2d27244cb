package sql

import (
	"slices"
	"time"
)

// What a window may be.
const (
	sizeMin   = 100 * time.Millisecond
	slicesMax = 3600
	rowsMax   = 1 << 20
)

// groups reads GROUP BY.
func (p *parser) groups(q *Query) {
	p.advance()
	p.want("BY")
	for {
		item := p.item()
		if item.Window != nil && slices.ContainsFunc(q.GroupBy, func(i Item) bool { return i.Window != nil }) {
			p.note(item.Window.At, item.Window.Kind, "A query has one window. Write the other as a function over the same stream.")
		}
		q.GroupBy = grow(p, q.GroupBy, item, 24)
		if !p.sign(",") {
			return
		}
	}
}

// item reads an expression or a window.
func (p *parser) item() Item {
	if p.tok.kind != name || !slices.Contains(windows, p.tok.word.text) || !p.ahead("(") {
		return Item{Expr: p.expr()}
	}
	w := &Window{At: p.tok.at, Kind: p.tok.word.text}
	p.spend(128, 20)
	p.advance()
	p.advance()
	if w.Kind == "ROWS" {
		p.rows(w)
	} else {
		w.Time = p.expr()
		p.lengths(w)
	}
	if p.tok.sign(",") {
		p.fault(w.Kind + " has too many arguments. Write " + windowForm(w.Kind) + ".")
	}
	p.wantSign(")")
	return Item{Window: w}
}

func windowForm(kind string) string {
	switch kind {
	case "TUMBLE":
		return "TUMBLE(_time, INTERVAL '1 minute')"
	case "HOP":
		return "HOP(_time, INTERVAL '2 seconds', INTERVAL '10 seconds')"
	case "CUMULATE":
		return "CUMULATE(_time, INTERVAL '1 minute', INTERVAL '1 hour')"
	case "SESSION":
		return "SESSION(_time, INTERVAL '10 seconds')"
	}
	return "ROWS(10, 1)"
}

func (p *parser) rows(w *Window) {
	w.Rows = p.integer("the number of events", 1, rowsMax)
	w.RowsStep = w.Rows
	if p.sign(",") {
		w.RowsStep = p.integer("the number of events from one window to the next", 1, rowsMax)
	}
}

// lengths reads the intervals of a window.
func (p *parser) lengths(w *Window) {
	var size, step token
	read := func(length *time.Duration) token {
		if !p.sign(",") {
			p.fault(w.Kind + " takes more arguments. Write " + windowForm(w.Kind) + ".")
		}
		t := p.tok
		if !t.is("INTERVAL") {
			p.fault(w.Kind + " takes intervals after the time. Write " + windowForm(w.Kind) + ".")
		}
		good := false
		if *length, good = p.interval(); !good {
			t.kind = bad
		}
		return t
	}
	switch w.Kind {
	case "SESSION":
		size = read(&w.Gap)
		p.checkSize(size, w.Gap, "A gap")
		return
	case "HOP", "CUMULATE":
		step = read(&w.Step)
	}
	size = read(&w.Size)
	if p.tok.sign(",") {
		read(&w.Align)
	}
	if p.checkSize(size, w.Size, "A window") && w.Kind != "TUMBLE" && step.kind != bad {
		p.checkStep(w, step)
	}
}

// checkSize refuses what is too short. A size that was refused already passes no more.
func (p *parser) checkSize(at token, length time.Duration, what string) bool {
	if p.tok.kind == stuck || at.kind == bad {
		return false
	}
	if length < sizeMin {
		p.note(at.at, interval(length), "%s is at least 100 milliseconds. Write INTERVAL '100 milliseconds' or more.", what)
	}
	return length >= sizeMin
}

// checkStep refuses a slide or step that does not fit the size.
func (p *parser) checkStep(w *Window, at token) {
	value := interval(w.Step)
	noun := "slide"
	if w.Kind == "CUMULATE" {
		noun = "step"
	}
	switch {
	case w.Step == 0:
		p.note(at.at, value, "%s needs a %s. Write %s.", w.Kind, noun, windowForm(w.Kind))
	case w.Step > w.Size:
		p.note(at.at, value, "%s takes the %s first, then the size: %s(%s, %s, %s).", w.Kind, noun, w.Kind,
			brief(w.Time), interval(w.Size), interval(w.Step))
	case w.Kind == "CUMULATE" && w.Size%w.Step != 0:
		p.note(at.at, value, "The step of CUMULATE divides its size, and %s does not divide %s. Write %s.", spell(w.Step), spell(w.Size), windowForm(w.Kind))
	case w.Size/divisor(w.Step, w.Size) > slicesMax:
		p.note(at.at, value, "This window has %d slices of %s. At most %d are kept: make the %s longer, or the size shorter or a multiple of it.",
			w.Size/divisor(w.Step, w.Size), spell(divisor(w.Step, w.Size)), slicesMax, noun)
	}
}

// divisor is the greatest that both have in common: the slice of a window.
func divisor(a, b time.Duration) time.Duration {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
