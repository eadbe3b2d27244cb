package gossip

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	settleTime = 30 * time.Second // from the start; what memberlist warns of until then is not news
	repeatTime = time.Minute      // between two lines of one kind
	kindsMax   = 64
)

// logWriter takes memberlist's log lines ("[WARN] memberlist: what and whom") to slog. Lines of
// one kind come at most once a repeatTime, with the number of those that were left out.
type logWriter struct {
	log     *slog.Logger
	now     func() time.Time
	started time.Time

	mutex sync.Mutex
	kinds map[string]*logKind
}

type logKind struct {
	told    time.Time
	omitted int
}

func newLogWriter(log *slog.Logger, now func() time.Time) *logWriter {
	return &logWriter{log: log, now: now, started: now(), kinds: map[string]*logKind{}}
}

// Write takes one line.
func (w *logWriter) Write(line []byte) (int, error) {
	level, text := w.split(string(line))
	ctx := context.Background()
	if !w.log.Enabled(ctx, level) {
		return len(line), nil
	}
	if omitted, tell := w.admit(kindOf(text)); tell {
		w.log.Log(ctx, level, "memberlist reports", "text", text, "omitted", omitted)
	}
	return len(line), nil
}

// split tells how much a line matters. Nothing that memberlist says asks a person to act.
func (w *logWriter) split(line string) (slog.Level, string) {
	line = strings.TrimSpace(line)
	tag, text, ok := strings.Cut(line, " memberlist: ")
	if !ok {
		tag, text = "", line
	}
	if tag == "[DEBUG]" || tag == "[INFO]" || w.now().Sub(w.started) < settleTime {
		return slog.LevelDebug, text
	}
	return slog.LevelWarn, text
}

// kindOf is the first words of a line, which do not name a node.
func kindOf(text string) string {
	words := strings.SplitN(text, " ", 4)
	return strings.Join(words[:min(3, len(words))], " ")
}

// admit says whether a line of a kind is to be told now, and how many were not.
func (w *logWriter) admit(kind string) (omitted int, tell bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	now := w.now()
	k := w.kinds[kind]
	if k != nil && now.Sub(k.told) < repeatTime {
		k.omitted++
		return 0, false
	}
	if k == nil {
		if len(w.kinds) >= kindsMax {
			clear(w.kinds)
		}
		k = &logKind{}
		w.kinds[kind] = k
	}
	omitted = k.omitted
	*k = logKind{told: now}
	return omitted, true
}
