package expr

import (
	"strings"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/sql"
)

// resolver finds bare names in data, and meta columns.
func resolver(paths *Paths) Resolve {
	return func(e sql.Expr) (*Ref, *sql.Error) {
		p, ok := e.(*sql.Path)
		if !ok {
			return nil, nil
		}
		first := p.Parts[0].Name
		if m := MetaOf(first); m == MetaHeader {
			return &Ref{Meta: m, Header: p.Parts[1].Name, Type: m.Type()}, nil
		} else if m != NoMeta {
			return &Ref{Meta: m, Type: m.Type()}, nil
		}
		path := p.Parts
		if first == "data" {
			path = path[1:]
		}
		if first == "inner" { // as the columns of an inner query: looked into when evaluated
			return &Ref{Column: paths.Add(path[:1]), Within: path[1:]}, nil
		}
		return &Ref{Column: paths.Add(path)}, nil
	}
}

// bench is an expression with all that it needs.
type bench struct {
	program *Program
	x       *Extractor
	row     Row
}

func newBench(t testing.TB, text string) (*bench, error) {
	t.Helper()
	e, err := sql.ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return compileBench(e)
}

func compileBench(e sql.Expr) (*bench, error) {
	paths := NewPaths()
	var c Compiler
	p, errs := c.Compile(e, resolver(paths))
	if errs != nil {
		return nil, errs
	}
	b := &bench{program: p, x: NewExtractor(paths)}
	b.row.Columns = make([]Value, paths.Columns())
	b.row.Region = "eu"
	return b, nil
}

func (b *bench) load(e *edged.Event) {
	b.row.Reset()
	b.row.Event = e
	b.x.Event(e, b.row.Columns, &b.row.Text)
}

// outcome is a value as JSON, or what became of it.
func (b *bench) outcome() string {
	before := b.row.Mistyped
	v := b.program.Eval(&b.row)
	switch {
	case b.row.Failure() != nil:
		return "failed: " + b.row.Failure().Error()
	case b.row.Mistyped > before && v.IsNull():
		return "mistyped"
	}
	return string(AppendJSON(nil, v))
}

func event(data string) *edged.Event {
	return &edged.Event{
		Stream: "orders", Key: "k1", Type: "created", Time: 1_700_000_000_123_456_789, HLC: edged.Timestamp{Wall: 1_700_000_001_000_000_000},
		Origin: edged.Origin{Label: "n1"}, Headers: []edged.Header{{Name: "tenant", Value: "acme"}}, ID: "e1", Data: []byte(data),
	}
}

// order is the event that the tables below look at.
const order = `{"id":17,"price":12.5,"big":9223372036854775807,"city":"Oslo","paid":true,"none":null,"tags":["a","b"],` +
	`"user":{"name":"Ada","age":36},"text":"12","amount":0.125,"when":"2026-11-25T18:30:15.5+01:00","ms":1700000000250,` +
	`"inner":{"a":{"b":[1,{"c":"deep"}]},"a2":1}}`

