package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// TestEveryKindHasAnOutcome reads the kinds where they are declared.
func TestEveryKindHasAnOutcome(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../kind.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Kind" {
			return true
		}
		word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		n++
		out, ok := outcomes[edged.Kind(word)]
		if !ok || out.title == "" || http.StatusText(out.status) == "" || out.stored == "" {
			t.Errorf("%s has no outcome: %+v", word, out)
		}
		if (out.stored == storedUnknown) != (out.status == http.StatusGatewayTimeout) {
			t.Errorf("%s: only a 504 leaves it open whether anything is stored: %+v", word, out)
		}
		return true
	})
	if n == 0 || n != len(outcomes) {
		t.Errorf("%d kinds, %d outcomes", n, len(outcomes))
	}
}

func TestProblemOf(t *testing.T) {
	full := &edged.Refusal{
		Kind: edged.TooLarge, Detail: `a "b" <c>`, Limit: 1, Size: 2,
		Fields: []edged.Field{{Location: "body", Message: "m", Value: strings.Repeat("x", 300)}, {Location: "b", Message: "n", Value: []int{1}}},
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("streams: x: %w", full), `{"type":"/docs#too_large","title":"Too large","status":413,"detail":"a \"b\" <c>","code":"too_large","retryable":false,"stored":false,"limit":1,"size":2,"errors":[{"location":"body","message":"m","value":"` + strings.Repeat("x", 200) + `…"},{"location":"b","message":"n","value":[1]}]}`},
		{fmt.Errorf("streams: append: %w", edged.DiskFull), `{"type":"/docs#disk_full","title":"The disk is full","status":507,"detail":"streams: append: disk_full","code":"disk_full","retryable":true,"stored":false}`},
		{&edged.Refusal{Kind: edged.AckTimeout, Detail: "d", Reached: "disk"}, `{"type":"/docs#ack_timeout","title":"Not confirmed in time","status":504,"detail":"d","code":"ack_timeout","retryable":true,"stored":"unknown","reached":"disk"}`},
		{&edged.Refusal{Kind: edged.CursorExpired, Detail: "d", Earliest: "AB"}, `{"type":"/docs#cursor_expired","title":"The cursor is older than what is kept","status":410,"detail":"d","code":"cursor_expired","retryable":false,"stored":false,"cursor":"AB"}`},
		{errors.New("a secret"), `{"type":"/docs#internal","title":"A fault of the node","status":500,"detail":"The node met a fault of its own; its log says more.","code":"internal","retryable":true,"stored":false}`},
		{fmt.Errorf("a secret: %w", edged.Internal), `{"type":"/docs#internal","title":"A fault of the node","status":500,"detail":"The node met a fault of its own; its log says more.","code":"internal","retryable":true,"stored":false}`},
		{edged.Refuse("unheard_of", "d"), `{"type":"/docs#internal","title":"A fault of the node","status":500,"detail":"d","code":"internal","retryable":true,"stored":false}`},
		{context.DeadlineExceeded, `{"type":"/docs#unavailable","title":"Not available now","status":503,"detail":"The answer was not ready in time; ask again.","code":"unavailable","retryable":true,"stored":false}`},
	} {
		p := problemOf(c.err)
		if got := string(p.appendJSON(nil)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		var plain, packed any
		if err := errors.Join(json.Unmarshal([]byte(c.want), &plain), msgpack.Unmarshal(p.appendMsgpack([]byte{}), &packed)); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(packed)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &packed); err != nil || !reflect.DeepEqual(packed, plain) {
			t.Errorf("msgpack %v, JSON %v", packed, plain)
		}
	}
}

func TestProblemForms(t *testing.T) {
	h := newFake().server(t, Options{}).Handler()
	w := ask(h, http.MethodGet, "/nothing", "", "Accept", "application/msgpack")
	if got := w.Header().Get("Content-Type"); got != typeProblemMsgpack {
		t.Errorf("content type %q", got)
	}
	if w := ask(h, http.MethodGet, "/nothing", "", "Accept", "text/html"); w.Header().Get("Content-Type") != typeProblem {
		t.Errorf("a problem has a form whatever is accepted: %v", w.Header())
	}
	if w := ask(h, http.MethodHead, "/nothing", ""); w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %s", w.Code, w.Body)
	}
}

func TestKindsReachTheClient(t *testing.T) {
	f := newFake()
	h := f.server(t, Options{}).Handler()
	for kind, out := range outcomes {
		f.err = fmt.Errorf("streams: %w", kind)
		w := ask(h, http.MethodPut, "/v1/streams/a", "")
		checkProblem(t, string(kind), w.Header(), w.Body.Bytes(), out.status, string(kind))
		if again := w.Header().Get("Retry-After") != ""; again != (out.status == 429 || out.status == 503) {
			t.Errorf("%s: Retry-After %v", kind, again)
		}
		if strings.Contains(w.Body.String(), `"stored"`) {
			t.Errorf("%s: a PUT stores no events: %s", kind, w.Body)
		}
	}
}

// TestLogIsQuiet holds repeats of a fault to a few lines a second.
func TestLogIsQuiet(t *testing.T) {
	var lines lineCount
	f := newFake()
	f.err = errors.New("boom")
	h := f.server(t, Options{Log: slog.New(slog.NewTextHandler(&lines, nil)), Now: fixedNow}).Handler()
	for range 100 {
		if w := ask(h, http.MethodPut, "/v1/streams/a", ""); w.Code != 500 || strings.Contains(w.Body.String(), "boom") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if lines != 5 {
		t.Errorf("%d lines", lines)
	}
}

type lineCount int

func (n *lineCount) Write(b []byte) (int, error) {
	*n += lineCount(strings.Count(string(b), "\n"))
	return len(b), nil
}
