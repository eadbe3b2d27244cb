package window

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

var rewrite = flag.Bool("rewrite", false, "write what the stories in testdata give")

// A story is blocks of commands, each above "----" and what they give: verdicts, and the rows that
// changed at the node of the first origin. Blank lines part blocks, a line with # is a comment.
//
//	windows tumble 1m idle=never      kind, sizes, options
//	origins eu-1 ap-1                 begins at 10:00:00
//	advance 10:00:15                  the clock, with promises every second
//	load eu-1 10:00:05 10:00:07       events of one origin, appended now; filter: WHERE drops them
//	fail eu-1                         an event without a time
//	split ap-1 · behind ap-1 · heal ap-1   nothing comes · events do not come
//	seal ap-1                         after what it had is here
//	show                              bounds, watermarks, states
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := tell(t, string(raw))
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got != string(raw) {
			t.Errorf("%s tells another story:\n%s", file, got)
		}
	}
}

func tell(t *testing.T, text string) string {
	var out strings.Builder
	teller := &teller{t: t}
	for _, part := range strings.Split(strings.TrimSpace(text), "\n\n") {
		given, _, _ := strings.Cut(part, "\n----")
		teller.out.Reset()
		for _, line := range strings.Split(given, "\n") {
			if words := strings.Fields(line); !strings.HasPrefix(line, "#") {
				teller.do(words[0], words[1:])
			}
		}
		fmt.Fprintf(&out, "%s\n----\n%s\n", given, teller.out.String())
	}
	return strings.TrimSpace(out.String()) + "\n"
}

type teller struct {
	t     *testing.T
	out   strings.Builder
	world *world
	spec  *Spec
	after int64
}

var dawn = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC) // read-only

func (s *teller) do(command string, words []string) {
	switch command {
	case "windows":
		s.windows(words)
	case "origins":
		s.world = newWorld(s.spec, s.after, dawn.UnixNano(), words...)
	case "advance":
		s.world.advance(s.time(words[0]), s.row)
	case "load", "filter", "fail":
		s.load(command, s.log(words[0]), words[1:])
	case "split":
		s.log(words[0]).split = true
	case "behind":
		s.log(words[0]).behind = true
	case "heal":
		l := s.log(words[0])
		l.split, l.behind = false, false
	case "seal":
		l := s.log(words[0])
		s.world.take(l)
		l.sealed = true
	case "show":
		s.show()
	default:
		s.t.Fatalf("%q is no command", command)
	}
}

func (s *teller) log(name string) *source {
	i := slices.IndexFunc(s.world.logs, func(l *source) bool { return l.origin.Label == name })
	if i < 0 {
		s.t.Fatalf("%q is no origin", name)
	}
	return s.world.logs[i]
}

func (s *teller) time(text string) int64 {
	at, err := time.Parse("15:04:05.999", text)
	if err != nil {
		s.t.Fatal(err)
	}
	return dawn.UnixNano() + int64(at.Sub(time.Date(0, 1, 1, 10, 0, 0, 0, time.UTC)))
}

