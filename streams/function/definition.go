package function

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// hidden begins the names of the streams whose definitions are those of functions.
var hidden = edged.FunctionStream("") // read-only

// definition is a function with what was decided when it was put.
type definition struct {
	edged.Function
	Start    int64 // stamp from which logs are read, Unix nanoseconds
	Restarts int   // how often it was begun anew
	Now      bool  // the last PUT asked to show it at once
}

// spec is a definition as the catalog keeps it.
type spec struct {
	SQL      string            `json:"sql"`
	Options  map[string]string `json:"options,omitempty"`
	Start    int64             `json:"start,omitempty"`
	Restarts int               `json:"restarts,omitempty"`
	Now      bool              `json:"now,omitempty"`
	Created  int64             `json:"created"`
}

// stream is the definition of the hidden stream.
func (d *definition) stream() (edged.Stream, error) {
	b, err := json.Marshal(spec{d.SQL, d.Options, d.Start, d.Restarts, d.Now, d.Created.UnixNano()})
	if err != nil {
		return edged.Stream{}, fmt.Errorf("function: definition: %w", err)
	}
	return edged.Stream{Name: edged.FunctionStream(d.Name), Partitions: 1, Spec: string(b)}, nil
}

// definitionOf reads the definition of a hidden stream.
func definitionOf(s edged.Stream) (*definition, error) {
	var sp spec
	if err := json.Unmarshal([]byte(s.Spec), &sp); err != nil {
		return nil, fmt.Errorf("function: definition of %s: %w", s.Name, err)
	}
	return &definition{
		Function: edged.Function{
			Name: strings.TrimPrefix(s.Name, hidden), SQL: sp.SQL, Options: sp.Options, Created: time.Unix(0, sp.Created).UTC(),
		},
		Start: sp.Start, Restarts: sp.Restarts, Now: sp.Now,
	}, nil
}

// plan understands the definition.
func (d *definition) plan() (*plan.Plan, error) {
	q, err := sql.Parse(d.SQL)
	if err != nil {
		return nil, errorsOf(err.(sql.Errors)) //nolint:errorlint // Parse says so
	}
	p, errs := plan.Make(d.Name, q, d.Options, d.Start, d.Restarts)
	if len(errs) > 0 {
		return nil, errorsOf(errs)
	}
	return p, nil
}

// foldID is the id under which a plan is folded: that of the query. What is made of single events goes
// into a stream once, whatever becomes of the text, so there it is the function's, for as long as it is
// not begun anew.
func (d *definition) foldID(p *plan.Plan) plan.ID {
	if p.Way != plan.PerEvent {
		return p.ID
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%s", d.Name, d.Created.UnixNano(), d.Restarts, strings.Join(p.Inputs, "\x00")))
	return plan.ID(sum[:16])
}

// Explain gives the plan of a text as lines, or refuses it, as PutFunction of the name would.
func Explain(name, text string, options map[string]string) (string, error) {
	d := &definition{Function: edged.Function{Name: name, SQL: text, Options: options}}
	p, err := d.plan()
	if err != nil {
		return "", err
	}
	return p.Explain(), nil
}

// same says whether two definitions ask for the same.
func (d *definition) same(e *definition) bool {
	return d.SQL == e.SQL && maps.Equal(d.Options, e.Options) && d.Start == e.Start && d.Restarts == e.Restarts
}
