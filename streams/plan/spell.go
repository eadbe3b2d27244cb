package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// timeText is the time of the windows.
func (p *Plan) timeText() string {
	switch {
	case p.fold.time != nil:
		return sql.Print(p.fold.time)
	case p.Window.Ingest:
		return "_ingest"
	}
	return "_time"
}

func (p *Plan) windowText() string {
	w := &p.Window
	text := w.Kind.String() + " " + p.timeText()
	switch w.Kind {
	case window.Session:
		return text + ", gap " + spell(w.Gap)
	case window.Tumble:
		text += ", size " + spell(w.Size)
	case window.Hop:
		text += ", size " + spell(w.Size) + ", slide " + spell(w.Step)
	case window.Cumulate:
		text += ", size " + spell(w.Size) + ", step " + spell(w.Step)
	}
	if w.Align != 0 {
		text += ", align " + spell(w.Align)
	}
	return text + ": slices of " + spell(w.Grain())
}

// sliceText says how many slices make a window.
func (p *Plan) sliceText() string {
	w := &p.Window
	switch n := w.Size / max(1, w.Grain()); {
	case w.Kind == window.None:
		return ""
	case w.Kind == window.Session:
		return "fragments less than " + spell(w.Gap) + " apart are one"
	case w.Kind == window.Cumulate:
		return fmt.Sprintf("1 to %d slices per window", n)
	case n == 1:
		return "1 slice per window"
	default:
		return fmt.Sprintf("%d slices per window", n)
	}
}

func (p *Plan) emitText() string {
	text := "changes"
	switch p.Emit.Kind {
	case EmitFinal:
		text = "final"
	case EmitEvery:
		text = "every " + spell(p.Emit.Every)
	}
	if p.Window.Kind != window.None {
		text += ", exclude after " + spell(p.Options.ExcludeAfter)
	}
	if p.Options.Into != "" {
		text += ", into " + p.Options.Into
	}
	if p.Options.Late != "" {
		text += ", late events into " + p.Options.Late
	}
	return text + p.failed()
}

func (p *Plan) failed() string {
	if p.Options.Dead == "" {
		return ""
	}
	return ", failed events into " + p.Options.Dead
}

// spell writes a length as options do, without the parts that are zero.
func spell(ns int64) string {
	if ns == window.Never {
		return "never"
	}
	text := time.Duration(ns).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
