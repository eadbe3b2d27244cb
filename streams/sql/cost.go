package sql

import "fmt"

// What a text may hold. A part costs its memory less four times its characters, so that a tree
// stays within 64 KiB beside four times its text; errors and the like take the rest.
const (
	levelsMax    = 64
	columnsMax   = 100
	partsCostMax = 57 << 10
)

// enter goes one level deeper, and leave comes back.
func (p *parser) enter() bool {
	if p.level == levelsMax {
		p.fault(fmt.Sprintf("The text nests deeper here than %d levels. Write the inner part as a function of its own, or with fewer parentheses.", levelsMax))
		return false
	}
	p.level++
	p.deepest = max(p.deepest, p.level)
	return true
}

func (p *parser) leave() { p.level-- }

// spend counts a part: the memory that it takes, and the least characters that it is written in.
// Past the bound nothing more is read.
func (p *parser) spend(bytes, characters int) {
	p.cost += bytes - 4*characters
	if p.cost > partsCostMax && p.tok.kind != stuck {
		p.stop("The text has too many parts. Write it as several functions; a long chain of OR is shorter as IN (…).")
	}
}

// grow adds an element of so many bytes to a list, which stands for one character at least.
func grow[T any](p *parser, list []T, element T, bytes int) []T {
	room := max(1, 2*len(list))
	if len(list) < cap(list) {
		room, bytes = 0, 0
	}
	if p.spend(room*bytes, 1); p.tok.kind == stuck {
		return list
	}
	if room > 0 {
		list = append(make([]T, 0, room), list...)
	}
	return append(list, element)
}
