package httpapi

import (
	"bytes"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// statementBytesMax bounds a body that brings SQL: a text of 64 KiB with its escapes, and options.
const statementBytesMax = 256 << 10

// typeSQL is the content type of a body that is the text of a query and nothing else.
const typeSQL = "application/sql"

// statement is a body that brings SQL, and how.
type statement struct {
	body []byte
	form string // typeJSON, typeMsgpack or typeSQL
}

// readStatement takes a request's body and finds out what it is.
func (s *Server) readStatement(w http.ResponseWriter, r *http.Request) (statement, error) {
	given := r.Header.Get("Content-Type")
	form, err := statementForm(given)
	if err != nil {
		return statement{}, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // unsupported in tests
	body, err := s.readBody(new(bodyRoom), r, statementBytesMax, func(size int64) error {
		return &edged.Refusal{
			Kind: edged.TooLarge, Limit: statementBytesMax, Size: max(size, statementBytesMax+1),
			Detail: "the body is larger than the 256 KiB that one with a query may have",
		}
	})
	return statement{body, form}, err
}

// statementForm tells the forms apart. What curl -d says of any body is taken for JSON.
func statementForm(given string) (string, error) {
	media, params, err := mime.ParseMediaType(given)
	switch {
	case given == "", err == nil && media == typeForm:
		return typeJSON, nil
	case err == nil && isMsgpack(media):
		return typeMsgpack, nil
	case err == nil && (media == typeJSON || media == typeSQL) && utf8Charset(params):
		return media, nil
	}
	return "", edged.RefuseField(edged.UnsupportedMediaType, "header.Content-Type", cut(given, 100),
		"want application/json or application/sql in UTF-8, or application/msgpack")
}

// each calls take with each member of the body; a bare text is the member sql.
func (st *statement) each(take func(name string, m member)) (err error) {
	switch {
	case st.form == typeSQL:
		take("sql", member{kind: textMember, text: string(st.body)})
		return nil
	case st.form == typeMsgpack:
		err = eachPacked(st.body, take)
	default:
		if _, err = jsonscan.Check(st.body); err == nil {
			err = eachJSON(st.body, take)
		}
	}
	switch {
	case err == nil:
		return nil
	case st.form == typeJSON && !bytes.HasPrefix(bytes.TrimSpace(st.body), []byte{'{'}):
		return edged.Refuse(edged.BadRequest,
			`the body is not JSON such as {"sql":"SELECT ..."}; the text of a query alone comes with Content-Type: application/sql`)
	}
	return edged.Refuse(edged.BadRequest, "the body cannot be read: %v", err)
}

// optionNames are the options of a function, as in the WITH of its text.
var optionNames = []string{ // read-only
	"backfill", "dead", "exclude_after", "idle", "into", "late", "lateness", "max_keys", "out_of_orderness", "retain", "revise_within", "scope",
}

// definitionNames are all members of a definition.
var definitionNames = append([]string{"sql", "restart", "replace"}, optionNames...) // read-only

// definition gathers what a body says of a function, and what is wrong with it.
type definition struct {
	sql     string
	options map[string]string
	how     edged.FunctionChange
	faults
}

// function reads the definition that a body is.
func (st *statement) function(name string) (edged.Function, edged.FunctionChange, error) {
	d := definition{options: map[string]string{}}
	if err := st.each(d.take); err != nil {
		return edged.Function{}, d.how, err
	}
	if d.sql == "" && len(d.list) == 0 {
		d.add("sql", nil, `is missing; want the text of a query, such as "SELECT city, COUNT(*) AS n FROM orders GROUP BY city"`)
	}
	return edged.Function{Name: name, SQL: d.sql, Options: d.options}, d.how, refuseFields(d.list)
}

func (d *definition) take(name string, m member) {
	switch {
	case name == "sql":
		d.sql = d.text(name, &m)
	case name == "javascript", name == "wasm_base64", name == "key":
		d.add(name, nil, "is planned for phase 3 and not in this build; want sql")
	case name == "restart":
		d.how.Restart = d.truth(name, &m)
	case name == "replace":
		if d.how.Now = m.kind == textMember && m.text == "now"; !d.how.Now {
			d.add(name, shown(&m), `want "now"; without it the new query is shown once it has reached the old one`)
		}
	case slices.Contains(optionNames, name):
		d.options[name] = d.option(name, &m)
	default:
		d.unknown(name, definitionNames)
	}
}

// onceBody gathers what a body says of a query over the past.
type onceBody struct {
	query   edged.OnceQuery
	timeout time.Duration
	rowsMax int
	timeMax time.Duration
	faults
}

// Without a word about it, a query over the past gives so many rows and takes so long.
const (
	onceRowsDefault = 1000
	onceTimeDefault = 30 * time.Second
)

// once reads the query that a body is.
func (st *statement) once(limits *Limits) (edged.OnceQuery, time.Duration, error) {
	o := onceBody{rowsMax: limits.ReadEventsMax, timeMax: limits.WaitMax}
	o.query.Limit, o.timeout = min(onceRowsDefault, o.rowsMax), min(onceTimeDefault, o.timeMax)
	if err := st.each(o.take); err != nil {
		return o.query, 0, err
	}
	if o.query.SQL == "" && len(o.list) == 0 {
		o.add("sql", nil, `is missing; want the text of a query, such as "SELECT COUNT(*) AS n FROM orders"`)
	}
	err := refuseFields(o.list)
	if _, bad := edged.ParseCursor(o.query.Cut); err == nil && o.query.Cut != "" && bad != nil {
		err = edged.RefuseField(edged.BadCursor, "body.cut", nil, "it is not whole; pass on the cut of an answer exactly as a node gave it")
	}
	return o.query, o.timeout, err
}

func (o *onceBody) take(name string, m member) {
	switch name {
	case "sql":
		o.query.SQL = o.text(name, &m)
	case "limit":
		n, ok := m.whole()
		if !ok || n < 1 || n > o.rowsMax {
			o.add(name, shown(&m), "want a number of rows from 1 to %d", o.rowsMax)
			return
		}
		o.query.Limit = n
	case "timeout":
		d, err := time.ParseDuration(m.text)
		if m.kind != textMember || err != nil || d <= 0 || d > o.timeMax {
			o.add(name, shown(&m), "want a duration such as 250ms or 10s, at most %s", durationText(o.timeMax))
			return
		}
		o.timeout = d
	case "cut":
		o.query.Cut = o.text(name, &m)
	default:
		o.unknown(name, []string{"sql", "limit", "timeout", "cut"})
	}
}

// faults gathers what is wrong with the members of a body: the first of it.
type faults struct{ list []edged.Field }

func (f *faults) full() bool {
	const most = 20
	return len(f.list) == most
}

func (f *faults) add(name string, value any, why string, args ...any) {
	if !f.full() {
		one := edged.RefuseField(edged.Invalid, "body."+cut(name, 100), value, why, args...)
		f.list = append(f.list, one.Fields...)
	}
}

func (f *faults) unknown(name string, words []string) {
	if !f.full() {
		f.add(name, nil, "unknown field; %s", suggest(name, words))
	}
}

// text is the value of a member that is a text with something in it.
func (f *faults) text(name string, m *member) string {
	switch {
	case m.kind != textMember:
		f.add(name, nil, "want a string")
	case !utf8.ValidString(m.text):
		f.add(name, nil, "want text in UTF-8")
	case strings.TrimSpace(m.text) == "":
		f.add(name, nil, "want a text that is not empty")
	}
	return m.text
}

func (f *faults) truth(name string, m *member) bool {
	if m.kind != truthMember {
		f.add(name, shown(m), "want true or false")
	}
	return m.text == "true"
}

// option is the text of an option that may be written as a string, a number or a truth value.
func (f *faults) option(name string, m *member) string {
	if m.kind == numberMember || m.kind == truthMember {
		return m.text
	}
	return f.text(name, m)
}

// whole is the value of a member that is a whole number, however it is written.
func (m *member) whole() (n int, ok bool) {
	const most = 1 << 31
	f, err := strconv.ParseFloat(m.text, 64)
	ok = m.kind == numberMember && err == nil && f == math.Trunc(f) && math.Abs(f) < most
	if !ok {
		return 0, false
	}
	return int(f), true
}

// shown is a value as a refusal repeats it.
func shown(m *member) any {
	if m.text == "" {
		return nil
	}
	return cut(strings.ToValidUTF8(m.text, "�"), 100)
}