// check evaluates lines of EXPRESSION ⇒ RESULT over the order.
func check(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		text, want, ok := strings.Cut(strings.TrimSpace(line), " ⇒ ")
		if !ok {
			continue
		}
		b, err := newBench(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		b.load(event(order))
		if got := b.outcome(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	check(t, `
		price ⇒ 12.5
		data.price ⇒ 12.5
		user.name ⇒ "Ada"
		tags[1] ⇒ "b"
		tags ⇒ ["a","b"]
		missing ⇒ null
		user.name.more ⇒ null
		inner.a.b[1].c ⇒ "deep"
		inner.a.b ⇒ [1,{"c":"deep"}]
		inner.x ⇒ null
		inner.a['c'] ⇒ null
		_key ⇒ "k1"
		_type ⇒ "created"
		_stream ⇒ "orders"
		_region ⇒ "eu"
		_id ⇒ "e1"
		_origin ⇒ "n1~00000000000000000000"
		_time ⇒ "2023-11-14T22:13:20.123456789Z"
		_ingest ⇒ "2023-11-14T22:13:21Z"
		_headers['tenant'] ⇒ "acme"
		_headers['other'] ⇒ null
	`)
}

func TestArithmetic(t *testing.T) {
	check(t, `
		1 + 2 * 3 ⇒ 7
		7 / 2 ⇒ 3.5
		7 / 0 ⇒ null
		7 % 3 ⇒ 1
		-7 % 3 ⇒ -1
		7 % 0 ⇒ null
		big + 1 ⇒ 9223372036854776000
		big * big ⇒ 8.507059173023462e+37
		-big - 2 ⇒ -9223372036854776000
		price * 2 ⇒ 25
		price - id ⇒ -4.5
		-price ⇒ -12.5
		1e308 * 10 ⇒ null
		price + city ⇒ mistyped
		price + none ⇒ null
		text + 1 ⇒ mistyped
		CAST(amount AS DECIMAL(18,2)) ⇒ 0.13
		CAST(amount AS DECIMAL(18,3)) * 0.1 ⇒ 0.0125
		CAST(id AS DECIMAL(10,2)) + 0.005 ⇒ 17.005
		-(CAST(id AS DECIMAL(10,2)) * 1.1 + 0.1) * 2 = -37.6 ⇒ true
		CAST(amount AS DECIMAL(18,3)) IN (0.125, 1) ⇒ true
		ROUND(CAST(amount AS DECIMAL(18,3)), 2) = 0.13 ⇒ true
		CAST(0.1 AS DECIMAL(18,3)) = JSON_PARSE('0.1') ⇒ true
		CAST(amount AS DECIMAL(18,3)) BETWEEN 0.125 AND 0.125 ⇒ true
		CAST(id AS DECIMAL(10,2)) / 3 ⇒ 5.666667
		CAST(-20 AS DECIMAL(10,0)) / 3 ⇒ -6.666667
		CAST(id AS DECIMAL(10,2)) % 5 ⇒ 2.00
		CAST(amount AS DECIMAL(18,3)) = 0.125 ⇒ true
		CAST('99999999999999999999999999999999999999' AS DECIMAL(38,0)) + 1 ⇒ 1e+38
		CAST('99999999999999999999999999999999999999' AS DECIMAL(38,0)) - 1 ⇒ 99999999999999999999999999999999999998
		_time + INTERVAL '1 hour' ⇒ "2023-11-14T23:13:20.123456789Z"
		_ingest - _time ⇒ "876.543211ms"
		INTERVAL '1 hour' * 2 ⇒ "2h0m0s"
		INTERVAL '1 hour' / 4 ⇒ "15m0s"
		INTERVAL '1 hour' / INTERVAL '1 minute' ⇒ 60
		- INTERVAL '1 hour' ⇒ "-1h0m0s"
		'a' || 'b' || 1 ⇒ "ab1"
		city || none ⇒ null
	`)
}

func TestLogic(t *testing.T) {
	check(t, `
		price > 10 ⇒ true
		10 < price ⇒ true
		price > 10 AND city = 'Oslo' ⇒ true
		none = 1 ⇒ null
		none = 1 OR TRUE ⇒ true
		none = 1 AND FALSE ⇒ false
		NOT (none = 1) ⇒ null
		none IS NULL ⇒ true
		missing IS NULL ⇒ true
		price IS NOT NULL ⇒ true
		paid IS TRUE ⇒ true
		none IS NOT TRUE ⇒ true
		none IS DISTINCT FROM 1 ⇒ true
		none IS NOT DISTINCT FROM NULL ⇒ true
		id IS NOT DISTINCT FROM 17.0 ⇒ true
		id BETWEEN 1 AND 17 ⇒ true
		id NOT BETWEEN 1 AND 17 ⇒ false
		id BETWEEN 18 AND none ⇒ false
		id BETWEEN 1 AND none ⇒ null
		id IN (1, 17.0) ⇒ true
		id NOT IN (1, none) ⇒ null
		id IN (1, none) ⇒ null
		id IN (17, none) ⇒ true
		city IN ('Rome', 'Oslo') ⇒ true
		city > 1 ⇒ mistyped
		NOT city ⇒ mistyped
		1 = 1.0 ⇒ true
		tags = JSON_PARSE('["a", "b"]') ⇒ true
		tags > JSON_PARSE('[]') ⇒ mistyped
		CASE WHEN price > 20 THEN 'a' WHEN price > 10 THEN 'b' ELSE 'c' END ⇒ "b"
		CASE city WHEN 'Rome' THEN 1 WHEN 'Oslo' THEN 2 END ⇒ 2
		CASE city WHEN 'Rome' THEN 1 END ⇒ null
		CASE WHEN TRUE THEN 1 ELSE CAST(city AS INTEGER) END ⇒ 1
		CAST(city AS INTEGER) > 1 AND price < 0 ⇒ false
		city LIKE 'O%' ⇒ true
		city LIKE '%lo' ⇒ true
		city LIKE '%s%' ⇒ true
		city LIKE 'O_lo' ⇒ true
		city LIKE 'o%' ⇒ false
		city ILIKE 'oS%' ⇒ true
		city NOT LIKE 'O%' ⇒ false
		'50%' LIKE '50!%' ESCAPE '!' ⇒ true
		'500' LIKE '50!%' ESCAPE '!' ⇒ false
		'abcabd' LIKE '%ab_' ⇒ true
		'æøå' LIKE '___' ⇒ true
		id LIKE '1%' ⇒ mistyped
		none LIKE 'a' ⇒ null
	`)
}

func TestCasts(t *testing.T) {
	check(t, `
		text::INTEGER ⇒ 12
		CAST(' +007 ' AS INTEGER) ⇒ 7
		CAST('-9223372036854775808' AS INTEGER) ⇒ -9223372036854775808
		CAST(city AS INTEGER) ⇒ failed: STRING Oslo is no INTEGER. TRY_CAST gives NULL instead.
		TRY_CAST(city AS INTEGER) ⇒ null
		CAST(12.5 AS INTEGER) ⇒ 13
		CAST(-12.5 AS INTEGER) ⇒ -13
		TRY_CAST(1e300 AS INTEGER) ⇒ null
		CAST(paid AS INTEGER) ⇒ 1
		CAST('TRUE' AS BOOLEAN) ⇒ true
		TRY_CAST(2 AS BOOLEAN) ⇒ null
		CAST('1e2' AS DOUBLE) ⇒ 100
		TRY_CAST('NaN' AS DOUBLE) ⇒ null
		TRY_CAST('0x10' AS DOUBLE) ⇒ null
		CAST(price AS STRING) ⇒ "12.5"
		CAST(tags AS STRING) ⇒ "[\"a\",\"b\"]"
		CAST('1.005' AS DECIMAL(10,2)) ⇒ 1.01
		CAST(1.005 AS DECIMAL(10,2)) ⇒ 1.01
		CAST('-0.004' AS DECIMAL(10,2)) ⇒ 0.00
		CAST('1e-200' AS DECIMAL(10,2)) ⇒ 0.00
		TRY_CAST('1e200' AS DECIMAL(10,2)) ⇒ null
		TRY_CAST(123456.7 AS DECIMAL(5,1)) ⇒ null
		CAST('12345678901234567890123456789012345678' AS DECIMAL(38,0)) ⇒ 12345678901234567890123456789012345678
		CAST(0.1234567890123456789012345678901234567849 AS DECIMAL(38,38)) ⇒ 0.12345678901234567890123456789012345678
		CAST("when" AS TIMESTAMP) ⇒ "2026-11-25T17:30:15.5Z"
		CAST(ms AS TIMESTAMP) ⇒ "2023-11-14T22:13:20.25Z"
		TRY_CAST('yesterday' AS TIMESTAMP) ⇒ null
		CAST(_time AS INTEGER) ⇒ 1700000000123
		CAST('1m30s' AS INTERVAL) ⇒ "1m30s"
		CAST('[1, 2]' AS JSON) ⇒ [1,2]
		TRY_CAST('1' AS JSON) ⇒ null
		TRY_CAST('[1' AS JSON) ⇒ null
		CAST('ab' AS BYTES) ⇒ "YWI="
		CAST(CAST('ab' AS BYTES) AS STRING) ⇒ "ab"
		CAST(none AS INTEGER) ⇒ null
	`)
}
