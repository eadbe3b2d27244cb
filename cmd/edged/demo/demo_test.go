package demo

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi"
	"github.com/edgedhq/edged/httpapi/client"
)

// TestShow lets one node stand for two places: what each is fed the other sees.
func TestShow(t *testing.T) {
	n, err := node.Open(node.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", HTTP: httpapi.Options{AutoCreate: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	door, err := client.New(client.Options{URL: n.URL()})
	if err != nil {
		t.Fatal(err)
	}
	seen, agreed, counted := map[string]bool{}, false, false
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	opts := Options{FeedEvery: 10 * time.Millisecond, ShowEvery: 30 * time.Millisecond, Report: func(p Period) {
		for _, w := range p.Ways {
			if w.Events < 1 || w.Median <= 0 || w.Longest < w.Median {
				t.Errorf("%+v", w)
			}
			seen[w.From+">"+w.To] = true
		}
		agreed = agreed || len(p.Seen) == 2 && Same(p.Seen) && p.Seen[0].Visitors > 2 && slices.Equal(p.Seen[0].Present, []string{"eu-1", "us-1"})
		counted = counted || len(p.Tables) == 2 && len(p.Tables[1].Windows) > 0 && p.Tables[1].Windows[0].Readings > 2
		if len(seen) == 2 && agreed && counted {
			stop()
		}
	}}
	places := []Place{{Name: "eu-1", Region: "eu", door: door}, {Name: "us-1", Region: "us", door: door}}
	err = together(ctx, []func(context.Context) error{
		n.Run, func(ctx context.Context) error {
			if err := errors.Join(create(ctx, places), define(ctx, places)); err != nil {
				return err
			}
			return show(ctx, places, opts.withDefaults())
		},
	})
	if err != nil || !seen["eu>us"] || !seen["us>eu"] || !agreed || !counted {
		t.Errorf("%v, seen %v, agreed %v, counted %v", err, seen, agreed, counted)
	}
}

func TestTogetherEndsWithTheFirstFailure(t *testing.T) {
	want := errors.New("broke")
	waits := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if err := together(t.Context(), []func(context.Context) error{waits, func(context.Context) error { return want }}); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := together(ctx, []func(context.Context) error{waits}); err != nil {
		t.Errorf("asked to end: %v", err)
	}
}

func TestNodesKnowOneAnother(t *testing.T) {
	configs, err := configsOf(t.Context(), "dir", Options{}.withDefaults())
	if err != nil || len(configs) != 3 {
		t.Fatalf("%d configurations, %v", len(configs), err)
	}
	for i, c := range configs {
		other := configs[(i+1)%3]
		if string(c.MeshSecret) != string(other.MeshSecret) || c.Data == other.Data || c.Region == other.Region || len(c.Join) != 2 || !slices.Contains(c.Join, other.MeshListen) {
			t.Errorf("%s does not find %s", c.Name, other.Name)
		}
	}
}
