package sql

import "slices"

// causes and later are functions of phases that come; guests are those of users.
var (
	later  = []string{"CHANGED", "PREV", "SKETCH_DISTINCT", "SKETCH_QUANTILES", "MERGE_SKETCH"} // read-only
	causes = []string{"CAUSED_BY", "CONCURRENT", "GUEST"}                                       // read-only
)

// Planned lists what of a query is read but not built yet, in the order of the text.
func Planned(q *Query) Errors {
	found := planned(q)
	found.sort()
	return found
}

func planned(q *Query) Errors {
	var found Errors
	note := func(at Pos, what string, phase int) {
		e := &Error{int(at.Line), int(at.Column), what, ""}
		e.Message = what + " is planned for phase " + string(rune('0'+phase)) + "."
		found = append(found, e)
	}
	if q.DistinctOn != nil {
		note(q.DistinctOn.At, "DISTINCT ON", 2)
	}
	if q.From.Unnest != nil {
		note(q.From.Unnest.At, "UNNEST", 2)
	}
	for i := range q.Joins {
		note(q.Joins[i].At, "JOIN", 2)
	}
	if q.Match != nil {
		note(q.Match.At, "MATCH_RECOGNIZE", 3)
	}
	if w := q.Window(); w != nil && w.Kind == "ROWS" {
		note(w.At, "ROWS", 3)
	}
	q.exprs(func(e Expr) {
		c, ok := e.(*Call)
		switch {
		case !ok:
		case slices.Contains(later, c.Name):
			note(c.At, c.Name, 2)
		case slices.Contains(causes, c.Name):
			note(c.At, c.Name, 3)
		case c.By != nil:
			note(c.At, c.Name+" BY", 2)
		}
	})
	if q.From.Query != nil {
		found = append(found, planned(q.From.Query)...)
	}
	return found
}
