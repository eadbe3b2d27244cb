package sql

import (
	"slices"
	"strconv"
	"strings"
)

// value reads what operators stand between.
func (p *parser) value() Expr {
	t := p.tok
	switch {
	case t.kind == number || t.kind == text || t.is("NULL") || t.is("TRUE") || t.is("FALSE"):
		return p.literal()
	case t.is("INTERVAL"):
		p.spend(24, 16)
		length, _ := p.interval()
		return &Interval{t.at, length}
	case t.is("CAST") || t.is("TRY_CAST"):
		return p.cast()
	case t.is("CASE"):
		return p.choice()
	case t.sign("("):
		p.advance()
		p.noSelect()
		e := p.expr()
		if p.tok.sign(",") {
			p.fault("Several values in parentheses are no value. Write ROW(a, b).")
		}
		p.wantSign(")")
		return e
	case t.named():
		if t.kind == name && p.ahead("(") {
			return p.call()
		}
		if ahead := p.peek(); ahead.kind == text && slices.Contains(dated, upper(clip(t.raw))) {
			p.fault("A time is a string that is cast. Write CAST(" + clip(ahead.raw) + " AS TIMESTAMP).")
		}
		return p.path()
	case t.word.kind == clock:
		p.note(t.at, t.raw, "%s", clockFault(t.word.text))
		if p.advance(); p.sign("(") {
			p.wantSign(")")
		}
		return &Path{At: t.at, Parts: []Part{{Name: t.raw}}}
	}
	p.noValue()
	return nil
}

// noValue reports that no value stands here.
func (p *parser) noValue() {
	switch t := &p.tok; {
	case t.sign("*"):
		p.fault("* stands where a value should. All columns are SELECT *; all events are counted by COUNT(*).")
	case t.sign("+"):
		p.fault("+ stands where a value should. A number needs no sign.")
	case t.sign("."):
		p.fault(". stands where a value should. A number begins with a digit: 0.5.")
	case t.is("SELECT"):
		p.noSelect()
	case t.is("NOT"):
		p.fault("NOT stands where a value should. Put it in parentheses: (NOT a).")
	case t.sign("-"):
		p.fault("- stands where a value should. Put the second one in parentheses: -(-a).")
	default:
		p.unnamed("a value")
	}
}

// literal reads a constant.
func (p *parser) literal() *Literal {
	t := p.tok
	l := &Literal{At: t.at}
	switch {
	case t.kind == number:
		l.Kind, l.Text = Number, t.raw
	case t.kind == text:
		l.Kind, l.Text = String, p.content()
	case t.is("NULL"):
		l.Kind, l.Text = Null, "NULL"
	case t.is("TRUE") || t.is("FALSE"):
		l.Kind, l.Text = Boolean, t.word.text
	default:
		p.expected("a string, a number, TRUE or FALSE")
		return l
	}
	p.spend(32, len(t.raw))
	p.advance()
	return l
}

// path reads a name and what of it is meant.
func (p *parser) path() *Path {
	path := &Path{At: p.tok.at}
	if p.spend(36, 0); p.ahead(".") || p.ahead("[") {
		p.spend(64, 0)
		path.Parts = make([]Part, 0, 2)
	}
	path.Parts = grow(p, path.Parts, p.part(p.name("a name")), 32)
	for {
		switch {
		case p.sign("."):
			if p.tok.sign("*") {
				p.fault("* stands for all columns, and only alone. Name the columns of one input.")
			}
			path.Parts = grow(p, path.Parts, p.part(p.name("the name of a member")), 32)
		case p.sign("["):
			path.Parts = grow(p, path.Parts, p.bracket(), 32)
			p.wantSign("]")
		default:
			return path
		}
	}
}

// part is a step by name.
func (p *parser) part(name string) Part {
	p.spend(0, len(name))
	return Part{Name: name}
}

// bracket reads what stands in the brackets of a path.
func (p *parser) bracket() Part {
	switch p.tok.kind {
	case number:
		i := p.integer("an index", 0, 1<<31-1)
		part := p.part("")
		part.Index, part.IsIndex = i, true
		return part
	case text:
		s := p.content()
		p.advance()
		return p.part(s)
	}
	p.expected("an index from 0 or a member's name in single quotes, as in data['a b'],")
	return Part{}
}

