package expr

import (
	"math"
	"testing"
)

func TestStrings(t *testing.T) {
	check(t, `
		LOWER('ÆBc') ⇒ "æbc"
		UPPER(city) ⇒ "OSLO"
		TRIM('  a ') ⇒ "a"
		LTRIM('xxa', 'x') ⇒ "a"
		RTRIM('axx', 'x') ⇒ "a"
		LENGTH('æøå') ⇒ 3
		LENGTH(CAST('æøå' AS BYTES)) ⇒ 6
		SUBSTRING('æøåb', 2, 2) ⇒ "øå"
		SUBSTRING('abc', 2) ⇒ "bc"
		SUBSTRING('abc', 0, 2) ⇒ "a"
		SUBSTRING('abc', -5) ⇒ "abc"
		SUBSTRING('abc', 9) ⇒ ""
		SUBSTRING('abc', 1, -1) ⇒ ""
		SUBSTRING('abc', -9223372036854775807, 9223372036854775807) ⇒ ""
		POSITION('lo', city) ⇒ 3
		POSITION('x', city) ⇒ 0
		REPLACE('banana', 'a', 'oo') ⇒ "boonoonoo"
		REPLACE('a', '', 'x') ⇒ "a"
		CONCAT('a', none, 1, TRUE) ⇒ "a1true"
		SPLIT_PART('a/b/c', '/', 2) ⇒ "b"
		SPLIT_PART('a/b/c', '/', -1) ⇒ "c"
		SPLIT_PART('a/b/c', '/', 4) ⇒ null
		SPLIT_PART('a/b/c', '/', -4) ⇒ null
		SPLIT_PART('abc', '', 1) ⇒ "abc"
		STARTS_WITH(city, 'Os') ⇒ true
		ENDS_WITH(city, 'Os') ⇒ false
		LPAD('7', 3, '0') ⇒ "007"
		RPAD('æ', 4, 'xy') ⇒ "æxyx"
		LPAD('abcd', 2) ⇒ "ab"
		LPAD('a', 9223372036854775807) ⇒ mistyped
		LPAD('a', -1) ⇒ ""
		REVERSE('aæb') ⇒ "bæa"
		HASH(id) = HASH(17.0) ⇒ true
		HASH(none, 1) <> HASH(1, none) ⇒ true
		HASH('edged') ⇒ 3082673710385077282
		HEX(SHA256('abc')) ⇒ "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
		BASE64('abc') ⇒ "YWJj"
		URL_PART('https://u@h.example:80/a/b?x=1&y=%41+b#f', 'host') ⇒ "h.example"
		URL_PART('https://u@h.example:80/a/b?x=1&y=%41+b#f', 'query', 'y') ⇒ "A b"
		URL_PART('https://u@h.example:80/a/b?x=1&y=%41+b#f', 'path') ⇒ "/a/b"
		URL_PART('https://u@h.example:80/a/b?x=1&y=%41+b#f', 'port') ⇒ "80"
		URL_PART('https://u@h.example:80/a/b?x=1&y=%41+b#f', 'fragment') ⇒ "f"
		URL_PART('https://h.example', 'user') ⇒ null
		URL_PART('/a?x=1', 'path') ⇒ "/a"
		REGEXP_LIKE(city, '^O.*o$') ⇒ true
		REGEXP_EXTRACT('channel_id=12&a', '(&|^)channel_id=([^&]*)', 2) ⇒ "12"
		REGEXP_EXTRACT('channel', '(&|^)channel_id=([^&]*)', 2) ⇒ null
		REGEXP_EXTRACT('abc', 'b') ⇒ "b"
		REGEXP_EXTRACT('abc', 'x*') ⇒ ""
		REGEXP_EXTRACT('abc', 'x+') ⇒ null
		REGEXP_EXTRACT('abc', 'a(x)?', 1) ⇒ null
		REGEXP_REPLACE('a1b22', '[0-9]+', '<$0>') ⇒ "a<1>b<22>"
		LOWER(id) ⇒ mistyped
		LOWER(none) ⇒ null
	`)
}

