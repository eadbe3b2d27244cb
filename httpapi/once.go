package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// onceQuery describes, for the documents, the body of a query over the past; statement.go reads it.
type onceQuery struct {
	SQL     string `json:"sql" minLength:"1" maxLength:"65536" doc:"The text of the query: as of a function, without EMIT and WITH, with ORDER BY and LIMIT if wanted"`
	Limit   int    `json:"limit,omitempty" minimum:"1" maximum:"10000" default:"1000" doc:"Rows of the answer"`
	Timeout string `json:"timeout,omitempty" pattern:"^([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+$" default:"30s" doc:"How long it may take, at most 60s"`
	Cut     string `json:"cut,omitempty" doc:"cut of another answer: the query runs over what that covers, and gives the same bytes at every node that holds it"`
}

// onceView is the answer of a query over the past.
type onceView struct {
	Columns   []columnView     `json:"columns" nullable:"false"`
	Rows      []map[string]any `json:"rows" nullable:"false"`
	Cut       string           `json:"cut" doc:"What is included"`
	Truncated bool             `json:"truncated" doc:"There are more rows than limit lets through"`
}

// appendOnce appends the answer that a query's result is.
func appendOnce(b []byte, packed bool, a *edged.OnceAnswer) []byte {
	columns := []byte{'['}
	if packed {
		columns = codec.AppendArrayLen(columns[:0], len(a.Columns))
	}
	for i, c := range a.Columns {
		if !packed && i > 0 {
			columns = append(columns, ',')
		}
		one := codec.Open(columns, packed)
		one.Text("name", c.Name)
		one.Text("type", c.Type)
		columns = one.Close()
	}
	if !packed {
		columns = append(columns, ']')
	}
	o := codec.Open(b, packed)
	o.Encoded("columns", columns)
	o.Encoded("rows", encodedRows(packed, a.Rows))
	o.Text("cut", a.Cut)
	o.Bool("truncated", a.Truncated)
	return o.Close()
}

// queryOnce answers a query over what is retained here.
func (s *Server) queryOnce(w http.ResponseWriter, r *http.Request) {
	form, err := answerForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	given, err := s.readStatement(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	q, timeout, err := given.once(&s.opts.Limits)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	answer, err := s.parts.Functions.QueryOnce(ctx, q)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		err = edged.RefuseField(edged.Unavailable, "body.timeout", durationText(timeout),
			"the query was not done in that time; narrow it, with WHERE _time BETWEEN ... for example, or give it more, at most %s", durationText(s.opts.Limits.WaitMax))
	}
	if err != nil {
		s.fail(w, r, placed(err, "cut", "body.cut"))
		return
	}
	writeRows(w, form, appendOnce(nil, form == typeMsgpack, &answer))
}
