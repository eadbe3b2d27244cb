package httpapi

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// rowView describes, for the documents, a row as a function gives it. Beside these it has the
// columns of the query.
type rowView struct {
	_           struct{} `additionalProperties:"true"`
	WindowStart string   `json:"window_start,omitempty" format:"date-time"`
	WindowEnd   string   `json:"window_end,omitempty" format:"date-time" doc:"The first moment that is not in it"`
	Status      string   `json:"_status" enum:"provisional,final,revised"`
	Revision    uint64   `json:"_revision" doc:"Grows with the row; of two, the larger is the newer"`
	Excluded    []string `json:"_excluded,omitempty" nullable:"false" doc:"Origins that the window was closed without"`
	Sealed      bool     `json:"_sealed,omitempty" doc:"It never changes again"`
	Incomplete  bool     `json:"_incomplete,omitempty" doc:"Events of its window were gone before they were read"`
	Estimated   any      `json:"_estimated,omitempty" doc:"Columns that are estimates, and how far off they may be"`
	Overflow    bool     `json:"_overflow,omitempty" doc:"The group of all keys past max_keys"`
	Gone        bool     `json:"_gone,omitempty" doc:"On feeds: the row is no more"`
	Region      string   `json:"_region,omitempty" doc:"With scope region: whose logs these are"`
}

// rowPage is a part of a function's rows, all at one cut.
type rowPage struct {
	Rows      []rowView `json:"rows" nullable:"false"`
	Cut       string    `json:"cut" doc:"What is included; pass it on as after, or as cut of a query"`
	Digest    string    `json:"digest" doc:"Over windows and columns of the rows given: equal cuts show equal digests"`
	Watermark string    `json:"watermark,omitempty" format:"date-time" doc:"Event time before which nothing on time is missing; absent while there is none"`
	Next      string    `json:"next,omitempty" doc:"Pass it on as page for what follows; absent at the end"`
}

// rowChange is a row on a feed.
type rowChange struct {
	Key    string  `json:"key,omitempty" doc:"Of the group; absent where there is one"`
	Row    rowView `json:"row" doc:"As it is now"`
	Cursor string  `json:"cursor,omitempty" doc:"The place just after it"`
}

type rowsQuery struct {
	functionNamed
	Where   string   `query:"where" doc:"An SQL expression over the columns, such as n > 10 AND _status = 'final'"`
	Window  string   `query:"window" default:"all" doc:"latest: the last that has begun; open: those that are not closed; all; or a time, RFC 3339 or Unix milliseconds, that is in it"`
	OrderBy string   `query:"order_by" doc:"A column, or -column for the largest first; default: by window and key"`
	Limit   int      `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Rows of one answer; on feeds, end after so many"`
	Page    string   `query:"page" doc:"next of the page before"`
	From    string   `query:"from" enum:"earliest,latest" default:"earliest" doc:"On feeds: first the present rows, or only what comes"`
	Cursor  string   `query:"cursor" doc:"On feeds: a place that any node gave, instead of from"`
	Keys    []string `query:"key" nullable:"false" minLength:"1" maxLength:"1024" doc:"On feeds: only the groups with these keys"`
	Prefix  string   `query:"prefix" doc:"On feeds: only groups whose key begins so"`
	OnLag   string   `query:"on_lag" enum:"read,skip" default:"read" doc:"A feed that falls behind goes on where it is, or skips to the newest and says so"`
	Cursors string   `query:"cursors" enum:"all,sparse" default:"all" doc:"On feeds: a cursor with each row, or now and then"`
	Last    string   `header:"Last-Event-ID" doc:"As cursor, from an EventSource that comes back"`
}

// The parameters of a page of rows, and those of a feed of them.
var (
	rowsNames     = []string{"after", "limit", "order_by", "page", "wait", "where", "window"}                           // read-only
	rowsFeedNames = []string{"after", "cursor", "cursors", "from", "key", "limit", "on_lag", "prefix", "wait", "where"} // read-only
)

// rowsDefault is the limit of a page that says none.
const rowsDefault = 1000

// rows answers GET on a function's rows: a page of them as they are, or a feed of their changes.
func (s *Server) rows(w http.ResponseWriter, r *http.Request) {
	if form, live, err := readForm(r); err == nil && !live {
		s.rowsPage(w, r, form)
		return
	}
	s.readAs(w, r, "name", s.followingRows)
}