func TestMath(t *testing.T) {
	check(t, `
		ABS(-3) ⇒ 3
		ABS(-2.5) ⇒ 2.5
		SIGN(-2.5) ⇒ -1
		ROUND(2.5) ⇒ 3
		CAST(CAST('2.5' AS DECIMAL(10,1)) AS INTEGER) ⇒ 3
		CAST(INTERVAL '90 seconds' AS INTEGER) ⇒ 90000
		ROUND(-2.5) ⇒ -3
		ROUND(2.675, 2) ⇒ 2.68
		ROUND(1234, -2) ⇒ 1200
		ROUND(1250.5, -2) ⇒ 1300
		ROUND(1e300, 2) ⇒ 1e+300
		ROUND(1e-300, 2) ⇒ 0
		ROUND(CAST('2.345' AS DECIMAL(10,3)), 2) ⇒ 2.35
		FLOOR(-2.5) ⇒ -3
		CEIL(2.1) ⇒ 3
		TRUNC(-2.5) ⇒ -2
		FLOOR(CAST('-2.5' AS DECIMAL(10,1))) ⇒ -3
		CEIL(CAST('2.1' AS DECIMAL(10,1))) ⇒ 3
		MOD(id, 5) ⇒ 2
		MOD(7.5, 2) ⇒ 1.5
		DIV(7, 2) ⇒ 3
		DIV(-7, 2) ⇒ -3
		DIV(7, 0) ⇒ null
		DIV(-9223372036854775808, -1) ⇒ 9223372036854776000
		POWER(2, 10) ⇒ 1024
		POWER(2, -1) ⇒ 0.5
		POWER(0, -1) ⇒ null
		POWER(-8, 0.5) ⇒ null
		SQRT(2) ⇒ 1.4142135623730951
		SQRT(-1) ⇒ null
		LN(0) ⇒ null
		EXP(1000) ⇒ null
		LOG10(1000) ⇒ 3
		SIN(0) ⇒ 0
		COS(0) ⇒ 1
		PI() ⇒ 3.141592653589793
		ATAN2(1, -1) ⇒ 2.356194490192345
		GREATEST(1, 2.5, none) ⇒ 2.5
		LEAST('b', 'a') ⇒ "a"
		GREATEST(1, 'a') ⇒ mistyped
	`)
}

func TestTimes(t *testing.T) {
	check(t, `
		DATE_TRUNC('hour', _time) ⇒ "2023-11-14T22:00:00Z"
		DATE_TRUNC('day', _time, '+02:00') ⇒ "2023-11-14T22:00:00Z"
		DATE_TRUNC('week', _time) ⇒ "2023-11-13T00:00:00Z"
		DATE_TRUNC('month', _time) ⇒ "2023-11-01T00:00:00Z"
		DATE_TRUNC('quarter', _time) ⇒ "2023-10-01T00:00:00Z"
		DATE_TRUNC('year', CAST('1969-05-05T00:00:00Z' AS TIMESTAMP)) ⇒ "1969-01-01T00:00:00Z"
		DATE_TRUNC('minute', CAST('1969-05-05T00:00:30Z' AS TIMESTAMP)) ⇒ "1969-05-05T00:00:00Z"
		EXTRACT(YEAR FROM _time) ⇒ 2023
		EXTRACT(WEEK FROM _time) ⇒ 46
		EXTRACT(MILLISECOND FROM _time) ⇒ 123
		YEAR(_time) ⇒ 2023
		MONTH(_time) ⇒ 11
		DAY(_time) ⇒ 14
		HOUR(_time) ⇒ 22
		MINUTE(_time) ⇒ 13
		SECOND(_time) ⇒ 20
		DATE_FORMAT(_time, 'yyyy-MM-dd HH:mm') ⇒ "2023-11-14 22:13"
		DATE_FORMAT(_time, 'yy/M/d''T''H:m:s.SSS', '+02:00') ⇒ "23/11/15T0:13:20.123"
		TO_TIMESTAMP(ms) ⇒ "2023-11-14T22:13:20.25Z"
		TO_TIMESTAMP(city) ⇒ mistyped
		EPOCH_MS(_time) ⇒ 1700000000123
		FROM_EPOCH_MS(-1) ⇒ "1969-12-31T23:59:59.999Z"
		DATE_DIFF('day', _time, _time + INTERVAL '2 hours') ⇒ 1
		DATE_DIFF('month', _time, CAST('2024-01-01T00:00:00Z' AS TIMESTAMP)) ⇒ 2
		DATE_DIFF('week', _time, _time + INTERVAL '6 days') ⇒ 1
	`)
}

func TestJSONFunctions(t *testing.T) {
	check(t, `
		ROW(id, user.name AS n, none) ⇒ {"id":17,"n":"Ada","none":null}
		ARRAY(1, 'a', TRUE) ⇒ [1,"a",true]
		ARRAY() ⇒ []
		JSON_TYPE(user) ⇒ "object"
		JSON_TYPE(tags) ⇒ "array"
		JSON_TYPE(id) ⇒ "number"
		JSON_TYPE(none) ⇒ null
		JSON_KEYS(user) ⇒ ["name","age"]
		JSON_KEYS(tags) ⇒ mistyped
		JSON_LENGTH(tags) ⇒ 2
		JSON_LENGTH(user) ⇒ 2
		JSON_LENGTH(id) ⇒ mistyped
		JSON_HAS(user, 'age') ⇒ true
		JSON_HAS(user, 'x') ⇒ false
		JSON_HAS(tags, 1) ⇒ true
		JSON_HAS(tags, 2) ⇒ false
		JSON_TEXT(user) ⇒ "{\"name\":\"Ada\",\"age\":36}"
		JSON_TEXT('a') ⇒ "\"a\""
		JSON_PARSE(' { "a" : [ 1 , "x y" ] } ') ⇒ {"a":[1,"x y"]}
		JSON_PARSE('12') ⇒ 12
		JSON_PARSE('{') ⇒ mistyped
		ARRAY_CONTAINS(tags, 'b') ⇒ true
		ARRAY_CONTAINS(tags, 1) ⇒ false
		ARRAY_CONTAINS(ARRAY(1, 2), 2.0) ⇒ true
		COALESCE(none, missing, id) ⇒ 17
		COALESCE(id, CAST(city AS INTEGER)) ⇒ 17
		NULLIF(id, 17) ⇒ null
		NULLIF(id, 1) ⇒ 17
		IF(price > 1, 'a', 'b') ⇒ "a"
		IF(none, 'a') ⇒ null
	`)
}

