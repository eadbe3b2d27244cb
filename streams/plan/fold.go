package plan

import (
	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// Fold is what is done with each event of a log, compiled. It never changes, and may be used with many
// rows.
type Fold struct {
	Where  *expr.Program     // nil: all
	Time   *expr.Program     // nil: _time, or _ingest if Window.Ingest
	Keys   []*expr.Program   // the group is the tuple of their values
	Inputs []Input           // of the aggregates, by number
	Layout *aggregate.Layout // of a cell; nil per event
	Map    *Map              // of PerEvent, else nil
}

// Input is what some aggregates take of an event: where the filter is TRUE, the values.
type Input struct {
	Filter *expr.Program // nil: all
	Args   []*expr.Program
}

// Bind adds the paths of this plan to those of a stream, and compiles the fold. The columns of paths
// that stood there before stay, so a fold that was bound is good for as long as its rows have them.
func (p *Plan) Bind(paths *expr.Paths) (*Fold, sql.Errors) {
	b := &binder{compiler: &expr.Compiler{}, resolve: ofEvents(paths)}
	f := &Fold{Where: b.condition(p.fold.where), Time: b.value(p.fold.time)}
	if p.Way == PerEvent {
		f.Map = p.mapping(b, paths)
	} else {
		s := p.stages[0]
		for i := range s.keys {
			f.Keys = append(f.Keys, b.value(s.keys[i].expr))
		}
		f.Inputs, f.Layout = s.bind(b)
	}
	if len(b.errs) > 0 {
		return nil, b.errs
	}
	return f, nil
}
