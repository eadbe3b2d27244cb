package httpapi

import (
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/edgedhq/edged"
)

// functionDefinition describes, for the documents, what a PUT says of a function; statement.go reads it.
type functionDefinition struct {
	SQL           string      `json:"sql" minLength:"1" maxLength:"65536" doc:"The text of the query"`
	OutOfOrder    optionValue `json:"out_of_orderness,omitempty" doc:"How far behind the newest event of its log an event may be and still be on time; default 2s"`
	Idle          optionValue `json:"idle,omitempty" doc:"A log quiet for longer lets its event time run on; default 5s; never, for replays"`
	Lateness      optionValue `json:"lateness,omitempty" doc:"How long a window stays open past its end; default 0s"`
	ReviseWithin  optionValue `json:"revise_within,omitempty" doc:"How much later still an event changes a closed window; default 10m"`
	ExcludeAfter  optionValue `json:"exclude_after,omitempty" doc:"Close windows without an unreachable origin after so long; default 10s; never: wait"`
	Scope         optionValue `json:"scope,omitempty" doc:"Whose logs count: global, the default, or region"`
	Retain        optionValue `json:"retain,omitempty" doc:"Rows go so long after the end of their window; default 24h; of a view: keys quiet for so long go, by default none"`
	Into          optionValue `json:"into,omitempty" doc:"Stream for the outputs"`
	Late          optionValue `json:"late,omitempty" doc:"Stream for events too late to count"`
	Dead          optionValue `json:"dead,omitempty" doc:"Stream for events that fail, with the reason"`
	Backfill      optionValue `json:"backfill,omitempty" doc:"Begin with all that is retained, the default, with none, or a duration back"`
	MaxKeys       optionValue `json:"max_keys,omitempty" doc:"Groups of a slice and log; default 100000"`
	Restart       bool        `json:"restart,omitempty" doc:"Begin anew from what is retained"`
	Replace       string      `json:"replace,omitempty" enum:"now" doc:"Show the new query at once, not when it has reached the old one"`
	JavaScript    string      `json:"javascript,omitempty" doc:"Planned, not in this build: 422"`
	WebAssembly   string      `json:"wasm_base64,omitempty" doc:"Planned, not in this build: 422"`
	KeyOfAnyGuest string      `json:"key,omitempty" doc:"Planned, not in this build: 422"`
}

// optionValue is an option's value: a text, or what means the same as its text.
type optionValue struct{}

// Schema describes the three forms.
func (optionValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}}}
}

// functionView is a definition with what was understood of it, and how it fares.
type functionView struct {
	Name      string            `json:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$"`
	SQL       string            `json:"sql"`
	Options   map[string]string `json:"options,omitempty" doc:"Those that came beside the text; the others stand in its WITH"`
	Created   string            `json:"created" format:"date-time"`
	QueryID   string            `json:"query_id" pattern:"^[0-9a-f]{32}$" doc:"Functions that fold alike have one, and share what they fold"`
	Inputs    []string          `json:"inputs" nullable:"false" doc:"Streams that it reads"`
	Columns   []columnView      `json:"columns" nullable:"false" doc:"Of its rows"`
	Window    string            `json:"window,omitempty" enum:"tumble,hop,cumulate,session" doc:"Absent without one"`
	Runs      string            `json:"runs" enum:"mergeable,by key" doc:"mergeable: at the origin of each log, merged at every node; by key: at the owner of a key"`
	Into      string            `json:"into,omitempty" doc:"Stream that takes its outputs"`
	State     string            `json:"state" enum:"running,backfilling,degraded,paused,failed" doc:"Here"`
	Restarted bool              `json:"restarted,omitempty" doc:"Of a PUT: what was folded begins anew"`
	Replaces  bool              `json:"replaces,omitempty" doc:"Of a PUT: the rows are those of the query before, until this one has reached it"`
	EventsIn  int64             `json:"events_in" doc:"Events of this node's origin that were read"`
	EventsOut int64             `json:"events_out" doc:"Events that it has appended here"`
	Late      int64             `json:"late" doc:"Events after the bound of their log, counted all the same"`
	TooLate   int64             `json:"too_late" doc:"Events too late to count"`
	Failed    int64             `json:"failed" doc:"Events that the query could not be carried out on"`
	Mistyped  int64             `json:"mistyped" doc:"Operators that met a value of a wrong type, and gave NULL"`
	LastError string            `json:"last_error,omitempty"`
	Explain   string            `json:"explain,omitempty" doc:"The plan, as lines of text; not in lists"`
	Origins   []reachView       `json:"origins,omitempty" nullable:"false" doc:"How far each origin's input is included; not in lists"`
}

// columnView is a column of a query's rows.
type columnView struct {
	Name string `json:"name"`
	Type string `json:"type" doc:"json is any value"`
}

