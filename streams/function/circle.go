package function

import (
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// circle refuses a function whose output comes back to it by way of those that run here. Each node folds
// its own origin's events, so where one part of a circle does not run nothing goes round.
func (r *Runner) circle(p *plan.Plan) error {
	into := map[string][]string{} // from a stream to those that are made of it
	add := func(p *plan.Plan) {
		for _, in := range p.Inputs {
			for _, out := range []string{p.Options.Into, p.Options.Late, p.Options.Dead} {
				if out != "" {
					into[in] = append(into[in], out)
				}
			}
		}
	}
	r.mu.RLock()
	for name, f := range r.functions {
		if f.shown != nil && name != p.Name {
			add(f.shown.plan)
		}
	}
	r.mu.RUnlock()
	add(p)
	seen := map[string]bool{}
	var reach func(stream string) bool
	reach = func(stream string) bool {
		for _, in := range p.Inputs {
			if stream == in {
				return true
			}
		}
		if seen[stream] {
			return false
		}
		seen[stream] = true
		for _, next := range into[stream] {
			if reach(next) {
				return true
			}
		}
		return false
	}
	for _, out := range []string{p.Options.Into, p.Options.Late, p.Options.Dead} {
		if out != "" && reach(out) {
			return errorsOf(sql.Errors{{Line: 1, Column: 1, Value: out, Message: "What is written to " + out +
				" comes back to this function by way of others. Write it to another stream."}})
		}
	}
	return nil
}
