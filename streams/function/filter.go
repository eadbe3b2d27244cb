package function

import (
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// Filter is a condition over the events of any stream, for readers. It may be used by many at a time.
type Filter struct {
	program *expr.Program
	region  func(edged.OriginID) string
	work    sync.Pool // *sieve
}

// sieve is what one use of a filter needs.
type sieve struct {
	extractor *expr.Extractor
	columns   []expr.Value
	text      expr.Arena
	row       expr.Row
}

// NewFilter understands a condition, or refuses it as FilterInvalid with line and column. Region tells
// that of an origin.
func NewFilter(text string, region func(edged.OriginID) string) (*Filter, error) {
	const location = "filter"
	e, err := sql.ParseExpr(text)
	if err != nil {
		return nil, badFilter(err, location)
	}
	paths := expr.NewPaths()
	program, _, errs := plan.Filter(e, paths)
	if len(errs) > 0 {
		return nil, badFilter(errs, location)
	}
	f := &Filter{program: program, region: region}
	f.work.New = func() any {
		return &sieve{extractor: expr.NewExtractor(paths), columns: make([]expr.Value, paths.Columns())}
	}
	return f, nil
}

// Picks appends the indexes of those events of a run, from one up to, not including, another, of which
// the condition is TRUE.
func (f *Filter) Picks(run edged.Run, from, to int, dst []int32) []int32 {
	s := f.work.Get().(*sieve)
	defer f.work.Put(s)
	s.row.Region = f.region(run.Name().Origin.ID)
	for i, e := range run.Events(from, to) {
		s.text.Reset()
		s.extractor.Event(&e, s.columns, &s.text)
		s.row.Columns, s.row.Event = s.columns, &e
		if f.program.Test(&s.row) && s.row.Failure() == nil {
			dst = append(dst, int32(i))
		}
		s.row.Reset()
	}
	s.row.Event = nil
	return dst
}