func (s *teller) length(text string) int64 {
	if text == "never" {
		return Never
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return int64(d)
}

// windows reads a kind with its lengths in the order of the dialect, then options.
func (s *teller) windows(words []string) {
	second := int64(time.Second)
	s.spec = &Spec{OutOfOrderness: 2 * second, Idle: 5 * second, ReviseWithin: 600 * second}
	s.after = 10 * second
	kinds := map[string]Kind{"tumble": Tumble, "hop": Hop, "cumulate": Cumulate, "session": Session}
	s.spec.Kind = kinds[words[0]]
	var lengths []int64
	options := map[string]*int64{"out_of_orderness": &s.spec.OutOfOrderness, "idle": &s.spec.Idle, "lateness": &s.spec.Lateness,
		"revise_within": &s.spec.ReviseWithin, "exclude_after": &s.after}
	for _, word := range words[1:] {
		name, value, found := strings.Cut(word, "=")
		switch {
		case word == "_ingest":
			s.spec.Ingest = true
		case !found:
			lengths = append(lengths, s.length(word))
		default:
			*options[name] = s.length(value)
		}
	}
	if s.spec.Kind == Session {
		s.spec.Gap = lengths[0]
		return
	}
	s.spec.Step, s.spec.Size = lengths[0], lengths[len(lengths)-1]
}

func (s *teller) load(command string, l *source, times []string) {
	kind := map[string]int{"load": plain, "filter": filtered, "fail": failed}[command]
	if kind == failed {
		s.world.load(l, 0, kind)
	}
	for _, text := range times {
		v := s.world.load(l, s.time(text), kind)
		if kind == plain {
			fmt.Fprintf(&s.out, "%s %s %s\n", l.origin.Label, text, [...]string{"on time", "late", "too late"}[v])
		}
	}
}

func clock(ns int64) string {
	if ns == Unknown {
		return "none"
	}
	return time.Unix(0, ns).UTC().Format("15:04:05.999")
}

func (s *teller) row(c shown) {
	r := c.now
	if fmt.Fprintf(&s.out, "%s  ", clock(s.world.clock)); r == nil {
		fmt.Fprintf(&s.out, "%s %s gone\n", clock(c.was.span.Start), clock(c.was.span.End))
		return
	}
	n := 0
	for _, count := range r.counts {
		n += count
	}
	fmt.Fprintf(&s.out, "%s %s %d %s", clock(r.span.Start), clock(r.span.End), n, r.status)
	if len(r.excluded) > 0 {
		fmt.Fprintf(&s.out, " excluded=%s", strings.Join(labels(r.excluded), ","))
	}
	if r.sealed {
		s.out.WriteString(" sealed")
	}
	s.out.WriteString("\n")
}

func (s *teller) show() {
	var away []edged.Origin
	for _, l := range s.world.logs {
		state := "live"
		switch quiet := s.world.clock - l.p.Last; {
		case l.sealed:
			state = "sealed"
		case s.world.clock-l.heard > int64(3*time.Second):
			state = "unreachable"
			away = append(away, l.origin)
		case s.spec.Idle != Never && quiet > s.spec.Idle:
			state = "idle"
		}
		bound := Unknown
		if l.p.Bounded {
			bound = l.p.Bound
		}
		fmt.Fprintf(&s.out, "%s %s: bound %s, watermark %s\n", l.origin.Label, state, clock(bound), clock(l.mark.Watermark))
	}
	all := s.world.sources()
	fmt.Fprintf(&s.out, "query: watermark %s", clock(Watermark(all, nil)))
	if len(away) > 0 {
		fmt.Fprintf(&s.out, ", without those away %s", clock(Watermark(all, away)))
	}
	s.out.WriteString("\n")
}

// A final row changes for a cause, and there are three: an event within revise_within, an origin
// that was excluded, a log that had no bound. In the end every event that is not too late is counted.
func TestAFinalRowChangesOnlyForACause(t *testing.T) {
	causes := map[string]int{}
	for seed := range uint64(1_000) {
		r := rand.New(rand.NewPCG(seed, 31))
		s := anyLate(r, &Spec{})
		exclude := r.Int64N(12) * int64(time.Second)
		if r.IntN(4) == 0 {
			exclude = Never
		}
		w := newWorld(s, exclude, dawn.UnixNano(), "eu-1", "ap-1", "us-1")
		check := func(c shown) {
			if why, wrong := cause(w, c); wrong != "" {
				t.Fatalf("seed %d: %+v: %s", seed, *s, wrong)
			} else if why != "" {
				causes[why]++
			}
		}
		loaded := 0
		for range 40 {
			l := w.logs[r.IntN(len(w.logs))]
			switch r.IntN(5) {
			case 0:
				l.split = l != w.logs[0] && !l.split
			case 1:
				l.behind = l != w.logs[0] && !l.behind
			case 2:
				w.advance(w.clock+r.Int64N(15)*int64(time.Second), check)
			default:
				w.load(l, w.clock-r.Int64N(20)*int64(time.Second), plain)
				loaded++
			}
		}
		for _, l := range w.logs {
			l.split, l.behind = false, false
		}
		w.advance(w.clock+int64(60*time.Second), check)
		for _, l := range w.logs {
			w.load(l, w.clock, plain) // though idle is never
			loaded++
		}
		w.advance(w.clock+int64(time.Second), check)
		for _, row := range w.rows {
			for _, n := range row.counts {
				loaded -= n
			}
			if len(row.excluded) > 0 {
				t.Fatalf("seed %d: all are here, and %v is without %v", seed, row.span, labels(row.excluded))
			}
		}
		if loaded != w.too {
			t.Fatalf("seed %d: %d events are in no row, but %d were too late", seed, loaded, w.too)
		}
	}
	for _, why := range []string{"late", "excluded", "first bound"} {
		if causes[why] == 0 {
			t.Errorf("no seed met the cause %q", why)
		}
	}
}

// cause gives why the count of a closed row changed, or what is wrong with it.
func cause(w *world, c shown) (why, wrong string) {
	if c.was == nil || !c.was.closed {
		return "", ""
	}
	for i, l := range w.logs {
		if c.was.counts[i] == c.now.counts[i] {
			continue
		}
		switch {
		case c.was.sealed:
			return "", "a sealed row changed"
		case slices.Contains(c.was.excluded, l.origin):
			why = "excluded"
		case c.was.fresh[i]:
			why = "first bound"
		case c.now.late:
			why = "late"
		default:
			return "", fmt.Sprintf("%v of %s changed from %v to %v", c.now.span, l.origin.Label, c.was.counts, c.now.counts)
		}
	}
	return why, ""
}
