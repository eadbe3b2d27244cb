package demo

import (
	"slices"
	"testing"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

func TestWays(t *testing.T) {
	var w ways
	for _, ms := range []time.Duration{3, 1, 2} {
		w.add("us", "eu", ms*time.Millisecond)
	}
	w.add("ap", "eu", time.Second)
	want := []Way{
		{From: "ap", To: "eu", Delay: 110 * time.Millisecond, Events: 1, Median: time.Second, Longest: time.Second},
		{From: "us", To: "eu", Delay: 40 * time.Millisecond, Events: 3, Median: 2 * time.Millisecond, Longest: 3 * time.Millisecond},
	}
	if got := w.take(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := w.take(); len(got) != 0 {
		t.Errorf("taken twice: %+v", got)
	}
}

func TestSourceOf(t *testing.T) {
	d := client.Delivery{Data: []byte(`{"hlc":"2026-11-25T00:00:00.5Z+3","data":{"region":"eu","node":"eu-1"}}`)}
	region, stamp, err := sourceOf(&d)
	if want := time.Date(2026, 11, 25, 0, 0, 0, 500_000_000, time.UTC); err != nil || region != "eu" || !stamp.Equal(want) {
		t.Errorf("got %s at %s, %v", region, stamp, err)
	}
	for _, envelope := range []string{`{`, `{"hlc":"now","data":{}}`, `{"data":7}`} {
		d.Data = []byte(envelope)
		if _, _, err := sourceOf(&d); err == nil {
			t.Errorf("%s was taken", envelope)
		}
	}
}
