package httpapi

import (
	"net/http"
	"testing"

	"github.com/edgedhq/edged"
)

func TestSeal(t *testing.T) {
	f := newFake()
	lost := edged.Origin{ID: edged.OriginID{2}, Label: "us-1"}
	f.sealing = edged.Sealing{
		Origin: lost, Closed: true, Away: []string{"ap-1"},
		Roll: []edged.SealMember{{Name: "eu-1", Origin: edged.Origin{ID: edged.OriginID{1}, Label: "eu-1"}, Connected: true, Agreed: true}},
	}
	h := f.server(t, Options{}).Handler()
	const body = `{"origin":"us-1~02000000000000000000"}`
	want := `{"origin":"us-1~02000000000000000000","state":"sealed","roll":[{"name":"eu-1","origin":"eu-1~01000000000000000000"}],"away":["ap-1"]}` + "\n"
	if w := ask(h, http.MethodPost, "/v1/cluster/seal", body); w.Code != 200 || w.Body.String() != want {
		t.Errorf("got  %d %s\nwant %s", w.Code, w.Body, want)
	}
	if f.anew {
		t.Error("a new roll is asked for, and was not wanted")
	}
	ask(h, http.MethodPost, "/v1/cluster/seal", `{"origin":"us-1~02000000000000000000","anew":true}`)
	if !f.anew {
		t.Error("no new roll is asked for")
	}
	for _, c := range []struct {
		name, body string
		err        error
		status     int
		code       string
	}{
		{"no origin", `{}`, nil, 422, "invalid"},
		{"no origin's text", `{"origin":"us-1"}`, nil, 422, "invalid"},
		{"unknown member", `{"origin":"us-1~02000000000000000000","new":true}`, nil, 422, "invalid"},
		{"it lives", body, edged.Refuse(edged.Conflict, "it is connected"), 409, "conflict"},
		{"nobody had it", body, edged.Refuse(edged.NotFound, "no node has had it"), 404, "not_found"},
		{"a node is missing", body, edged.Refuse(edged.SealPending, "b is not connected"), 503, "seal_pending"},
	} {
		f.sealErr = c.err
		w := ask(h, http.MethodPost, "/v1/cluster/seal", c.body)
		if p := object(t, w.Body.Bytes()); w.Code != c.status || p["code"] != c.code || p["stored"] != false {
			t.Errorf("%s: %d %s, want %d %s", c.name, w.Code, w.Body, c.status, c.code)
		}
	}
}
