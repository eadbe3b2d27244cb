package sql

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"testing"
)

// lawBytesMax is how long the texts of the laws are: a longer one may have too many parts.
const lawBytesMax = 4 << 10

var cases = flag.Int("laws.cases", 3000, "random trees that each law is held to")

// What is printed of any tree is read as that tree, and prints as the same text.
func TestPrintedTreesComeBack(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(7, 11))}
	for i := range *cases {
		once := i%4 == 0
		q := m.query(2, once)
		printed := Print(q)
		if len(printed) > lawBytesMax {
			continue
		}
		again, err := parse(printed, once)
		if err != nil {
			t.Fatalf("%s\nis refused:\n%v", printed, err)
		}
		if got := Print(again); got != printed {
			t.Fatalf("printed\n%s\nthen\n%s", printed, got)
		}
		if !reflect.DeepEqual(plain(again), plain(q)) {
			t.Fatalf("another tree comes back from\n%s", printed)
		}
	}
}

func TestPrintedExpressionsComeBack(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(3, 5))}
	for range *cases {
		e := m.expr(5)
		printed := Print(e)
		if len(printed) > lawBytesMax {
			continue
		}
		again, err := ParseExpr(printed)
		if err != nil {
			t.Fatalf("%s\nis refused:\n%v", printed, err)
		}
		if got := Print(again); got != printed || !reflect.DeepEqual(plain(again), plain(e)) {
			t.Fatalf("printed\n%s\nthen\n%s", printed, got)
		}
	}
}

// Canonical text has no more quotes and parentheses than it needs.
func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"((a))":                           "a",
		"(a+b)*c":                         "(a + b) * c",
		"a+(b*c)":                         "a + b * c",
		"a-(b-c)":                         "a - (b - c)",
		"(a-b)-c":                         "a - b - c",
		"(a and b) or c":                  "a AND b OR c",
		"a and (b or c)":                  "a AND (b OR c)",
		"not (a = b)":                     "NOT a = b",
		"(not a) = b":                     "(NOT a) = b",
		"(a = b) = c":                     "(a = b) = c",
		"-(-a)":                           "-(-a)",
		"-a::integer":                     "-CAST(a AS INTEGER)",
		"(-a)::integer":                   "CAST(-a AS INTEGER)",
		"a::string::Decimal(4)":           "CAST(CAST(a AS STRING) AS DECIMAL(4,0))",
		"a != 1 /* why */ -- because":     "a <> 1",
		`"a"."b"['c']["0"]`:               "",
		`"a"."b"['c'][0]["d"]`:            "",
		`"a"."b"['c'][0]`:                 "a.b.c[0]",
		`data['a b']."it's"`:              "data['a b']['it''s']",
		`"order" + "First" + "x""y"`:      `"order" + First + "x""y"`,
		"interval '60' SECONDS":           "INTERVAL '1 minute'",
		"interval '90 minutes'":           "INTERVAL '90 minutes'",
		"interval '0 days'":               "INTERVAL '0 seconds'",
		"extract(Hour from _time)":        "EXTRACT(Hour FROM _time)",
		"extract('hour', _time)":          "EXTRACT(hour FROM _time)",
		"count(*) filter(where a) > 0":    "COUNT(*) FILTER (WHERE a) > 0",
		"prev(x) by (a + b)":              "PREV(x) BY (a + b)",
		"case a when 1 then 2 end":        "CASE a WHEN 1 THEN 2 END",
		"a not between 1 and 2 and b":     "a NOT BETWEEN 1 AND 2 AND b",
		"a is not distinct from b":        "a IS NOT DISTINCT FROM b",
		"a not like 'x%' escape '!'":      "a NOT LIKE 'x%' ESCAPE '!'",
		"a ilike 'x%' or b in (1,2)":      "a ILIKE 'x%' OR b IN (1, 2)",
		"row(a, b as first)":              "ROW(a, b AS first)",
		"try_cast(a as timestamp) > '1'":  "TRY_CAST(a AS TIMESTAMP) > '1'",
		"haversine(a.lat, a.lon, 1.50,2)": "HAVERSINE(a.lat, a.lon, 1.50, 2)",
	} {
		e, err := ParseExpr(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s is read as %s", text, Print(e))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := Print(e); got != want {
			t.Errorf("%s prints as %s, want %s", text, got, want)
		}
	}
}
