package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/cmd/edged/demo"
)

func TestCalled(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for typed, want := range map[string]string{
		"": "edged", "./edged": "./edged", "/usr/local/bin/edged": "/usr/local/bin/edged",
		"/tmp/go-build2541738830/b001/exe/edged":          "go run ./cmd/edged",
		"/home/u/.cache/go-build/ab/" + hash + "-d/edged": "go run ./cmd/edged",
		"/cache/ab/" + hash + "-d/edged":                  "go run ./cmd/edged",
	} {
		if got := called(typed); got != want {
			t.Errorf("%q: got %s, want %s", typed, got, want)
		}
	}
}

func TestDemoSaysHowItEndsAndHeals(t *testing.T) {
	var out, errs bytes.Buffer
	a := &app{out: &out, errs: &errs, typed: "bin/edged"}
	a.greetDemo([]demo.Place{{Name: "eu-1", Region: "eu", URL: "http://a"}, {Name: "ap-1", Region: "ap", URL: "http://b"}})
	for _, want := range []string{
		"Ctrl-C ends", "  bin/edged verify --server http://a --wait 10s\n", `'{"cut":true}' http://a/v1/links/ap`, `'{"cut":false}' http://a/v1/links/ap`,
	} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("no %s in %s", want, &errs)
		}
	}
	if !strings.Contains(errs.String(), "  bin/edged collections watch visitors --server http://b\n") {
		t.Errorf("it does not show how to watch from the other side: %s", &errs)
	}
	ways := []demo.Way{{From: "eu", To: "us", Delay: 40 * time.Millisecond, Median: 43400 * time.Microsecond}}
	eu := demo.Seen{Region: "eu", Visitors: 1200, Present: []string{"ap-1", "eu-1"}}
	us, ap := eu, demo.Seen{Region: "ap", Visitors: 900}
	us.Region = "us"
	for want, p := range map[string]demo.Period{
		"eu > us 43.4 ms (40)\n          visitors and present: 1,200, ap-1+eu-1 in eu, us\n":                            {Ways: ways, Seen: []demo.Seen{eu, us}},
		"nothing crossed\n          visitors and present: eu 1,200, ap-1+eu-1   us 1,200, ap-1+eu-1   ap 900, nobody\n": {Seen: []demo.Seen{eu, us, ap}},
	} {
		out.Reset()
		if a.showPeriod(p); !strings.HasSuffix(out.String(), want) {
			t.Errorf("it shows %s", &out)
		}
	}
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.Local)
	out.Reset()
	a.showPeriod(demo.Period{Seen: []demo.Seen{eu}, Tables: []demo.Table{{
		Region: "eu", Watermark: start.Format(time.RFC3339), Away: []string{"ap"}, Windows: []demo.Window{{
			Start: start, End: start.Add(5 * time.Second), Readings: 10, Nodes: 2, CPU: 3.14, Status: "final", Excluded: []string{"ap-1~1"},
		}},
	}}})
	for _, want := range []string{"WINDOW OF LOAD", "12:00:00 to 12:00:05", "3.1 %", "final without ap-1~1", "12:00:00, not heard: ap"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, &out)
		}
	}
	out.Reset()
	a.globals.output = "json"
	if a.showPeriod(demo.Period{Ways: ways, Seen: []demo.Seen{eu}}); !strings.Contains(out.String(), `"seen":[{"region":"eu","visitors":1200,"present":["ap-1","eu-1"]}]`) {
		t.Errorf("in JSON it shows %s", &out)
	}
}
