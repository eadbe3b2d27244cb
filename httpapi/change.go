package httpapi

import "net/http"

// changeView describes, for the documents, a change as httpapi/codec writes it.
type changeView struct {
	Key     string `json:"key"`
	Value   any    `json:"value" doc:"The value now; null when there is none any more"`
	Deleted bool   `json:"deleted,omitempty" doc:"True when the key has no value any more"`
	Cursor  string `json:"cursor,omitempty" doc:"On feeds: the place just after this change"`
}

// changePage is the answer of a plain watch.
type changePage struct {
	Changes  []changeView `json:"changes" nullable:"false"`
	Gaps     []gapView    `json:"gaps,omitempty" nullable:"false" doc:"Updates that are not held any more; the values that they led to are given all the same"`
	Cursor   string       `json:"cursor" doc:"Watch on from here, at any node"`
	CaughtUp bool         `json:"caught_up" doc:"Nothing more was known when this was answered"`
}

type watchParams struct {
	collectionPath
	From    string   `query:"from" enum:"latest,earliest" default:"latest" doc:"What comes, or first all keys with their values"`
	Cursor  string   `query:"cursor" doc:"A place that any node gave, instead of from"`
	Limit   int      `query:"limit" minimum:"1" maximum:"10000" default:"100" doc:"Changes of one answer; more where keys are listed and no cursor stands between them"`
	Wait    string   `query:"wait" pattern:"^(0|([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$" doc:"Wait for a first change this long, at most 60s"`
	Keys    []string `query:"key" nullable:"false" minLength:"1" maxLength:"1024" doc:"Only these keys"`
	Prefix  string   `query:"prefix" doc:"Only keys that begin so"`
	OnLag   string   `query:"on_lag" enum:"read,skip" default:"read" doc:"A feed that falls behind reads on from disk, or skips to the newest and says so"`
	Cursors string   `query:"cursors" enum:"all,sparse" default:"all" doc:"On feeds: a cursor with each change, or now and then"`
	Last    string   `header:"Last-Event-ID" doc:"As cursor, from an EventSource that comes back"`
}

// watch answers GET on a collection's changes as read does on a stream's events.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) { s.readAs(w, r, "name", s.watching) }
