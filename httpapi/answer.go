package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// answer writes what make gives, in the form that the client asks for. Make is called only when
// there is such a form.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, make func() (any, error)) {
	form, err := answerForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v, err := make()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeAnswer(w, form, http.StatusOK, v)
}

// answerForm is the content type that Accept chooses of JSON and msgpack.
func answerForm(r *http.Request) (string, error) {
	header := r.Header.Get("Accept")
	if form := accepts(header, typeJSON, typeMsgpack); form != "" {
		return form, nil
	}
	return "", edged.RefuseField(edged.NotAcceptable, "header.Accept", cut(header, 100),
		"want application/json or application/msgpack among what is accepted")
}

// writeAnswer writes a view. Views are structs of plain values with json tags, so that both
// forms have the same members.
func writeAnswer(w http.ResponseWriter, form string, status int, v any) {
	var buf bytes.Buffer
	var err error
	if form == typeMsgpack {
		enc := msgpack.NewEncoder(&buf)
		enc.SetCustomStructTag("json")
		enc.SetSortMapKeys(true)
		enc.UseCompactInts(true)
		err = enc.Encode(v)
	} else {
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		err = enc.Encode(v)
	}
	if err != nil {
		panic("httpapi: an answer does not encode: " + err.Error())
	}
	writeBytes(w, form, status, buf.Bytes())
}

func writeBytes(w http.ResponseWriter, contentType string, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever does not read the answer has gone
}
