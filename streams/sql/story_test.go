package sql

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the stories in testdata give")

// A story is a list of texts, each under a line that says how it is read, "query", "once" or
// "filter", then "----" and what comes of it: canonical text with what is planned, or errors. A
// blank line ends a text, a line with # is a comment.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
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
			t.Errorf("%s tells another story:\n%s", file, differ(string(raw), got))
		}
	}
}

// tell gives the story with what its texts give now.
func tell(t *testing.T, story string) string {
	var out strings.Builder
	for _, part := range strings.Split(strings.TrimSpace(story), "\n\n") {
		given, _, found := strings.Cut(part, "\n----")
		lines := strings.Split(given, "\n")
		n := 0
		for n < len(lines) && strings.HasPrefix(lines[n], "#") {
			n++
		}
		if out.WriteString(given); n < len(lines) {
			if !found && !*rewrite {
				t.Fatalf("no ---- in\n%s", part)
			}
			out.WriteString("\n----\n" + outcome(lines[n], strings.Join(lines[n+1:], "\n")))
		}
		out.WriteString("\n\n")
	}
	return strings.TrimSpace(out.String()) + "\n"
}

func outcome(how, text string) string {
	var n Node
	var q *Query
	var err error
	if how == "filter" {
		n, err = ParseExpr(text)
	} else {
		q, err = parse(text, how == "once")
		n = q
	}
	if err != nil {
		return listed(err)
	}
	printed := Print(n)
	if q != nil {
		printed += "\n" + listed(Planned(q))
	}
	return strings.TrimSpace(printed)
}

func listed(err error) string {
	var errs Errors
	if !errors.As(err, &errs) {
		return err.Error()
	}
	var out []string
	for _, e := range errs {
		out = append(out, fmt.Sprintf("%d:%d  %s  %s", e.Line, e.Column, e.Value, e.Message))
	}
	return strings.Join(out, "\n")
}

// differ shows where two stories part.
func differ(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
