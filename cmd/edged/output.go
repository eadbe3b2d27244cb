package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"
)

// terminal says whether a stream is one: a character device, but not the null device.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(st, null)
}

// json says whether the output is for a program.
func (a *app) json() bool { return a.globals.output == "json" }

type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	dim    colour = "2"
)

// paint colours a word on a terminal that wants it.
func (a *app) paint(w io.Writer, c colour, word string) string {
	if a.globals.noColor || !terminal(w) {
		return word
	}
	return "\x1b[" + string(c) + "m" + word + "\x1b[0m"
}

// note tells the user something that is not data.
func (a *app) note(format string, args ...any) {
	if !a.globals.quiet {
		fmt.Fprintf(a.errs, format+"\n", args...)
	}
}

// printJSON prints a value on one line, or indented on a terminal.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	if terminal(a.out) {
		e.SetIndent("", "  ")
	}
	return e.Encode(v)
}

// printTable prints rows under their headings, in columns.
func (a *app) printTable(headings []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if len(headings) > 0 {
		fmt.Fprintln(w, strings.Join(headings, "\t"))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// harmless shows control characters instead of sending them to a terminal, which would obey.
func harmless(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) && r != '\t' {
			fmt.Fprintf(&b, "\\x%02x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// sizeText gives bytes with three digits or so.
func sizeText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// countText gives a number with commas.
func countText(n int64) string {
	if n < 0 {
		return "-" + countText(-n)
	}
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// printAll prints a list: as JSON, or as a table with a row for each.
func printAll[T any](a *app, list iter.Seq2[T, error], columns []string, row func(*T) []string) error {
	all := []T{}
	for v, err := range list {
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	if a.json() {
		return a.printJSON(all)
	}
	var rows [][]string
	for i := range all {
		rows = append(rows, row(&all[i]))
	}
	return a.printTable(columns, rows)
}
