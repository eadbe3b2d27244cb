package table

import (
	"errors"
	"strings"
	"testing"
)

func objects(lines string) (all [][]byte) {
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, []byte(line))
		}
	}
	return all
}

func TestFromObjects(t *testing.T) {
	got, err := FromObjects([]string{"window_start", "n", "x", "o"}, objects(`
		{"window_start":"2026-03-01T12:00:00Z","n":5.0,"x":0.5,"o":{"b":1,"a":[2]},"_status":"final","window_end":null}
		{"window_start":1772366400000,"n":5}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Table{Columns: got.Columns, Rows: [][]any{
		{int64(1772366400000), int64(5), 0.5, JSON(`{"a":[2],"b":1}`)}, {int64(1772366400000), int64(5), nil, nil},
	}}
	if err := Compare(got, want, Rules{}); err != nil {
		t.Error(err)
	}
	for _, refused := range []string{`{"y":1}`, `{"_status":"final"}`, `{"window_start":"noon"}`, `{"window_start":"2026-03-01T12:00:00.0000001Z"}`, `[1]`, `{"n":1`} {
		if _, err := FromObjects(got.Columns, objects(refused)); err == nil {
			t.Errorf("%s was read", refused)
		}
	}
}

func TestCompare(t *testing.T) {
	rules := Rules{Close: []string{"avg"}, Estimated: []string{"distinct"}}
	const base = `{"k":"a","avg":0.3,"distinct":10000}
		{"k":"a","avg":0.4,"distinct":20}
		{"k":"b","avg":null,"distinct":1025}`
	for _, tc := range []struct {
		name, got               string
		missing, extra, unequal int
	}{
		{"equal", base, 0, 0, 0},
		{"another order", `{"k":"b","distinct":1025}
			{"k":"a","avg":0.4,"distinct":20}
			{"k":"a","avg":0.3,"distinct":10000}`, 0, 0, 0},
		{"a hair off", `{"k":"a","avg":0.30000000000000004,"distinct":10200}
			{"k":"a","avg":0.4,"distinct":20}
			{"k":"b","distinct":1040}`, 0, 0, 0},
		{"too far off", `{"k":"a","avg":0.300000001,"distinct":10000}
			{"k":"a","avg":0.4,"distinct":21}
			{"k":"b","distinct":1060}`, 0, 0, 3},
		{"a number for none", strings.Replace(base, "null", "0", 1), 0, 0, 1},
		{"one is missing", `{"k":"a","avg":0.3,"distinct":10000}
			{"k":"b","distinct":1025}`, 1, 0, 0},
		{"one is there twice", base + `
			{"k":"b","distinct":1025}`, 0, 1, 0},
		{"another text", strings.Replace(base, `"b"`, `"c"`, 1), 1, 1, 0},
		{"a text for a number", strings.Replace(base, `"b"`, `1`, 1), 1, 1, 0},
		{"none", ``, 3, 0, 0},
	} {
		columns := []string{"k", "avg", "distinct"}
		got, err := FromObjects(columns, objects(tc.got))
		if err != nil {
			t.Fatal(err)
		}
		want, err := FromObjects(columns, objects(base))
		if err != nil {
			t.Fatal(err)
		}
		err = Compare(got, want, rules)
		var d *Difference
		if !errors.As(err, &d) {
			d = &Difference{}
		}
		if d.Missing != tc.missing || d.Extra != tc.extra || d.Unequal != tc.unequal {
			t.Errorf("%s: %v; want %d missing, %d too many, %d unequal", tc.name, err, tc.missing, tc.extra, tc.unequal)
		}
	}
}
