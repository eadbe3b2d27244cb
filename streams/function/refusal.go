package function

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/sql"
)

// errorsOf gives what is wrong with a text as a refusal.
func errorsOf(errs sql.Errors) error {
	r := edged.Refuse(edged.SQLInvalid, "%d parts of the query are refused.", len(errs))
	if len(errs) == 1 {
		r.Detail = "1 part of the query is refused."
	}
	r.Fields = fieldsOf(errs, "sql")
	return r
}

// fieldsOf gives errors of a text with the places where they stand; those without a place are of an
// option beside the text.
func fieldsOf(errs sql.Errors, location string) []edged.Field {
	fields := make([]edged.Field, len(errs))
	for i, e := range errs {
		fields[i] = edged.Field{Location: location, Line: e.Line, Column: e.Column, Message: e.Message}
		switch {
		case e.Line == 0 && e.Value != "":
			fields[i].Location = "body." + e.Value
		case e.Value != "":
			fields[i].Value = e.Value
		}
	}
	return fields
}

// unknown is the answer for a function that is not there.
func unknown(name string) error {
	return edged.Refuse(edged.FunctionNotFound, "there is no function %q; create it with PUT /v1/functions/%s", name, name)
}
