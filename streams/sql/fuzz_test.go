package sql

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// frugal holds reading the text to its bound. The whole process is measured: what others took
// meanwhile is not taken three times.
func frugal(t testing.TB, text string, read func()) {
	t.Helper()
	most := 4*uint64(len(text)) + 64<<10
	if n := allocated(read); n > most {
		if n = min(n, allocated(read), allocated(read)); n > most {
			t.Fatalf("%d bytes of text took %d, more than %d: %.300q", len(text), n, most, text)
		}
	}
}

// placed holds the errors of a text to their form.
func placed(t testing.TB, text string, err error) {
	t.Helper()
	var errs Errors
	if !errors.As(err, &errs) || len(errs) == 0 || len(errs) > errorsMax {
		t.Fatalf("%T %v of\n%s", err, err, text)
	}
	lines := strings.Split(text, "\n")
	for _, e := range errs {
		if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > utf8.RuneCountInString(lines[e.Line-1])+1 {
			t.Fatalf("an error outside of the text, %v, of\n%s", e, text)
		}
		if e.Message == "" || !strings.HasSuffix(strings.TrimRight(e.Message, ")\""), ".") && !strings.HasSuffix(e.Message, "?") {
			t.Fatalf("an error that is no sentence, %q, of\n%s", e.Message, text)
		}
	}
}

// held holds a text to every law of this package.
func held(t testing.TB, text string) {
	var q *Query
	var e Expr
	var err error
	for _, once := range []bool{false, true} {
		frugal(t, text, func() { q, err = parse(text, once) })
		if err != nil {
			placed(t, text, err)
			continue
		}
		Planned(q)
		stable(t, q, once)
	}
	frugal(t, text, func() { e, err = ParseExpr(text) })
	if err != nil {
		placed(t, text, err)
		return
	}
	printed := Print(e)
	if len(printed) > textBytesMax {
		return
	}
	again, err := ParseExpr(printed)
	if err != nil || Print(again) != printed {
		t.Fatalf("%.2000s\nprints as\n%.2000s\n%v", text, printed, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range queries(f) {
		f.Add(text)
	}
	for _, text := range []string{"((((a", "a::json::json", "case a when b then c end", "a b c", "1e", "'", "a.b[0]['c']"} {
		f.Add(text)
	}
	m := maker{rand.New(rand.NewPCG(1, 2))}
	for range 20 {
		f.Add(Print(m.expr(4)))
		f.Add(Print(m.query(1, false)))
	}
	f.Fuzz(func(t *testing.T, text string) { held(t, text) })
}

// large are texts as costly as they come, by what they repeat.
func large() map[string]string {
	found := map[string]string{}
	for i, unit := range []string{
		"(", "a+", "a.", "a[0]", "-(", "NOT (", "CASE ", "CASE a ", "f(", "f(),", "now(),", "uuid(),", "interval '1 year',", "current_date,", "interval '9 mintues',", "f(a,", "a,", "'',", "''", "\"\"", "a::json", "::json",
		"(a),", "case when a then b end,", "a as b,", "x between 1 and ", "a in (", "a in (1),", "x like 'a'or ", "interval '1 day'+",
		"-- \n", "/**/", "\n", "?", "'", "\"", "é", "😀", "extract(a from ", "cast(", "a b c ", "FROM ", "a from b join ", "with ", "a(*)by ",
		"a()filter(where ", "1e", "1.", "SELECT a FROM (", "row(a as b,", "a is distinct from b and ", "tumble(a,", ";", ")",
	} {
		body := strings.Repeat(unit, textBytesMax/len(unit)-8)
		found[unit] = "SELECT " + body
		for j, around := range []string{
			"SELECT a FROM STREAMS(%)", "SELECT a FROM b GROUP BY %", "SELECT a FROM b ORDER BY %", "SELECT a FROM b WHERE a IN (%)",
			"SELECT a FROM b MATCH_RECOGNIZE (PARTITION BY a MEASURES b PATTERN (%", "SELECT a FROM b WITH (%", "SELECT a FROM b JOIN %",
			"SELECT a FROM b MATCH_RECOGNIZE (PARTITION BY a MEASURES b PATTERN (A) WITHIN INTERVAL '1 day' DEFINE %",
		} {
			found[around+unit] = strings.Replace(around, "%", body[:300*len(unit)], 1)
			if (i+j)%4 == 0 {
				found[around+unit+"…"] = strings.Replace(around, "%", body[:len(body)-80], 1)
			}
		}
	}
	return found
}

// The costliest texts stay within the bound, and so do half of them: what is cut off anywhere.
func TestLargeTextsAreCheap(t *testing.T) {
	for name, text := range large() {
		if len(text) > textBytesMax {
			text = text[:textBytesMax]
		}
		text = strings.ToValidUTF8(text, "")
		t.Run(name, func(t *testing.T) { held(t, text) })
	}
}

// 10,000 broken texts give an error with its place, or are another query; none panics.
func TestBrokenTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	refused := map[string]bool{}
	for _, text := range queries(t) {
		for range 300 {
			broken := mutate(r, text)
			if _, err := Parse(broken); err != nil {
				placed(t, broken, err)
				refused[broken] = true
			}
		}
	}
	if len(refused) < 5000 {
		t.Fatalf("only %d of the texts are broken", len(refused))
	}
}

// mutate spoils a text: tokens that are gone, doubled, moved or of another query, or bytes.
func mutate(r *rand.Rand, text string) string {
	var tokens []string
	s := scanner{text: text, line: 1, column: 1}
	for t := s.scan(); t.kind != end; t = s.scan() {
		tokens = append(tokens, t.raw)
	}
	for range 1 + r.IntN(2) {
		if len(tokens) == 0 {
			break
		}
		i, j := r.IntN(len(tokens)), r.IntN(len(tokens))
		switch r.IntN(5) {
		case 0:
			tokens = append(tokens[:i:i], tokens[i+1:]...)
		case 1:
			tokens = append(tokens[:i:i], tokens[max(0, i-1):]...)
		case 2:
			tokens[i], tokens[j] = tokens[j], tokens[i]
		case 3:
			b := []byte(tokens[i] + " ")
			b[r.IntN(len(b))] = "'\"();.,0aé- "[r.IntN(13)]
			tokens[i] = string(bytes.ToValidUTF8(b, nil))
		case 4:
			tokens = tokens[:max(1, i)]
		}
	}
	return strings.Join(tokens, pickString(r, " ", "\n", " "))
}

func pickString(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }
