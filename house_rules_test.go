package edged_test

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// folders are what the top level may hold besides the root package's files.
func folders() []string {
	return append(pillars(), "cmd", "deploy", "loadtest", "testdata")
}

func pillars() []string { return []string{"streams", "replication", "crdt", "httpapi", "gossip"} }

// computing is the tower of streams that works on events; all else in streams keeps them.
func computing() []string {
	return []string{
		"streams/function", "streams/plan", "streams/sql", "streams/expr", "streams/window",
		"streams/aggregate", "streams/pattern", "streams/guest",
	}
}

// pure lists the packages that only think.
func pure() []string {
	return []string{
		".", "streams/block", "streams/sql", "streams/expr", "streams/window", "streams/aggregate", "streams/aggregate/sketch",
		"streams/pattern", "streams/plan", "crdt", "crdt/hlc", "crdt/crdttest", "crdt/partition", "crdt/sketch",
		"replication/session", "replication/wire", "replication/roster", "httpapi/jsonscan", "httpapi/packscan",
	}
}

// address is where an outside package may be imported.
type address struct {
	pkg     string
	folders []string
	reason  string
}

// addresses are all of them, a line and a reason each. A package below pkg counts as pkg.
func addresses() []address {
	return []address{
		{"github.com/hashicorp/memberlist", []string{"gossip"}, "membership is one machine"},
		{"github.com/quic-go/quic-go", []string{"replication/transport", "httpapi"}, "the one UDP port, and HTTP/3 at the door"},
		{"github.com/cockroachdb/pebble/v2", []string{"streams/storage"}, "the one database"},
		{"github.com/klauspost/compress", []string{"streams/block", "httpapi"}, "a block is compressed once, a body inflated at the door"},
		{"github.com/vmihailenco/msgpack/v5", []string{"replication/wire", "crdt", "streams/function", "httpapi"}, "wire forms; lengths are checked before it reads"},
		{"github.com/go-chi/chi/v5", []string{"httpapi"}, "routes are the door's"},
		{"github.com/gobwas/ws", []string{"httpapi"}, "frames are prepared by the door and read by its client"},
		{"github.com/danielgtaylor/huma/v2", []string{"httpapi"}, "OpenAPI from the code's own types"},
		{"github.com/tetratelabs/wazero", []string{"streams/guest"}, "user code has one sandbox"},
		{"github.com/spf13/cobra", []string{"cmd/edged"}, "the command line"},
		{"github.com/spf13/pflag", []string{"cmd/edged"}, "the command line"},
		{"go.yaml.in/yaml/v3", []string{"cmd/edged"}, "configuration meets in one place"},
		{"modernc.org/sqlite", []string{"loadtest/nexmark/reference"}, "a judge of queries that shares no code with them"},
	}
}

type say = func(at, what string, args ...any)

func checkTop(h *house, say say) {
	for _, e := range h.top {
		name := e.Name()
		ok := strings.HasPrefix(name, ".")
		if e.IsDir() {
			ok = ok || slices.Contains(folders(), name)
		} else {
			ok = ok || slices.Contains([]string{"go.mod", "go.sum", "Makefile", "LICENSE", "NOTICE"}, name) ||
				path.Ext(name) == ".go" || path.Ext(name) == ".md"
		}
		if !ok {
			say(name, "has no place at the top level")
		}
	}
	for _, s := range h.sources {
		if under(s.dir, "cmd") && !under(s.dir, "cmd/edged") {
			say(s.path, "cmd holds edged and nothing else")
		}
	}
}

func checkGround(h *house, say say) {
	for _, s := range h.product() {
		for _, p := range s.imports {
			if s.dir == "." && !h.standard(p) {
				say(s.path, "the root package imports %s", p)
			}
		}
	}
}

func checkPillars(h *house, say say) {
	h.eachInside(func(s *source, dir string) {
		own := pillarOf(s.dir)
		if own != "" && dir != "." && pillarOf(dir) != own {
			say(s.path, "%s imports %s; declare a small interface of root words where it is used", own, dir)
		}
	})
}

func checkTowers(h *house, say say) {
	h.eachInside(func(s *source, dir string) {
		if pillarOf(s.dir) == "streams" && pillarOf(dir) == "streams" &&
			under(s.dir, computing()...) != under(dir, computing()...) {
			say(s.path, "%s and %s stand in different towers", s.dir, dir)
		}
	})
}

func checkRoof(h *house, say say) {
	seen := map[string]string{}
	h.eachInside(func(s *source, dir string) {
		p := pillarOf(dir)
		if p == "" || pillarOf(s.dir) != "" || under(s.dir, "cmd/edged/node") {
			return
		}
		if was := seen[s.dir]; was != "" && was != p {
			say(s.path, "%s sees %s and %s", s.dir, was, p)
		}
		seen[s.dir] = p
	})
}

func checkLoadtest(h *house, say say) {
	h.eachInside(func(s *source, dir string) {
		if under(s.dir, "loadtest") && dir != "." && !under(dir, "loadtest", "httpapi/client") && !support(dir) {
			say(s.path, "loadtest imports %s; of the house it knows root, httpapi/client and packages for tests", dir)
		}
	})
}

func checkSupport(h *house, say say) {
	h.eachInside(func(s *source, dir string) {
		if support(dir) && !support(s.dir) && !under(s.dir, "cmd/edged/node", "loadtest") {
			say(s.path, "imports %s, which is for tests, cmd/edged/node and loadtest", dir)
		}
	})
}

// support says whether a package is there for tests.
func support(dir string) bool {
	return dir == "loadtest/story" || dir != "loadtest" && strings.HasSuffix(dir, "test")
}

func checkAddresses(h *house, say say) {
	for _, s := range h.product() {
		for _, p := range s.imports {
			if _, ok := h.inside(p); ok || h.standard(p) {
				continue
			}
			at := slices.IndexFunc(addresses(), func(a address) bool { return under(p, a.pkg) })
			if at < 0 {
				say(s.path, "%s has no address; give it one, with a reason, in house_rules_test.go", p)
				continue
			}
			if a := addresses()[at]; !under(s.dir, a.folders...) {
				say(s.path, "%s belongs in %s: %s", p, strings.Join(a.folders, " or "), a.reason)
			}
		}
	}
}

func checkPure(h *house, say say) {
	for _, s := range h.product() {
		if !slices.Contains(pure(), s.dir) {
			continue
		}
		for _, p := range s.imports {
			dir, ours := h.inside(p)
			if ours && !slices.Contains(pure(), dir) {
				say(s.path, "a pure package imports %s, which is a machine", dir)
			}
			if under(p, "os", "net/http", "log", "math/rand") || p == "net" || p == "sync" {
				say(s.path, "a pure package imports %s", p)
			}
		}
		checkThinks(s, say)
	}
}

// checkThinks looks for goroutines and for questions to the clock.
func checkThinks(s *source, say say) {
	asks := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	clock := ""
	for _, i := range s.syntax.Imports {
		if i.Path.Value == `"time"` {
			if clock = "time"; i.Name != nil {
				clock = i.Name.Name
			}
		}
	}
	if clock == "." {
		say(s.path, "import time by its name, so that questions to the clock are seen")
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			say(s.at(n), "a pure package starts a goroutine")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(asks, n.Sel.Name) {
				say(s.at(n), "a pure package calls time.%s; let the caller hand the time in", n.Sel.Name)
			}
		}
		return true
	})
}

func checkComment(h *house, say say) {
	commented, first := map[string]bool{}, map[string]*source{}
	for _, s := range h.product() {
		if first[s.dir] == nil {
			first[s.dir] = s
		}
		if s.syntax.Doc != nil && strings.TrimSpace(s.syntax.Doc.Text()) != "" {
			commented[s.dir] = true
		}
	}
	for dir, s := range first {
		if !commented[dir] {
			say(s.path, "package %s has no comment attached to its clause", s.syntax.Name.Name)
		}
	}
}

