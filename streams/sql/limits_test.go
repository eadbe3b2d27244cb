package sql

import (
	"errors"
	"strings"
	"testing"
)

// Every limit has a message of its own, and is not met one step before.
func TestLimits(t *testing.T) {
	filler := func(n int) string { return "SELECT a FROM b" + strings.Repeat(" ", n-15) }
	columns := func(n int) string { return "SELECT a" + strings.Repeat(",a", n-1) + " FROM b" }
	nested := func(open, end string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + "a" + strings.Repeat(end, n) + " FROM b"
	}
	inner := func(n int) string {
		return "SELECT a FROM " + strings.Repeat("(SELECT a FROM ", n-1) + "b" + strings.Repeat(")", n-1)
	}
	for name, c := range map[string]struct{ within, past, want string }{
		"bytes":   {filler(textBytesMax), filler(textBytesMax + 1), "1:1: The text has 65537 bytes. At most 65536 are read."},
		"columns": {columns(100), columns(101), "1:208: The list has more than 100 columns. Put several values into one: ROW(a, b AS x)."},
		"parentheses": {nested("(", ")", 62), nested("(", ")", 63),
			"1:71: The text nests deeper here than 64 levels. Write the inner part as a function of its own, or with fewer parentheses."},
		"calls": {nested("f(", ")", 62), nested("f(", ")", 63),
			"1:134: The text nests deeper here than 64 levels. Write the inner part as a function of its own, or with fewer parentheses."},
		"casts": {nested("", "::json", 62), nested("", "::json", 63),
			"1:383: The text nests deeper here than 64 levels. Write the inner part as a function of its own, or with fewer parentheses."},
		"queries": {inner(63), inner(64),
			"1:953: The text nests deeper here than 64 levels. Write the inner part as a function of its own, or with fewer parentheses."},
		"parts": {"SELECT a" + strings.Repeat("+a", 300) + " FROM b", "SELECT a" + strings.Repeat("+a", 3000) + " FROM b",
			"1:974: The text has too many parts. Write it as several functions; a long chain of OR is shorter as IN (…)."},
		"UTF-8": {"SELECT 'é\ufffd' FROM b", "SELECT\n 'é\xff\xfe' FROM b", "2:4: The text is not UTF-8 from here on. Send it as UTF-8."},
	} {
		if _, err := Parse(c.within); err != nil {
			t.Errorf("%s, within: %v", name, err)
		}
		var errs Errors
		if _, err := Parse(c.past); !errors.As(err, &errs) || errs[0].Error() != c.want {
			t.Errorf("%s, past: %v", name, err)
		}
	}
}

// A list of values is as long as anyone writes one by hand.
func TestLongLists(t *testing.T) {
	list := strings.Repeat("'12345678', ", 1000)
	if _, err := ParseExpr("a IN (" + list + "'x')"); err != nil {
		t.Error(err)
	}
	column := ", COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids"
	if _, err := Parse("SELECT a" + strings.Repeat(column, 99) + " FROM b GROUP BY a"); err != nil {
		t.Error(err)
	}
}

func TestNearest(t *testing.T) {
	among := []string{"SELECT", "FROM", "WHERE", "AND", "lateness"}
	for text, want := range map[string]string{
		"SELCT": "SELECT", "slecet": "SELECT", "FORM": "FROM", "were": "WHERE", "an": "AND", "latness": "lateness",
		"": "", "a": "", "zebra": "", "x": "", "fr": "", strings.Repeat("a", 40): "", "éé": "",
	} {
		if got := Nearest(text, among); got != want {
			t.Errorf("%q is near %q, want %q", text, got, want)
		}
	}
}
