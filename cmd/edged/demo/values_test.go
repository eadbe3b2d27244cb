package demo

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

func change(text string, args ...any) *client.Delivery {
	return &client.Delivery{Data: fmt.Appendf(nil, text, args...)}
}

func TestViewsSettle(t *testing.T) {
	v := newViews([]Place{{Region: "eu"}, {Region: "us"}})
	set := func(at, visitors int) {
		if err := v.take(at, Visitors, change(`{"key":"all","value":%d}`, visitors)); err != nil {
			t.Error(err)
		}
	}
	set(0, 7)
	if got := v.settled(t.Context(), time.Millisecond); Same(got) || got[0].Visitors != 7 || got[1].Visitors != 0 {
		t.Errorf("apart: %+v", got)
	}
	go func() { set(1, 6); set(1, 7) }()
	if got := v.settled(t.Context(), 10*time.Second); !Same(got) || got[1].Visitors != 7 {
		t.Errorf("settled: %+v", got)
	}
	before := v.settled(t.Context(), 0)
	for _, text := range []string{`{"key":"nodes","value":["a","b"]}`, `{"key":"nodes","value":["c",7]}`, `{"key":"other","value":7}`} {
		if err := v.take(0, Present, change("%s", text)); err != nil {
			t.Error(text, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got := v.settled(ctx, time.Hour); !slices.Equal(got[0].Present, []string{"c", "7"}) || len(before[0].Present) != 0 {
		t.Errorf("present: %+v", got)
	}
	for collection, text := range map[string]string{Visitors: `{"key":"all","value":null,"deleted":true}`, Present: `{"key":"nodes","value":null,"deleted":true}`} {
		if err := v.take(0, collection, change("%s", text)); err != nil {
			t.Error(err)
		}
	}
	if got := v.settled(ctx, 0); got[0].Visitors != 0 || len(got[0].Present) != 0 {
		t.Errorf("deleted: %+v", got)
	}
	if err := v.take(0, Visitors, change(`{"key":"all","value":"many"}`)); err == nil {
		t.Error("a counter that is no number was taken")
	}
}