const (
	fileLines     = 500
	functionLines = 70
)

func checkSize(h *house, say say) {
	for _, s := range h.sources {
		if s.generated {
			continue
		}
		if s.lines >= fileLines {
			say(s.path, "%d lines; a file stays under %d: which noun wants out?", s.lines, fileLines)
		}
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines >= functionLines {
				say(s.at(f), "func %s has %d lines; a function stays under %d", f.Name.Name, lines, functionLines)
			}
		}
	}
}

func checkState(h *house, say say) {
	for _, s := range h.sources {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				say(s.at(f), "func init")
			}
			// Tests declare flags and keep results of benchmarks in variables.
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && !s.test {
				for _, spec := range g.Specs {
					checkVar(s, spec.(*ast.ValueSpec), say)
				}
			}
		}
	}
}

func checkVar(s *source, v *ast.ValueSpec, say say) {
	marked := s.marked(v)
	for i, name := range v.Names {
		var value ast.Expr
		if i < len(v.Values) {
			value = v.Values[i]
		}
		switch {
		case name.Name == "_" || makesError(v.Type, value):
		case guards(v.Type) || guards(value):
			say(s.at(name), "var %s is shared state; give it to the struct that needs it", name.Name)
		case !marked:
			say(s.at(name), "var %s is no seam, no error, and no table marked // read-only", name.Name)
		}
	}
}

// marked says whether // read-only stands behind the variable: on its first line or its last.
func (s *source) marked(v *ast.ValueSpec) bool {
	first, last := s.fset.Position(v.Pos()).Line, s.fset.Position(v.End()).Line
	return slices.ContainsFunc(s.syntax.Comments, func(c *ast.CommentGroup) bool {
		line := s.fset.Position(c.Pos()).Line
		return (line == first || line == last) && strings.HasPrefix(c.Text(), "read-only")
	})
}

// makesError says whether the variable is an error value.
func makesError(kind, value ast.Expr) bool {
	if id, ok := kind.(*ast.Ident); ok && id.Name == "error" {
		return true
	}
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	at, name := selector(call.Fun)
	return at == "errors" && name == "New" || at == "fmt" && name == "Errorf"
}

// guards says whether an expression is a type, or a literal of a type, that exists to be changed.
func guards(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.CompositeLit:
		return guards(x.Type)
	case *ast.UnaryExpr:
		return guards(x.X)
	case *ast.StarExpr:
		return guards(x.X)
	case *ast.IndexExpr:
		return guards(x.X)
	case *ast.ChanType:
		return true
	}
	at, _ := selector(e)
	return at == "sync" || at == "atomic"
}

// selector takes x.y apart.
func selector(e ast.Expr) (x, y string) {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if id, ok := s.X.(*ast.Ident); ok {
			return id.Name, s.Sel.Name
		}
	}
	return "", ""
}

func checkNames(h *house, say say) {
	empty := []string{"util", "utils", "common", "helper", "helpers", "types", "models", "base", "misc"}
	for _, s := range h.sources {
		if slices.Contains(empty, s.syntax.Name.Name) || slices.Contains(empty, path.Base(s.dir)) {
			say(s.path, "package %s; call it by the noun it holds", s.syntax.Name.Name)
		}
	}
}

// eachInside calls yield for every import of one package of this module by another, tests aside.
func (h *house) eachInside(yield func(s *source, dir string)) {
	for _, s := range h.product() {
		for _, p := range s.imports {
			if dir, ok := h.inside(p); ok {
				yield(s, dir)
			}
		}
	}
}

// pillarOf is the pillar that a folder belongs to, "" for none.
func pillarOf(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	if slices.Contains(pillars(), first) {
		return first
	}
	return ""
}
