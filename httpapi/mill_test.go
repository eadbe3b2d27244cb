package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// mill keeps functions in memory. It knows one fault of SQL, a ?, and folds nothing: the rows of
// function f are what the shelf's stream $f.f has of them, a key and its newest row.
type mill struct {
	*cupboard
	funcs   map[string]edged.FunctionInfo
	how     edged.FunctionChange // of the last PUT
	rows    edged.RowsQuery      // the last that was asked for
	once    edged.OnceQuery
	waited  []string // cursors awaited: function and stream
	hold    bool     // a query waits for its ctx to end
	refusal error    // of Rows and QueryOnce
}

func newMill() *mill { return &mill{cupboard: newCupboard(), funcs: map[string]edged.FunctionInfo{}} }

// faultsOf refuses each ? of a text.
func faultsOf(text string) error {
	var fields []edged.Field
	for i, line := range strings.Split(text, "\n") {
		for at, c := range []rune(line) {
			if c == '?' {
				fields = append(fields, edged.Field{Location: "sql", Message: "There is no ?. Write the value.", Value: "?", Line: i + 1, Column: at + 1})
			}
		}
	}
	if fields == nil {
		return nil
	}
	return &edged.Refusal{Kind: edged.SQLInvalid, Detail: fmt.Sprintf("%d parts of the query are refused.", len(fields)), Fields: fields}
}

func (m *mill) PutFunction(_ context.Context, def edged.Function, how edged.FunctionChange) (edged.FunctionInfo, bool, error) {
	m.how = how
	if err := faultsOf(def.SQL); err != nil {
		return edged.FunctionInfo{}, false, err
	}
	_, found := m.funcs[def.Name]
	def.Created = time.Unix(1_700_000_000, 0)
	info := edged.FunctionInfo{
		Function: def, QueryID: strings.Repeat("7f", 16), Inputs: []string{"orders"}, Window: "tumble", Where: "mergeable",
		Columns: []edged.QueryColumn{{Name: "city", Type: "json"}, {Name: "n", Type: "integer"}},
		Explain: "function " + def.Name + "\n", State: "running", In: 9, Late: 1, Into: def.Options["into"], Restarted: how.Restart, Replaces: found,
		Origins: []edged.FunctionOrigin{{
			Origin: shelvedOrigin(), Region: "eu", Watermark: 1_700_000_000_000_000_000,
			Position: map[string]edged.Sequence{"orders/0": 9}, State: "live",
		}},
	}
	m.funcs[def.Name] = info
	if !found {
		m.put(edged.FunctionStream(def.Name))
	}
	return info, !found, nil
}

func (m *mill) Function(name string) (edged.FunctionInfo, error) {
	info, ok := m.funcs[name]
	if !ok {
		return info, edged.Refuse(edged.FunctionNotFound, "no function %q here", name)
	}
	return info, nil
}

func (m *mill) ListFunctions(after string, limit int) ([]edged.FunctionInfo, error) {
	var out []edged.FunctionInfo
	for _, name := range slices.Sorted(maps.Keys(m.funcs)) {
		if name > after && len(out) < limit {
			out = append(out, m.funcs[name])
		}
	}
	return out, nil
}

func (m *mill) DeleteFunction(_ context.Context, name string) error {
	if _, err := m.Function(name); err != nil {
		return err
	}
	delete(m.funcs, name)
	m.drop(edged.FunctionStream(name))
	return nil
}

func (m *mill) Rows(_ context.Context, q edged.RowsQuery) (edged.RowsPage, error) {
	m.rows = q
	info, err := m.Function(q.Function)
	if err != nil {
		return edged.RowsPage{}, err
	}
	switch {
	case m.refusal != nil:
		return edged.RowsPage{}, m.refusal
	case info.Into != "":
		return edged.RowsPage{}, edged.Refuse(edged.Conflict, "the outputs go into the stream %q; read that", info.Into)
	case strings.Contains(q.Where, "?"):
		return edged.RowsPage{}, edged.RefuseField(edged.FilterInvalid, "where", "?", "there is no ?")
	}
	stream := edged.FunctionStream(q.Function)
	m.mu.Lock()
	of := m.shelf.streams[stream]
	page := edged.RowsPage{Cut: cursorAt(stream, of.head).String(), Digest: edged.Sum{0xef}, Watermark: 1_700_000_060_000_000_000}
	newest := map[string][]byte{}
	for _, run := range of.runs {
		for i := range run.events {
			newest[run.events[i].Key] = run.events[i].Data
		}
	}
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		if key > q.Page && len(page.Rows) == q.Limit {
			page.Next = fmt.Sprint(q.Page, len(page.Rows))
			break
		}
		page.Rows = append(page.Rows, newest[key])
	}
	return page, nil
}

func (m *mill) RowChanges(q edged.Query, wake func()) (edged.Feed, error) {
	if _, err := m.Function(q.Stream); err != nil {
		return nil, err
	}
	if at := q.Start.Cursor.Stream; at != "" && at != edged.FunctionStream(q.Stream) {
		return nil, edged.RefuseField(edged.BadCursor, "cursor", nil, "it is of another function")
	}
	q.Stream = edged.FunctionStream(q.Stream)
	return m.Follow(q, wake)
}

func (m *mill) Completeness(name string) (edged.Completeness, error) {
	info, err := m.Function(name)
	away := edged.FunctionOrigin{Origin: edged.Origin{Label: "us", ID: edged.OriginID{2}}, Region: "us", State: "unreachable"}
	return edged.Completeness{Origins: append(info.Origins, away)}, err
}

func (m *mill) QueryOnce(ctx context.Context, q edged.OnceQuery) (edged.OnceAnswer, error) {
	m.once = q
	if m.hold {
		<-ctx.Done()
		return edged.OnceAnswer{}, ctx.Err()
	}
	if err := faultsOf(q.SQL); err != nil || m.refusal != nil {
		return edged.OnceAnswer{}, errorOf(err, m.refusal)
	}
	return edged.OnceAnswer{
		Columns: []edged.QueryColumn{{Name: "city", Type: "json"}, {Name: "n", Type: "integer"}},
		Rows:    [][]byte{[]byte(`{"city":"Oslo","n":` + strconv.Itoa(q.Limit) + `}`), []byte(`{"city":null,"n":1}`)},
		Cut:     cursorAt("orders", 9).String(), Truncated: true,
	}, nil
}

func errorOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mill) AwaitRows(_ context.Context, function string, at edged.Cursor) error {
	m.waited = append(m.waited, function+" "+at.Stream)
	return nil
}

func (m *mill) server(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := New(Parts{Streams: m, Catalog: m, Collections: m, Entries: m, Functions: m, Cluster: m, Health: m, Metrics: m}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const citiesSQL = "SELECT city, COUNT(*) AS n FROM orders GROUP BY city"

// cities is a server with the function cities.
func cities(t testing.TB) (*mill, http.Handler) {
	t.Helper()
	m := newMill()
	h := m.server(t, Options{}).Handler()
	if w := ask(h, http.MethodPut, "/v1/functions/cities", citiesSQL, "Content-Type", typeSQL); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return m, h
}

// counted puts rows of cities: NAME=COUNT.
func (m *mill) counted(texts ...string) {
	for _, text := range texts {
		city, n, _ := strings.Cut(text, "=")
		m.put("$f.cities", fmt.Sprintf(`%s={"city":%q,"n":%s,"_status":"provisional","_revision":%s}`, city, city, n, n))
	}
}
