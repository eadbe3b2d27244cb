package httpapi

import (
	"net/http"

	"github.com/edgedhq/edged"
)

const tagFunctions = "Functions"

// Where functions are.
const (
	functionsPath = "/v1/functions"
	functionPath  = functionsPath + "/{name}"
)

// statements is what a body that brings SQL may be.
func statements(v any) map[string]any {
	return map[string]any{typeJSON: v, typeMsgpack: v, typeSQL: ""}
}

// functionRoutes are there on a node that has functions.
func (s *Server) functionRoutes() []*route {
	if s.parts.Functions == nil {
		return nil
	}
	return []*route{
		{
			method: http.MethodGet, path: functionsPath, id: "listFunctions", tag: tagFunctions,
			summary: "List functions", about: "In the order of their names.",
			params: pageQuery{}, gives: []reply{{status: 200, what: "One page", content: both(functionList{})}},
			kinds: []edged.Kind{edged.Invalid, edged.NotAcceptable}, handler: s.listFunctions,
		},
		{
			method: http.MethodPut, path: functionPath, id: "putFunction", tag: tagFunctions, appends: true,
			summary: "Create or replace a function",
			about: "The body is the text of a query, as application/sql, or an object with the text under sql and options beside it, which may also stand in the text's WITH. " +
				"The answer is what was understood. A text that is refused changes nothing: errors has each place with line and column, and what would be right. " +
				"Where the new query folds another way, the rows stay those of the old one until the new one has reached it.",
			try: `curl -X PUT -H 'Content-Type: application/sql' --data 'SELECT city, COUNT(*) AS n FROM orders ` +
				`GROUP BY city, TUMBLE(_time, INTERVAL '"'1 minute'"')' 127.0.0.1:8080/v1/functions/city-minutes`,
			params: functionNamed{}, takes: statements(functionDefinition{}), needsBody: true,
			gives: []reply{
				{status: 200, what: "Replaced, or found as it is", content: both(functionView{})},
				{status: 201, what: "Made", content: both(functionView{}), headers: map[string]string{"Location": "Path of the function"}},
			},
			kinds: []edged.Kind{
				edged.BadRequest, edged.NotAcceptable, edged.Conflict, edged.TooLarge, edged.UnsupportedMediaType,
				edged.Invalid, edged.SQLInvalid, edged.Draining, edged.Unavailable, edged.DiskFull,
			},
			handler: s.putFunction,
		},
		{
			method: http.MethodGet, path: functionPath, id: "getFunction", tag: tagFunctions,
			summary: "Show a function", about: "Its definition, what was understood of it, its plan, and how it fares at this node.",
			params: functionNamed{}, gives: []reply{{status: 200, what: "The function", content: both(functionView{})}},
			kinds: []edged.Kind{edged.FunctionNotFound, edged.NotAcceptable, edged.Invalid}, handler: s.getFunction,
		},
		{
			method: http.MethodDelete, path: functionPath, id: "deleteFunction", tag: tagFunctions,
			summary: "Delete a function everywhere", about: "It stops, and its rows are gone. What it wrote into streams stays.",
			params: functionNamed{}, gives: []reply{{status: 204, what: "Deleted"}},
			kinds: []edged.Kind{edged.FunctionNotFound, edged.Invalid, edged.Unavailable, edged.DiskFull}, handler: s.deleteFunction,
		},
		{
			method: http.MethodGet, path: functionPath + "/completeness", id: "getCompleteness", tag: tagFunctions,
			summary: "Show how complete a function's rows are",
			about: "How far each origin's input is included in the rows here. live: heard within 3 s; idle: so, and quiet; unreachable: not heard, " +
				"its newest events may be missing; sealed: it has ended.",
			try:    `curl 127.0.0.1:8080/v1/functions/city-minutes/completeness`,
			params: functionNamed{}, gives: []reply{{status: 200, what: "Each origin", content: both(completenessView{})}},
			kinds: []edged.Kind{edged.FunctionNotFound, edged.NotAcceptable, edged.Invalid}, handler: s.completeness,
		},
	}
}

// rowRoutes are those that answer with rows.
func (s *Server) rowRoutes() []*route {
	if s.parts.Functions == nil {
		return nil
	}
	return []*route{
		{
			method: http.MethodGet, path: functionPath + "/rows", id: "rows", tag: tagFunctions, feeds: true,
			summary: "Read or follow a function's rows",
			about: "A page of them as JSON or msgpack, all at one cut, with where, window, order_by, limit and page. Names with _ in front and those of the window " +
				"are the node's, all others the query's. An endless feed as NDJSON, server-sent events, or, by an upgrade, a WebSocket: first the present rows, then " +
				"each as it changes, as the query's EMIT has it, with from, cursor, where, key, prefix, on_lag and cursors. Server-sent events of rows have no name, their id is the cursor " +
				"after them; subscribed, up_to_date (with cut and watermark, again every 15 s while nothing comes), reset (another query has taken over, " +
				"its rows follow), lagged, drain and problem are named. A cursor is good at every node; a reader that comes back may miss a value in between, never the newest.",
			try:    `curl '127.0.0.1:8080/v1/functions/city-minutes/rows?window=latest&order_by=-n'`,
			params: rowsQuery{},
			gives: []reply{
				{status: 200, what: "A page, or a feed", content: map[string]any{
					typeJSON: rowPage{}, typeMsgpack: rowPage{}, typeNDJSON: rowChange{}, typeSSE: "",
				}},
				{status: 101, what: "The WebSocket is open"},
			},
			kinds: []edged.Kind{
				edged.BadRequest, edged.BadCursor, edged.FunctionNotFound, edged.NotAcceptable, edged.Conflict, edged.CursorExpired,
				edged.Invalid, edged.FilterInvalid, edged.Draining,
			},
			handler: s.rows,
		},
		{
			method: http.MethodPost, path: "/v1/query", id: "query", tag: tagFunctions,
			summary: "Ask once, over what is retained",
			about:   "The same SQL as of functions, carried out once over what this node holds, or over what a cut covers. Nothing is kept of it.",
			try:     `curl -d '{"sql":"SELECT city, COUNT(*) AS n FROM orders GROUP BY city ORDER BY n DESC LIMIT 10"}' 127.0.0.1:8080/v1/query`,
			takes:   statements(onceQuery{}), needsBody: true,
			gives: []reply{{status: 200, what: "The result", content: both(onceView{})}},
			kinds: []edged.Kind{
				edged.BadRequest, edged.BadCursor, edged.StreamNotFound, edged.NotAcceptable, edged.CursorExpired, edged.TooLarge,
				edged.UnsupportedMediaType, edged.Invalid, edged.SQLInvalid, edged.Overloaded, edged.Unavailable,
			},
			handler: s.queryOnce,
		},
	}
}
