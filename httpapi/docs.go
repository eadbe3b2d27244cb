package httpapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/edgedhq/edged"
)

// docs serves the OpenAPI document as a page. It is written out on each request: it is read by
// people, seldom, and nothing is kept of it in between.
func (s *Server) docs(w http.ResponseWriter, _ *http.Request) {
	page := docsPage{schemas: map[string]*huma.Schema{}}
	page.write(describe(s.table, s.opts.Version))
	style := sha256.Sum256([]byte(docsStyle))
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-"+
		base64.StdEncoding.EncodeToString(style[:])+"'")
	h.Set("Cache-Control", "no-cache")
	writeBytes(w, typeHTML, http.StatusOK, page.Bytes())
}

const docsStyle = `:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 20%,transparent)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h2{margin-top:3rem;border-bottom:1px solid var(--line)}h3{margin-top:2rem}
code{font:.92em ui-monospace,monospace}
pre{overflow:auto}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-top:1px solid var(--line)}
nav ul{columns:2;list-style:none;padding:0}
b{display:inline-block;min-width:4.5rem}`

// docsPage builds the page. Everything that comes from the document is escaped.
type docsPage struct {
	bytes.Buffer
	schemas map[string]*huma.Schema
}

func (p *docsPage) write(doc *huma.OpenAPI) {
	p.schemas = doc.Components.Schemas.Map()
	p.put(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
		`<title>edged: the HTTP contract</title><style>`, docsStyle, `</style></head><body><h1>edged</h1><p>`,
		html.EscapeString(doc.Info.Description), `</p><p>Version `, html.EscapeString(doc.Info.Version),
		`. For machines: <a href="/openapi.json">/openapi.json</a>.</p>`)
	p.contents(doc)
	for _, tag := range doc.Tags {
		p.put(`<h2>`, html.EscapeString(tag.Name), `</h2><p>`, html.EscapeString(tag.Description), `</p>`)
		for _, o := range operationsOf(doc, tag.Name) {
			p.operation(o)
		}
	}
	p.put(`<h2 id="forms">Forms</h2>`)
	for _, name := range slices.Sorted(maps.Keys(p.schemas)) {
		p.form(name, p.schemas[name])
	}
	p.codes()
	p.put(`</body></html>`)
}

func (p *docsPage) put(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// docsOperation is an operation with where it stands.
type docsOperation struct {
	method, path string
	*huma.Operation
}

func operationsOf(doc *huma.OpenAPI, tag string) []docsOperation {
	var out []docsOperation
	for path, item := range doc.Paths {
		for _, o := range []docsOperation{
			{"GET", path, item.Get}, {"PUT", path, item.Put}, {"POST", path, item.Post}, {"DELETE", path, item.Delete},
		} {
			if o.Operation != nil && slices.Contains(o.Tags, tag) {
				out = append(out, o)
			}
		}
	}
	slices.SortFunc(out, func(a, b docsOperation) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.method, b.method))
	})
	return out
}

func (p *docsPage) contents(doc *huma.OpenAPI) {
	p.put(`<nav><ul>`)
	for _, tag := range doc.Tags {
		for _, o := range operationsOf(doc, tag.Name) {
			p.put(`<li><b>`, o.method, `</b> <a href="#`, o.OperationID, `"><code>`, html.EscapeString(o.path), `</code></a></li>`)
		}
	}
	p.put(`<li><a href="#forms">Forms</a></li><li><a href="#codes">Codes of problems</a></li></ul></nav>`)
}

