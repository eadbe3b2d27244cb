package edged_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

// TestHouse holds the tree to the rules of the house. It parses; it builds nothing, and so takes
// milliseconds. TestHouseSeesBreaches plants a breach of each rule and wants it found.
func TestHouse(t *testing.T) {
	h, err := readHouse(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range h.breaches() {
		t.Error(b)
	}
}

// rule is one law of the house: what it asks, why, and how it is looked for.
type rule struct {
	name   string
	reason string
	check  func(h *house, say func(at, what string, args ...any))
}

// rules are all of them. The reason is part of every failure.
func rules() []rule {
	return []rule{
		{"top level", "everything lives in one of these, so that a newcomer reads the map once", checkTop},
		{"ground", "everyone stands on the root package, so it stands on nothing but the standard library", checkGround},
		{"pillars", "ties between pillars are seams, listed in cmd/edged/node/plugs.go", checkPillars},
		{"towers", "what keeps events and what computes on them are tied by seams, so each is tested alone", checkTowers},
		{"roof", "only the roof, cmd/edged/node and below, sees more than one pillar; there the wiring is read in one place", checkRoof},
		{"outside", "loadtest drives nodes over HTTP only: what it proves, it proves from where users stand", checkLoadtest},
		{"support", "what is written for tests is no part of the binary that users run", checkSupport},
		{"addresses", "an outside package has one address: to replace or guard it is work in one folder", checkAddresses},
		{"pure", "pure packages run in a simulator, byte for byte the same: time and bytes are handed in, the caller guards", checkPure},
		{"comment", "a comment that is not attached to the clause, or is not there, leaves `go doc` with nothing to show", checkComment},
		{"size", "the coordinator that outgrew its file is what spoils good trees", checkSize},
		{"state", "state has an owner: no init, and package-level var only for `var _ Seam`, errors, and tables marked // read-only", checkState},
		{"names", "a name that fits everything says nothing", checkNames},
	}
}

// house is the tree as the rules see it.
type house struct {
	module  string
	top     []fs.DirEntry // what the top level holds, less what .gitignore names
	sources []*source
}

// source is one Go file.
type source struct {
	path      string // from the root, with slashes
	dir       string // its package's folder; "." is the root
	lines     int
	test      bool
	generated bool
	syntax    *ast.File
	fset      *token.FileSet
	imports   []string
}

// breaches runs every rule.
func (h *house) breaches() []string {
	var found []string
	for _, r := range rules() {
		r.check(h, func(at, what string, args ...any) {
			found = append(found, fmt.Sprintf("%s: %s (rule %q: %s)", at, fmt.Sprintf(what, args...), r.name, r.reason))
		})
	}
	return found
}

// readHouse parses every Go file of the tree.
func readHouse(tree fs.FS) (*house, error) {
	mod, err := fs.ReadFile(tree, "go.mod")
	if err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(mod), "\n")
	h := &house{module: strings.TrimSpace(strings.TrimPrefix(first, "module "))}
	if h.top, err = topLevel(tree); err != nil {
		return nil, err
	}
	for _, e := range h.top {
		err := fs.WalkDir(tree, e.Name(), func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
				return fs.SkipDir
			case d.IsDir() || path.Ext(name) != ".go":
				return nil
			}
			s, err := readSource(tree, name)
			h.sources = append(h.sources, s)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return h, nil
}

// topLevel lists the top level without what .gitignore names: a node's data, a built binary.
func topLevel(tree fs.FS) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}
	ignore, _ := fs.ReadFile(tree, ".gitignore")
	ignored := func(name string) bool {
		for line := range strings.Lines(string(ignore)) {
			pattern := strings.Trim(strings.TrimSpace(line), "/")
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
		return false
	}
	var top []fs.DirEntry
	for _, e := range entries {
		if !ignored(e.Name()) {
			top = append(top, e)
		}
	}
	return top, nil
}

func readSource(tree fs.FS, name string) (*source, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s := &source{
		path: name, dir: path.Dir(name), lines: strings.Count(string(text), "\n"),
		test: strings.HasSuffix(name, "_test.go"), generated: ast.IsGenerated(syntax), syntax: syntax, fset: fset,
	}
	for _, spec := range syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		s.imports = append(s.imports, p)
	}
	return s, nil
}

// at is a place in the file, for messages.
func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// product gives the files whose imports the rules bind: all but tests.
func (h *house) product() []*source {
	var out []*source
	for _, s := range h.sources {
		if !s.test {
			out = append(out, s)
		}
	}
	return out
}

// inside returns the folder of an import of this module, "." for the root.
func (h *house) inside(imported string) (dir string, ok bool) {
	if imported == h.module {
		return ".", true
	}
	return strings.CutPrefix(imported, h.module+"/")
}

// standard says whether the import is the standard library's.
func (h *house) standard(imported string) bool {
	if _, ok := h.inside(imported); ok || imported == "C" {
		return false
	}
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// under says whether dir is one of the folders or below it.
func under(dir string, folders ...string) bool {
	for _, f := range folders {
		if dir == f || strings.HasPrefix(dir, f+"/") {
			return true
		}
	}
	return false
}
