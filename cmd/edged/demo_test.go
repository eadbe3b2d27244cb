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
	a.showWays([]demo.Way{{From: "eu", To: "us", Delay: 40 * time.Millisecond, Median: 43400 * time.Microsecond}})
	if !strings.Contains(out.String(), "eu > us 43.4 ms (40)\n") {
		t.Errorf("it shows %s", &out)
	}
}