func (p *docsPage) operation(o docsOperation) {
	p.put(`<h3 id="`, o.OperationID, `"><b>`, o.method, `</b> <code>`, html.EscapeString(o.path), `</code></h3><p>`,
		html.EscapeString(o.Summary), `. `, html.EscapeString(o.Description), `</p>`)
	if samples, ok := o.Extensions["x-codeSamples"].([]map[string]string); ok {
		p.put(`<pre><code>`, html.EscapeString(samples[0]["source"]), `</code></pre>`)
	}
	if len(o.Parameters) > 0 {
		p.put(`<table><tr><th>Parameter</th><th>In</th><th>Form</th><th>Meaning</th></tr>`)
		for _, q := range o.Parameters {
			p.put(`<tr><td><code>`, html.EscapeString(q.Name), `</code></td><td>`, q.In, `</td><td>`, p.kind(q.Schema), `</td><td>`,
				html.EscapeString(q.Description), `</td></tr>`)
		}
		p.put(`</table>`)
	}
	if o.RequestBody != nil {
		p.put(`<table><tr><th>Body</th><th>Form</th></tr>`)
		for _, contentType := range slices.Sorted(maps.Keys(o.RequestBody.Content)) {
			p.put(`<tr><td><code>`, html.EscapeString(contentType), `</code></td><td>`,
				p.kind(o.RequestBody.Content[contentType].Schema), `</td></tr>`)
		}
		p.put(`</table>`)
	}
	p.put(`<table><tr><th>Answer</th><th>Meaning</th></tr>`)
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		answer := o.Responses[status]
		p.put(`<tr><td>`, status, `</td><td>`, html.EscapeString(answer.Description))
		for _, contentType := range slices.Sorted(maps.Keys(answer.Content)) {
			if status < "300" {
				p.put(`<br><code>`, html.EscapeString(contentType), `</code> `, p.kind(answer.Content[contentType].Schema))
			}
		}
		p.put(`</td></tr>`)
	}
	p.put(`</table>`)
}

// kind says in a few words what a schema allows.
func (p *docsPage) kind(s *huma.Schema) string {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return `<a href="#form-` + name + `">` + name + `</a>`
	}
	words := cmp.Or(s.Type, "any")
	switch {
	case s.OneOf != nil:
		var forms []string
		for _, one := range s.OneOf {
			forms = append(forms, p.kind(one))
		}
		return strings.Join(forms, " or ")
	case s.Items != nil:
		words = "array of " + p.kind(s.Items)
	case s.Type == huma.TypeObject:
		if each, ok := s.AdditionalProperties.(*huma.Schema); ok {
			words = "object of " + p.kind(each)
		}
	case s.Enum != nil:
		words = ""
		for i, v := range s.Enum {
			words += []string{", ", ""}[max(0, 1-i)] + `<code>` + html.EscapeString(v.(string)) + `</code>`
		}
	case s.Format != "" && s.Type == huma.TypeString:
		words = s.Format
	}
	if s.Minimum != nil && s.Maximum != nil {
		words += " from " + number(*s.Minimum) + " to " + number(*s.Maximum)
	}
	if text, ok := s.Default.(string); ok {
		words += ", default <code>" + html.EscapeString(text) + "</code>"
	} else if n, ok := s.Default.(int); ok {
		words += ", default " + strconv.Itoa(n)
	}
	for _, e := range s.Examples {
		if text, ok := e.(string); ok {
			words += ", such as <code>" + html.EscapeString(text) + "</code>"
		}
	}
	return words
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (p *docsPage) form(name string, s *huma.Schema) {
	p.put(`<h3 id="form-`, name, `">`, name, `</h3><table><tr><th>Member</th><th>Form</th><th>Meaning</th></tr>`)
	for _, member := range slices.Sorted(maps.Keys(s.Properties)) {
		of := s.Properties[member]
		optional := " (optional)"
		if slices.Contains(s.Required, member) {
			optional = ""
		}
		p.put(`<tr><td><code>`, html.EscapeString(member), `</code>`, optional, `</td><td>`, p.kind(of), `</td><td>`,
			html.EscapeString(of.Description), `</td></tr>`)
	}
	p.put(`</table>`)
}

func (p *docsPage) codes() {
	p.put(`<h2 id="codes">Codes of problems</h2><table><tr><th>Status</th><th>Code</th><th>Meaning</th><th>Again?</th></tr>`)
	kinds := slices.SortedFunc(maps.Keys(outcomes), func(a, b edged.Kind) int {
		return cmp.Or(outcomes[a].status-outcomes[b].status, strings.Compare(string(a), string(b)))
	})
	for _, k := range kinds {
		out := outcomes[k]
		again := "no"
		if out.retryable {
			again = "yes"
		}
		p.put(`<tr id="`, string(k), `"><td>`, strconv.Itoa(out.status), `</td><td><code>`, string(k), `</code></td><td>`,
			html.EscapeString(out.title), `</td><td>`, again, `</td></tr>`)
	}
	p.put(`</table>`)
}
