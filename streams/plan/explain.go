package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// Explain prints the plan, a line a step, with what each name became.
func (p *Plan) Explain() string {
	var t teller
	name := "function " + p.Name
	if p.once {
		name = "once"
	}
	t.out.WriteString(name + "   query " + p.ID.String()[:8] + "…   semantics " + strconv.Itoa(Semantics) + "   mergeable, scope " + p.Options.Scope + "\n")
	t.part = "fold"
	t.step("read", strings.Join(p.Inputs, ", "), "paths "+strings.Join(p.paths(), ", "))
	if p.fold.where != nil {
		t.step("filter", sql.Print(p.fold.where))
	}
	if p.Way == PerEvent {
		t.step("map", columnTexts(p.fold.columns))
		if t.sort(p); p.Options.Into != "" {
			t.step("write", "into "+p.Options.Into+p.failed())
		}
	} else {
		p.tellPartials(&t)
	}
	var columns []string
	for _, c := range p.Columns {
		columns = append(columns, c.Name+" "+c.Type)
	}
	t.out.WriteString("columns  " + strings.Join(columns, ", ") + "\n")
	return t.out.String()
}

// teller writes steps.
type teller struct {
	out   strings.Builder
	part  string // at the beginning of the next line
	steps int
}

// step writes one step: what is done, with what, and details.
func (t *teller) step(what string, with ...string) {
	t.steps++
	line := fmt.Sprintf("%-9s%d %-9s", t.part, t.steps, what)
	for i, s := range with {
		if s == "" {
			continue
		}
		if i < len(with)-1 {
			s = fmt.Sprintf("%-18s   ", s)
		}
		line += s
	}
	t.out.WriteString(strings.TrimRight(line, " ") + "\n")
	t.part = ""
}

// sort tells ORDER BY and LIMIT.
func (t *teller) sort(p *Plan) {
	var by []string
	for _, o := range p.orders() {
		by = append(by, sql.Print(o.expr)+direction(o.desc))
	}
	if len(by) > 0 {
		t.step("sort", "by "+strings.Join(by, ", "))
	}
	if p.Limit > 0 {
		t.step("limit", strconv.Itoa(p.Limit))
	}
}

func direction(desc bool) string {
	if desc {
		return " desc"
	}
	return ""
}

// tellPartials tells the rest of a query by partial.
func (p *Plan) tellPartials(t *teller) {
	s, by := p.stages[0], []string(nil)
	if p.Window.Kind != window.None {
		t.step("window", p.windowText(), fmt.Sprintf("  out of orderness %s, idle %s, lateness %s, revise within %s", spell(p.Options.OutOfOrderness),
			spell(p.Options.Idle), spell(p.Options.Lateness), spell(p.Options.ReviseWithin)))
		by = append(by, "window")
	}
	groups := "all together"
	if len(s.keys) > 0 {
		groups, by = "by "+strings.Join(s.keyTexts(), ", "), append(by, s.keyNames()...)
	}
	most := ""
	if len(s.keys) > 0 && p.Window.Kind != window.None {
		most = fmt.Sprintf("  at most %d keys", p.Options.MaxKeys)
	}
	t.step("fold", groups, s.callTexts(), most)
	t.out.WriteString("-------- partials travel --------\n")
	t.part = "present"
	merged := "into one row"
	if len(by) > 0 {
		merged = "by " + strings.Join(by, ", ")
	}
	t.step("merge", merged, p.sliceText())
	for i, s := range p.stages {
		if i > 0 && s.where != nil {
			t.step("filter", sql.Print(s.where))
		}
		if i > 0 && s.grouped {
			groups := "all together"
			if len(s.keys) > 0 {
				groups = "by " + strings.Join(s.keyTexts(), ", ")
			}
			t.step("again", groups, s.callTexts())
		}
		s.tell(t)
	}
	t.sort(p)
	if !p.once {
		t.step("emit", p.emitText())
	}
}

// tell tells the select list, where it computes something, HAVING and QUALIFY.
func (s *stage) tell(t *teller) {
	if slices.Contains(s.present.direct, false) || !s.grouped {
		t.step("select", columnTexts(s.columns))
	}
	if s.having != nil {
		t.step("having", sql.Print(s.having))
	}
	if r := s.rank; r != nil {
		partition := ""
		for i, e := range r.Partition {
			partition += [...]string{" within ", ", "}[min(i, 1)] + sql.Print(e)
		}
		t.step("qualify", fmt.Sprintf("%s() by %s%s%s %s %d", strings.ToLower(r.Func), sql.Print(r.Order.Expr), direction(r.Order.Desc), partition, r.Op, r.N))
	}
}

// keyTexts are the group keys, with the names of their columns where those tell more.
func (s *stage) keyTexts() []string {
	texts := s.keyNames()
	for i, name := range texts {
		if text := s.keys[i].text; text != name {
			texts[i] = text + " as " + name
		}
	}
	return texts
}

// keyNames are the names of the group columns.
func (s *stage) keyNames() []string {
	var names []string
	for i := range s.keys {
		at := slices.IndexFunc(s.columns, func(c column) bool { return sql.Print(c.expr) == s.keys[i].text })
		names = append(names, shown(s.columns[at].name))
	}
	return names
}

// callTexts are the aggregates, with the names of the columns that they are.
func (s *stage) callTexts() string {
	var texts []string
	for i := range s.calls {
		text := s.calls[i].text
		at := slices.IndexFunc(s.columns, func(c column) bool { _, is := c.expr.(*sql.Call); return is && sql.Print(c.expr) == text })
		if at >= 0 {
			text += " as " + shown(s.columns[at].name)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// columnTexts are the columns of a select list, with their names where those tell more.
func columnTexts(list []column) string {
	var texts []string
	for i := range list {
		c := &list[i]
		if c.star {
			texts = append(texts, "*")
			continue
		}
		text := sql.Print(c.expr)
		if name := shown(c.name); text != name {
			text += " as " + name
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// shown is a name as a query writes it.
func shown(name string) string { return sql.Print(&sql.Path{Parts: []sql.Part{{Name: name}}}) }

// paths are the fields and meta columns that the fold reads, in the order of their first use.
func (p *Plan) paths() []string {
	var found []string
	add := func(text string) {
		if !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	visit := func(e sql.Expr) {
		sql.Walk(e, func(x sql.Expr) bool {
			if path, ok := x.(*sql.Path); ok {
				add(sql.Print(path))
			}
			return true
		})
	}
	visit(p.fold.where)
	for i := range p.fold.columns {
		if c := &p.fold.columns[i]; c.star {
			add(data)
		} else {
			visit(c.expr)
		}
	}
	for _, o := range p.fold.order {
		visit(o.expr)
	}
	if len(p.stages) > 0 {
		for i := range p.stages[0].keys {
			visit(p.stages[0].keys[i].expr)
		}
		for i := range p.stages[0].calls {
			visit(p.stages[0].calls[i].call)
		}
		visit(p.fold.time)
		if p.Window.Kind != window.None && p.fold.time == nil {
			add(p.timeText())
		}
	}
	if len(found) == 0 {
		return []string{"none"}
	}
	return found
}
