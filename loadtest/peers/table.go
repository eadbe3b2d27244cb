package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// unit is how a row's value is written, and which way is better.
type unit struct {
	name    string
	digits  int
	divisor float64
}

var (
	perSecond = unit{name: "/s", divisor: 1}                   // read-only
	kibibytes = unit{name: "KiB", digits: 1, divisor: 1024}    // read-only
	mebibytes = unit{name: "MiB", digits: 1, divisor: 1 << 20} // read-only
	millis    = unit{name: "ms", digits: 1, divisor: 1e6}      // read-only
)

// printRow writes medians, and how each contestant stands to the first that ran.
func printRow(w io.Writer, r row, took map[string][]figures, failed map[string]error) {
	fmt.Fprintf(w, "\n%s: %s\ngoal: %s\n", r.name, r.title, r.goal)
	fmt.Fprintf(w, "  %-34s %12s %7s %9s %7s %9s %9s  %s\n",
		"", r.unit.name, "ratio", "CPU s/M", "ratio", "p50", "p99", "spread")
	var first figures
	for _, c := range r.contestants {
		all := took[c.name]
		if err := failed[c.name]; err != nil {
			fmt.Fprintf(w, "  %-34s %s\n", c.name, reason(err))
		}
		if len(all) == 0 {
			continue
		}
		f := medians(all)
		if first.value == 0 {
			first = f
		}
		fmt.Fprintf(w, "  %-34s %12s %7s %9s %7s %9s %9s  %s %s\n", c.name,
			grouped(f.value/r.unit.divisor, r.unit.digits), ratio(f.value, first.value),
			known(f.cpu), ratio(f.cpu, first.cpu), rounded(f.p50), rounded(f.p99),
			spread(all, r.unit), f.note)
	}
}

// reason is one line for a contestant that did not run.
func reason(err error) string {
	if errors.Is(err, errAbsent) {
		return "left out: " + err.Error()
	}
	return "failed: " + strings.ReplaceAll(err.Error(), "\n", "\n      ")
}

// medians takes the middle of each figure by itself.
func medians(all []figures) figures {
	f := figures{
		value: median(all, func(f figures) float64 { return f.value }),
		cpu:   median(all, func(f figures) float64 { return f.cpu }),
		p50:   median(all, func(f figures) time.Duration { return f.p50 }),
		p99:   median(all, func(f figures) time.Duration { return f.p99 }),
	}
	for _, one := range all {
		if one.note != "" {
			f.note = one.note
		}
	}
	return f
}

func median[T cmp.Ordered](all []figures, of func(figures) T) T {
	values := make([]T, len(all))
	for i, f := range all {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func spread(all []figures, u unit) string {
	if len(all) < 2 {
		return ""
	}
	low, high := all[0].value, all[0].value
	for _, f := range all {
		low, high = min(low, f.value), max(high, f.value)
	}
	return grouped(low/u.divisor, u.digits) + ".." + grouped(high/u.divisor, u.digits)
}

// grouped writes a number with commas between thousands.
func grouped(v float64, digits int) string {
	text := fmt.Sprintf("%.*f", digits, v)
	whole, rest, found := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if found {
		return whole + "." + rest
	}
	return whole
}

func ratio(v, to float64) string {
	if to <= 0 || v <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", v/to)
}

func known(cpu float64) string {
	if cpu <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", cpu)
}

func rounded(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	step := time.Duration(1)
	for d/step >= 1000 {
		step *= 10
	}
	return d.Round(step).String()
}
