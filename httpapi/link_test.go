package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// fakeLinks keeps policies and does nothing with them.
type fakeLinks map[string]edged.LinkPolicy

func (l fakeLinks) List() map[string]edged.LinkPolicy { return l }

func (l fakeLinks) Set(target string, p edged.LinkPolicy) error {
	if p == (edged.LinkPolicy{}) {
		delete(l, target)
		return nil
	}
	l[target] = p
	return nil
}

func TestLinks(t *testing.T) {
	f := newFake()
	f.links = map[string]edged.LinkPolicy{}
	h := f.server(t, Options{}).Handler()
	const none = `{"delay":"0s","jitter":"0s","loss":0,"cut":false}`
	const us = `{"delay":"40ms","jitter":"5ms","loss":0.01,"rate":"20MiB","cut":false}`
	for _, c := range []struct{ method, target, body, want string }{
		{http.MethodGet, "/v1/links", "", `{"links":{}}`},
		{http.MethodPut, "/v1/links/us", us, us},
		{http.MethodGet, "/v1/links/us", "", us},
		{http.MethodGet, "/v1/links/ap", "", none},
		{http.MethodPut, "/v1/links/eu-2", `{"cut":true}`, strings.Replace(none, "false", "true", 1)},
		{http.MethodPut, "/v1/links/eu-2", "", none},
		{http.MethodGet, "/v1/links", "", `{"links":{"us":` + us + `}}`},
	} {
		w := ask(h, c.method, c.target, c.body)
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != c.want {
			t.Errorf("%s %s: %d\ngot  %s\nwant %s", c.method, c.target, w.Code, got, c.want)
		}
	}
	want := edged.LinkPolicy{Delay: 40 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.01, Rate: 20 << 20}
	if len(f.links) != 1 || f.links["us"] != want {
		t.Errorf("in force: %+v", f.links)
	}
}

func TestLinksRefuse(t *testing.T) {
	f := newFake()
	f.links = map[string]edged.LinkPolicy{}
	h := f.server(t, Options{}).Handler()
	for _, c := range []struct{ target, body, location string }{
		{"/v1/links/US", `{}`, "path.target"},
		{"/v1/links/us", `{"delay":"soon"}`, "body.delay"},
		{"/v1/links/us", `{"delay":"61s"}`, "body.delay"},
		{"/v1/links/us", `{"jitter":"-1ms"}`, "body.jitter"},
		{"/v1/links/us", `{"loss":1.5}`, "body.loss"},
		{"/v1/links/us", `{"rate":"fast"}`, "body.rate"},
		{"/v1/links/us", `{"cut":"yes"}`, "body.cut"},
		{"/v1/links/us", `{"dealy":"1ms"}`, "body.dealy"},
	} {
		w := ask(h, http.MethodPut, c.target, c.body)
		checkProblem(t, c.target+" "+c.body, w.Header(), w.Body.Bytes(), 422, "invalid")
		if !strings.Contains(w.Body.String(), `"location":"`+c.location+`"`) {
			t.Errorf("%s: %s", c.body, w.Body)
		}
	}
	if len(f.links) > 0 {
		t.Errorf("in force: %+v", f.links)
	}
}

func TestLinksAreRealWithoutTheFlag(t *testing.T) {
	h := newFake().server(t, Options{}).Handler()
	for _, c := range [][2]string{{http.MethodGet, "/v1/links"}, {http.MethodGet, "/v1/links/us"}, {http.MethodPut, "/v1/links/us"}} {
		w := ask(h, c[0], c[1], "")
		checkProblem(t, c[0]+" "+c[1], w.Header(), w.Body.Bytes(), 404, "not_found")
		if !strings.Contains(w.Body.String(), "--emulate-links") {
			t.Errorf("it does not say how: %s", w.Body)
		}
	}
}
