package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// newLogger writes text for people and JSON for programs. Level and format are checked words.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		l = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: l}
	var h slog.Handler = slog.NewJSONHandler(w, opts)
	if format == "text" || format == "auto" && terminal(w) {
		h = slog.NewTextHandler(w, opts)
	}
	return slog.New(&sparing{Handler: h, memory: &memory{now: time.Now, seen: map[string]*repeat{}}})
}

const (
	repeatsShown = 10 // records of one text that a period lets through
	repeatPeriod = 10 * time.Second
	textsKept    = 1000 // past so many texts the memory starts anew
)

// sparing lets a record through that is not one of many: after repeatsShown of one text the rest
// of the period is counted, and the next that comes says how many were left out.
type sparing struct {
	slog.Handler
	memory *memory
}

// memory is shared by a handler and those made of it.
type memory struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]*repeat
}

type repeat struct {
	since   time.Time
	count   int
	omitted int
}

// Handle passes the record on, or leaves it out.
func (s *sparing) Handle(ctx context.Context, r slog.Record) error {
	show, omitted := s.memory.admit(r.Message)
	if !show {
		return nil
	}
	if omitted > 0 {
		r.AddAttrs(slog.Int("omitted", omitted))
	}
	return s.Handler.Handle(ctx, r)
}

func (m *memory) admit(text string) (show bool, omitted int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	r := m.seen[text]
	if r == nil {
		if len(m.seen) >= textsKept {
			clear(m.seen)
		}
		r = &repeat{since: now}
		m.seen[text] = r
	}
	if now.Sub(r.since) >= repeatPeriod {
		omitted = r.omitted
		*r = repeat{since: now}
	}
	r.count++
	if r.count > repeatsShown {
		r.omitted++
		return false, 0
	}
	return true, omitted
}

// WithAttrs keeps the memory.
func (s *sparing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &sparing{Handler: s.Handler.WithAttrs(attrs), memory: s.memory}
}

// WithGroup keeps the memory.
func (s *sparing) WithGroup(name string) slog.Handler {
	return &sparing{Handler: s.Handler.WithGroup(name), memory: s.memory}
}
