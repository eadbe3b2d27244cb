package plan

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// planBytesMax is what understanding, binding and explaining any legal text may take of memory.
const planBytesMax = 4 << 20

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzMake understands, binds and explains any text that parses. Its canonical text, parsed, has the
// same plan.
func FuzzMake(f *testing.F) {
	for _, file := range []string{"../sql/testdata/nexmark.sql", "../sql/testdata/kinds.sql"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, text := range strings.Split(string(raw), ";\n") {
			f.Add(text, "lateness", "1s")
		}
	}
	for _, file := range []string{"testdata/plans.txt", "testdata/refused.txt"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(raw), "\n\n") {
			given, _, _ := strings.Cut(part, "\n----")
			_, text, _ := strings.Cut(given, "\n")
			f.Add(text, "max_keys", "0")
		}
	}
	f.Fuzz(func(t *testing.T, text, option, value string) {
		q, err := sql.Parse(text)
		if err != nil {
			once(t, text)
			return
		}
		if p := attempt(t, q, map[string]string{option: value}); p == nil {
			p = attempt(t, q, nil)
			if p == nil {
				return
			}
		}
		same(t, q)
	})
}

// attempt makes a plan, if it may be.
func attempt(t *testing.T, q *sql.Query, body map[string]string) *Plan {
	var p *Plan
	var errs sql.Errors
	if n := allocated(func() { p, errs = Make("f", q, body, 0, 0) }); n > planBytesMax {
		t.Fatalf("%s takes %d bytes", sql.Print(q), n)
	}
	if p == nil == (len(errs) == 0) || len(errs) > errorsMax {
		t.Fatalf("%s: a plan %t, and %v", sql.Print(q), p != nil, errs)
	}
	if p == nil {
		return nil
	}
	if n := allocated(func() {
		if _, errs := p.Bind(expr.NewPaths()); len(errs) > 0 {
			t.Fatalf("%s is understood but not bound: %v", sql.Print(q), errs)
		}
		p.Explain()
	}); n > planBytesMax {
		t.Fatalf("%s takes %d bytes to bind and explain", sql.Print(q), n)
	}
	return p
}

// same makes the plan of the canonical text too.
func same(t *testing.T, q *sql.Query) {
	p, _ := Make("f", q, nil, 0, 0)
	again, err := sql.Parse(sql.Print(q))
	if err != nil || p == nil {
		return // longer than a text may be, or not without the option
	}
	o, errs := Make("f", again, nil, 0, 0)
	if errs != nil || o.ID != p.ID || o.Explain() != p.Explain() {
		t.Fatalf("%s\n%s\n%v", p.Explain(), sql.Print(again), errs)
	}
}

// once does so with a query that runs once.
func once(t *testing.T, text string) {
	q, err := sql.ParseOnce(text)
	if err != nil {
		return
	}
	p, errs := MakeOnce(q)
	if errs != nil {
		return
	}
	if _, errs := p.Bind(expr.NewPaths()); len(errs) > 0 {
		t.Fatalf("%s is understood but not bound: %v", text, errs)
	}
	p.Explain()
}
