package sql

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// plain sets every position of a tree to zero, so that trees compare by what they mean.
func plain(n any) any {
	forget(reflect.ValueOf(n))
	return n
}

func forget(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			forget(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			forget(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Pos]() {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			forget(v.Field(i))
		}
	}
}

// queries are those of the files in testdata, by the comment above each.
func queries(t testing.TB) map[string]string {
	found := map[string]string{}
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split(strings.TrimSpace(string(raw)), ";\n\n") {
			title, _, _ := strings.Cut(text, "\n")
			found[filepath.Base(file)+" "+title] = text
		}
	}
	return found
}

// stable holds a query to the law of the printer.
func stable(t testing.TB, q *Query, once bool) {
	t.Helper()
	printed := Print(q)
	if len(printed) > textBytesMax {
		return
	}
	again, err := parse(printed, once)
	if err != nil {
		t.Fatalf("printed\n%s\nis refused:\n%v", printed, err)
	}
	if twice := Print(again); twice != printed {
		t.Fatalf("printed\n%s\nthen\n%s", printed, twice)
	}
	if !reflect.DeepEqual(plain(q), plain(again)) {
		t.Fatalf("another tree comes back from\n%s", printed)
	}
}

func TestQueriesOfTheDesign(t *testing.T) {
	for title, text := range queries(t) {
		q, err := Parse(text)
		if err != nil {
			t.Errorf("%s\n%s\n%v", title, text, err)
			continue
		}
		stable(t, q, false)
	}
}