// reachView is how far one origin's input is included in the rows here.
type reachView struct {
	Origin    string            `json:"origin"`
	Region    string            `json:"region"`
	Watermark string            `json:"watermark,omitempty" format:"date-time" doc:"Event time before which nothing on time is missing; absent while there is none"`
	Position  map[string]uint64 `json:"position" doc:"STREAM/PARTITION to the last sequence that is included"`
	State     string            `json:"state" enum:"live,idle,unreachable,sealed"`
}

// functionList is one page of functions, in the order of their names.
type functionList struct {
	Functions []functionView `json:"functions" nullable:"false"`
	Next      string         `json:"next,omitempty" doc:"Pass it on as page for what follows; absent at the end"`
}

// completenessView tells how far each origin's input is included.
type completenessView struct {
	Origins   []reachView `json:"origins" nullable:"false"`
	Watermark string      `json:"watermark,omitempty" format:"date-time" doc:"The least of those that count; absent while there is none"`
}

// functionNamed is the name in a path.
type functionNamed struct {
	Name string `path:"name" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$" doc:"Name of the function"`
}

func functionOf(info *edged.FunctionInfo) functionView {
	v := functionView{
		Name: info.Name, SQL: info.SQL, Options: maps.Clone(info.Options), Created: timeText(info.Created.UnixNano()),
		QueryID: info.QueryID, Inputs: append([]string{}, info.Inputs...), Columns: columnsOf(info.Columns), Window: info.Window,
		Runs: info.Where, Into: info.Into, State: info.State, Restarted: info.Restarted, Replaces: info.Replaces,
		EventsIn: info.In, EventsOut: info.Out, Late: info.Late, TooLate: info.TooLate, Failed: info.Failed, Mistyped: info.Mistyped,
		LastError: info.LastError, Explain: info.Explain,
	}
	if len(info.Origins) > 0 {
		v.Origins = reachesOf(info.Origins)
	}
	return v
}

// lineOf is the view in a list.
func lineOf(info *edged.FunctionInfo) functionView {
	v := functionOf(info)
	v.Explain, v.Origins = "", nil
	return v
}

func columnsOf(columns []edged.QueryColumn) []columnView {
	out := make([]columnView, 0, len(columns))
	for _, c := range columns {
		out = append(out, columnView(c))
	}
	return out
}

func reachesOf(origins []edged.FunctionOrigin) []reachView {
	out := make([]reachView, 0, len(origins))
	for i := range origins {
		o := &origins[i]
		v := reachView{
			Origin: o.Origin.String(), Region: o.Region, Watermark: watermarkText(o.Watermark), State: o.State,
			Position: make(map[string]uint64, len(o.Position)),
		}
		for log, at := range o.Position {
			v.Position[log] = uint64(at)
		}
		out = append(out, v)
	}
	return out
}

// watermarkText says a watermark; none is not said.
func watermarkText(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return timeText(nanos)
}

func (s *Server) putFunction(w http.ResponseWriter, r *http.Request) {
	form, err := answerForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	info, created, err := s.defineFunction(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", functionsPath+"/"+info.Name)
	}
	writeAnswer(w, form, status, functionOf(&info))
}

func (s *Server) defineFunction(w http.ResponseWriter, r *http.Request) (info edged.FunctionInfo, created bool, err error) {
	name, err := nameIn(r, "name")
	if err != nil {
		return info, false, err
	}
	given, err := s.readStatement(w, r)
	if err != nil {
		return info, false, err
	}
	def, how, err := given.function(name)
	if err != nil {
		return info, false, err
	}
	return s.parts.Functions.PutFunction(r.Context(), def, how)
}

func (s *Server) getFunction(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		name, err := nameIn(r, "name")
		if err != nil {
			return nil, err
		}
		info, err := s.parts.Functions.Function(name)
		return functionOf(&info), err
	})
}

func (s *Server) completeness(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		name, err := nameIn(r, "name")
		if err != nil {
			return nil, err
		}
		c, err := s.parts.Functions.Completeness(name)
		return completenessView{Origins: reachesOf(c.Origins), Watermark: watermarkText(c.Watermark)}, err
	})
}

func (s *Server) deleteFunction(w http.ResponseWriter, r *http.Request) {
	name, err := nameIn(r, "name")
	s.remove(w, r, name, err, s.parts.Functions.DeleteFunction)
}

func (s *Server) listFunctions(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		after, limit, err := pageParams(r.URL.Query(), edged.CheckName)
		if err != nil {
			return nil, err
		}
		infos, err := s.parts.Functions.ListFunctions(after, limit+1)
		if err != nil {
			return nil, err
		}
		var page functionList
		page.Functions, page.Next = pageOf(infos, limit, lineOf, func(i *edged.FunctionInfo) string { return i.Name })
		return page, nil
	})
}
