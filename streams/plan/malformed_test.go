package plan

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgedhq/edged/streams/sql"
)

// TestMalformed refuses each line of a file, at a place within it, and says what would be right.
func TestMalformed(t *testing.T) {
	raw, err := os.ReadFile("testdata/malformed.sql")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(texts) < 200 {
		t.Fatalf("only %d queries", len(texts))
	}
	for _, text := range texts {
		p, err := understand("function f", text)
		if err == nil {
			t.Errorf("%s is taken:\n%s", text, p.Explain())
			continue
		}
		var errs sql.Errors
		if !errors.As(err, &errs) || len(errs) == 0 || len(errs) > 10 {
			t.Fatalf("%s: %v", text, err)
		}
		for i, e := range errs {
			if e.Line != 1 || e.Column < 1 || e.Column > utf8.RuneCountInString(text)+1 {
				t.Errorf("%s: at %d:%d: %s", text, e.Line, e.Column, e.Message)
			}
			if n := len(e.Message); n < 20 || e.Message[n-1] != '.' && e.Message[n-1] != '?' {
				t.Errorf("%s: %q says too little", text, e.Message)
			}
			if i > 0 && e.Column < errs[i-1].Column {
				t.Errorf("%s: column %d after %d", text, e.Column, errs[i-1].Column)
			}
		}
	}
}