// integer reads a whole number from low to high.
func (p *parser) integer(what string, low, high int) int {
	if p.tok.kind != number {
		p.expected(what)
		return 0
	}
	n, err := strconv.Atoi(p.tok.raw)
	if err != nil || n < low || n > high {
		p.fault(clip(p.tok.raw) + " is out of range. Write a whole number from " + strconv.Itoa(low) + " to " + strconv.Itoa(high) + ".")
		return 0
	}
	p.advance()
	return n
}

func (p *parser) cast() Expr {
	c := &Cast{At: p.tok.at, Try: p.tok.is("TRY_CAST")}
	p.spend(64, 3)
	p.advance()
	p.wantSign("(")
	c.X = p.expr()
	p.want("AS")
	c.Type = p.typeName()
	p.wantSign(")")
	return c
}

// types are those that a cast can give.
var types = []string{ // read-only
	"BOOLEAN", "INTEGER", "DOUBLE", "DECIMAL", "STRING", "BYTES", "TIMESTAMP", "INTERVAL", "JSON",
}

// dated are the words that stand before the text of a time elsewhere.
var dated = []string{"TIMESTAMP", "DATE", "TIME", "DATETIME"} // read-only

// typesElsewhere are names that other databases have for them.
var typesElsewhere = map[string]string{ // read-only
	"BOOL": "BOOLEAN", "INT": "INTEGER", "BIGINT": "INTEGER", "SMALLINT": "INTEGER", "TINYINT": "INTEGER", "INT64": "INTEGER",
	"FLOAT": "DOUBLE", "REAL": "DOUBLE", "FLOAT64": "DOUBLE", "NUMERIC": "DECIMAL(18,2)", "VARCHAR": "STRING", "CHAR": "STRING",
	"TEXT": "STRING", "BYTEA": "BYTES", "BLOB": "BYTES", "VARBINARY": "BYTES", "BINARY": "BYTES", "DATE": "TIMESTAMP",
	"TIME": "TIMESTAMP", "DATETIME": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMP", "JSONB": "JSON", "OBJECT": "JSON", "ARRAY": "JSON",
}

// typeName reads a type, and the digits of a DECIMAL.
func (p *parser) typeName() Type {
	t := p.tok
	if t.kind != name || t.word.kind != free && !t.is("INTERVAL") {
		p.expected("a type")
		return Type{}
	}
	for _, known := range types {
		if len(t.raw) != len(known) || upper(t.raw) != known {
			continue
		}
		p.advance()
		if known == "DECIMAL" {
			return p.decimal()
		}
		return Type{Name: known}
	}
	p.noType(t)
	return Type{}
}

func (p *parser) noType(t token) {
	message := clip(t.raw) + " is no type. The types are " + strings.Join(types, ", ") + "."
	if len(t.raw) < nearestBytesMax {
		near := typesElsewhere[upper(t.raw)]
		if near == "" {
			near = Nearest(t.raw, types)
		}
		if near != "" {
			message = clip(t.raw) + " is no type. Write " + near + "."
		}
	}
	p.fault(message)
}

// decimal reads (precision) or (precision, scale).
func (p *parser) decimal() Type {
	d := Type{Name: "DECIMAL"}
	if !p.sign("(") {
		p.fault("DECIMAL takes its digits, and how many of them are a fraction. Write DECIMAL(18,2).")
		return d
	}
	d.Precision = p.integer("the number of digits", 1, 38)
	if p.sign(",") {
		d.Scale = p.integer("the digits of the fraction", 0, d.Precision)
	}
	p.wantSign(")")
	return d
}

// choice reads CASE.
func (p *parser) choice() Expr {
	c := &Case{At: p.tok.at}
	p.spend(96, 7)
	p.advance()
	if !p.tok.is("WHEN") {
		c.Subject = p.expr()
	}
	for p.take("WHEN") {
		var w When
		w.If = p.expr()
		p.want("THEN")
		w.Then = p.expr()
		p.spend(0, 9)
		c.Whens = grow(p, c.Whens, w, 32)
	}
	if len(c.Whens) == 0 {
		p.expected("WHEN", "WHEN")
	}
	if p.take("ELSE") {
		c.Else = p.expr()
	}
	if !p.take("END") {
		p.expected("WHEN, ELSE or END", "WHEN", "ELSE", "END")
	}
	return c
}