func TestGeo(t *testing.T) {
	check(t, `
		ROUND(HAVERSINE(59.9139, 10.7522, 48.8566, 2.3522)) ⇒ 1341981
		GEO_NEAR(59.91, 10.75, 59.92, 10.75, 1200) ⇒ true
		GEO_NEAR(59.91, 10.75, 59.92, 10.75, 1000) ⇒ false
		GEOHASH(57.64911, 10.40744, 11) ⇒ "u4pruydqqvj"
		GEOHASH(91, 0, 5) ⇒ mistyped
		GEO_INSIDE(0.5, 0.5, '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}') ⇒ true
		GEO_INSIDE(1, 0.5, '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}') ⇒ true
		GEO_INSIDE(1.5, 0.5, '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}') ⇒ false
		GEO_INSIDE(2, 2, '{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[3,1],[3,3],[1,3],[1,1]]]}') ⇒ false
		GEO_INSIDE(5, 5, '{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[4,4],[6,4],[6,6],[4,6],[4,4]]]]}') ⇒ true
		GEO_CELL(59.9139, 10.7522, 7) ⇒ "1200213"
		GEO_CELL(90, 180, 2) ⇒ "11"
		GEO_PARENT('1201012') ⇒ "120101"
		GEO_PARENT('1201012', 3) ⇒ "120"
		GEO_PARENT('x') ⇒ mistyped
		GEO_NEIGHBOURS('0') ⇒ ["1","1","3","2","3"]
		GEO_NEIGHBOURS('03') ⇒ ["00","01","10","02","12","20","21","30"]
	`)
}

// TestFloat holds our functions to those of package math, within the last places.
func TestFloat(t *testing.T) {
	for _, c := range []struct {
		name       string
		ours, math func(float64) float64
		low, high  float64
	}{
		{"exp", exp, math.Exp, -700, 700}, {"ln", ln, math.Log, 1e-9, 1e9}, {"log10", log10, math.Log10, 1e-9, 1e9},
		{"sin", sin, math.Sin, -1e4, 1e4}, {"cos", cos, math.Cos, -1e4, 1e4}, {"tan", tan, math.Tan, -1e4, 1e4},
		{"sin far", sin, math.Sin, 1e9, 1e300}, {"cos far", cos, math.Cos, 1e9, 1e300}, {"tan far", tan, math.Tan, -1e20, 1e20},
		{"asin", asin, math.Asin, -1, 1}, {"acos", acos, math.Acos, -1, 0.9}, {"atan", atan, math.Atan, -50, 50},
		{"power", func(x float64) float64 { return power(x, 3.7) }, func(x float64) float64 { return math.Pow(x, 3.7) }, 0, 1e5},
		{"power down", func(x float64) float64 { return power(1.5, x) }, func(x float64) float64 { return math.Pow(1.5, x) }, -900, 900},
	} {
		for i := range 2_000 {
			x := c.low + (c.high-c.low)*float64(i)/1999
			got, want := c.ours(x), c.math(x)
			if math.Abs(got-want) > 1e-13*max(math.Abs(want), 1e-2) && !(math.IsInf(want, 0) && got == want) {
				t.Errorf("%s(%v): %v, want %v", c.name, x, got, want)
				break
			}
		}
	}
}

// TestTwoFloats does so for functions of two numbers, at the edges too.
func TestTwoFloats(t *testing.T) {
	edges := []float64{0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1e-5, -1e5, 1e300, -1e300, 1e18, 2.5}
	for _, x := range edges {
		for _, y := range edges {
			for _, c := range []struct {
				name      string
				got, want float64
			}{{"atan2", atan2(x, y), math.Atan2(x, y)}, {"power", power(x, y), math.Pow(x, y)}} {
				if math.IsInf(c.want, 0) && x == 0 {
					c.want = math.NaN() // a division by zero is no number
				}
				near := math.Abs(c.got-c.want) <= 1e-12*math.Abs(c.want)
				if !near && c.got != c.want && !(math.IsNaN(c.got) && math.IsNaN(c.want)) {
					t.Errorf("%s(%v, %v): %v, want %v", c.name, x, y, c.got, c.want)
				}
			}
		}
	}
}
