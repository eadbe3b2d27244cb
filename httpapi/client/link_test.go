package client

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

func TestLinks(t *testing.T) {
	const us = `{"delay":"40ms","loss":0.01,"rate":"20MiB","cut":false}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch got := r.Method + " " + r.URL.Path + " " + string(body); got {
		case "PUT /v1/links/us " + us:
			fmt.Fprint(w, us)
		case "GET /v1/links ":
			fmt.Fprint(w, `{"links":{"us":`+us+`}}`)
		default:
			t.Errorf("asked for %s", got)
		}
	})
	want := Link{Delay: "40ms", Loss: 0.01, Rate: "20MiB"}
	if err := c.SetLink(t.Context(), "us", want); err != nil {
		t.Error(err)
	}
	if links, err := c.Links(t.Context()); err != nil || len(links) != 1 || links["us"] != want {
		t.Errorf("got %+v, %v", links, err)
	}
}

func TestClusterReads(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"node":{"name":"eu-1","mesh":"world"},"members":[{"name":"us-1","rtt_ms":40.5}],
			"stable":{"frontier":"2026-11-25T00:00:00Z","held_back_by":[{"origin":"us-1~02","since":"2026-11-25T00:00:00Z"}]}}`)
	})
	v, err := c.Cluster(t.Context())
	if err != nil || v.Node.Mesh != "world" || v.Members[0].RTT != 40.5 || v.Stable.Frontier.IsZero() || v.Stable.HeldBackBy[0].Origin != "us-1~02" {
		t.Errorf("got %+v, %v", v, err)
	}
}