// followingRows reads the parameters of a feed of rows.
func (s *Server) followingRows(function string, p params, live bool) (reading, error) {
	q := reading{Query: edged.Query{Stream: function}, where: p.where}
	q.shape.Row = true
	p.checkForm(rowsFeedNames, rowsNames, "it is for pages: ask with Accept: application/json, or leave it out")
	q.Start = p.startOfRows(function)
	q.Match = p.match("prefix")
	q.Match.Filter = p.one("where")
	s.pace(&q, &p, live)
	return q, p.err
}

// checkForm is checkNames where there is another form with names of its own.
func (p *params) checkForm(names, others []string, why string) {
	for _, name := range others {
		if p.values.Has(name) && !slices.Contains(names, name) {
			p.refuse(edged.Invalid, name, nil, "%s", why)
		}
	}
	p.checkNames(names)
}

// startOfRows is where a feed of rows begins: with the present ones, unless it is told otherwise.
func (p *params) startOfRows(function string) edged.Start {
	text := p.one("cursor")
	if text == "" {
		if p.choice("from", "earliest", "latest") {
			return edged.Start{Kind: edged.Latest}
		}
		return edged.Start{Kind: edged.Earliest}
	}
	stream := edged.FunctionStream(function)
	if at, err := edged.ParseCursor(text); err == nil && isCut(&at) && at.Stream != stream {
		stream = at.Stream // of a query, which only its keeper can tell to be this function's
	}
	return p.cursor(text, stream, true)
}

// isCut says whether a cursor is a place in the rows of a function.
func isCut(at *edged.Cursor) bool {
	return strings.HasPrefix(at.Stream, edged.FunctionStream("")) || strings.HasPrefix(at.Stream, edged.PartialsStream(""))
}

func (s *Server) rowsPage(w http.ResponseWriter, r *http.Request, form string) {
	q, err := s.rowsWanted(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	page, err := s.parts.Functions.Rows(r.Context(), q)
	if err != nil {
		for _, name := range []string{"where", "window", "order_by", "page"} {
			err = placed(err, name, "query."+name)
		}
		s.fail(w, r, err)
		return
	}
	writeRows(w, form, appendRowPage(nil, form == typeMsgpack, &page))
}

// rowsWanted reads the parameters of a page of rows.
func (s *Server) rowsWanted(r *http.Request) (edged.RowsQuery, error) {
	name, err := nameIn(r, "name")
	if err != nil {
		return edged.RowsQuery{}, err
	}
	p, err := s.queryParams(r, false)
	if err != nil {
		return edged.RowsQuery{}, err
	}
	p.checkForm(rowsNames, rowsFeedNames, "it is for feeds: ask with Accept: text/event-stream or application/x-ndjson, or by a WebSocket")
	q := edged.RowsQuery{
		Function: name, Where: p.one("where"), Window: p.one("window"), OrderBy: p.one("order_by"),
		Limit: p.limit(s.opts.Limits.ReadEventsMax), Page: p.one("page"),
	}
	if q.Limit == 0 {
		q.Limit = min(rowsDefault, s.opts.Limits.ReadEventsMax)
	}
	if !isWindow(q.Window) {
		p.refuse(edged.Invalid, "window", cut(q.Window, 40),
			"want latest, open, all, or a time that is in the window: RFC 3339, or Unix milliseconds")
	}
	return q, p.err
}

func isWindow(text string) bool {
	switch text {
	case "", "latest", "open", "all":
		return true
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return true
	}
	_, err := time.Parse(time.RFC3339Nano, text)
	return err == nil
}

// appendRowPage appends the answer that a page of rows is.
func appendRowPage(b []byte, packed bool, page *edged.RowsPage) []byte {
	o := codec.Open(b, packed)
	o.Encoded("rows", encodedRows(packed, page.Rows))
	o.Text("cut", page.Cut)
	o.Text("digest", hex.EncodeToString(page.Digest[:]))
	if page.Watermark != 0 {
		o.Text("watermark", timeText(page.Watermark))
	}
	if page.Next != "" {
		o.Text("next", page.Next)
	}
	return o.Close()
}

// encodedRows is an array of rows, which come as JSON objects.
func encodedRows(packed bool, rows [][]byte) []byte {
	size := 8
	for _, row := range rows {
		size += len(row) + 1
	}
	b := make([]byte, 0, size)
	if packed {
		b = codec.AppendArrayLen(b, len(rows))
		for _, row := range rows {
			b = codec.AppendValue(b, row)
		}
		return b
	}
	b = append(b, '[')
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, row...)
	}
	return append(b, ']')
}

// writeRows writes an answer that may be as large as a page of events.
func writeRows(w http.ResponseWriter, form string, body []byte) {
	if form != typeMsgpack {
		body = append(body, '\n')
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pageWriteMax))
	writeBytes(w, form, http.StatusOK, body)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
}
