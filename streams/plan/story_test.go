package plan

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

var rewrite = flag.Bool("rewrite", false, "write what the stories in testdata give")

// A story is a list of queries, each under a line that says how it runs, "function NAME" with options
// of the body as NAME=VALUE, or "once"; then "----" and its plan, or what of it is refused. A blank line
// ends a query, a line with # is a comment.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 3 {
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

// tell gives the story with what its queries give now.
func tell(t *testing.T, story string) string {
	var out strings.Builder
	for _, part := range strings.Split(strings.TrimSpace(story), "\n\n") {
		given, _, _ := strings.Cut(part, "\n----")
		lines := strings.Split(given, "\n")
		n := 0
		for n < len(lines) && strings.HasPrefix(lines[n], "#") {
			n++
		}
		if out.WriteString(given); n < len(lines) {
			out.WriteString("\n----\n" + outcome(t, lines[n], strings.Join(lines[n+1:], "\n")))
		}
		out.WriteString("\n\n")
	}
	return strings.TrimSpace(out.String()) + "\n"
}

func outcome(t *testing.T, how, text string) string {
	p, err := understand(how, text)
	if err != nil {
		return listed(err)
	}
	if _, errs := p.Bind(expr.NewPaths()); errs != nil {
		t.Errorf("%s is understood but not bound: %v", text, errs)
	}
	return strings.TrimSpace(p.Explain())
}

// understand makes the plan of a text.
func understand(how, text string) (*Plan, error) {
	words := strings.Fields(how)
	if words[0] == "once" {
		q, err := sql.ParseOnce(text)
		if err != nil {
			return nil, err
		}
		p, errs := MakeOnce(q)
		return p, orNil(errs)
	}
	q, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	body := map[string]string{}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		body[name] = value
	}
	p, errs := Make(words[1], q, body, 0, 0)
	return p, orNil(errs)
}

func orNil(errs sql.Errors) error {
	if len(errs) == 0 {
		return nil
	}
	return errs
}

func listed(err error) string {
	errs, ok := err.(sql.Errors)
	if !ok {
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

// planOf makes the plan of a function, which is right.
func planOf(t testing.TB, text string) *Plan {
	t.Helper()
	p, err := understand("function f", text)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return p
}
