package function

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// line is one row as it is shown.
type line struct {
	window.Span
	group    string
	columns  []byte // members of the row's object that are the query's, windows included
	sum      edged.Sum
	revision uint64
	seen     []seen // of the logs that are in it
	status   window.Status
	excluded []string
	sealed   bool
	gone     bool
}

// key is the row's place among those of a view: window, then group.
func (l *line) key(dst []byte) []byte {
	return append(appendTime(appendTime(dst, l.End), l.Start), l.group...)
}

// lineOf makes the line of a presented row.
func (v *view) lineOf(r *plan.Row, seen []seen) line {
	l := line{Span: r.Window, group: string(r.Key), seen: seen}
	for _, s := range seen {
		l.revision += uint64(s.position)
	}
	b := v.plan.AppendColumns(make([]byte, 0, 64+24*len(r.Values)), r)
	if len(r.Estimated) > 0 {
		b = append(b, `,"_estimated":{`...)
		for i, e := range r.Estimated {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(expr.AppendQuoted(b, e.Column), ':')
			b = strconv.AppendFloat(b, e.Error, 'g', -1, 64)
		}
		b = append(b, '}')
	}
	if r.Overflow {
		b = append(b, `,"_overflow":true`...)
	}
	l.columns = b
	sum := sha256.Sum256(append(l.key(nil), b...))
	copy(l.sum[:], sum[:])
	return l
}

// append writes the row as JSON.
func (l *line) append(dst []byte) []byte {
	dst = append(append(dst, '{'), l.columns...)
	if len(l.columns) > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, `"_status":`...)
	dst = expr.AppendQuoted(dst, l.status.String())
	dst = append(dst, `,"_revision":`...)
	dst = strconv.AppendUint(dst, l.revision, 10)
	if len(l.excluded) > 0 {
		dst = append(dst, `,"_excluded":[`...)
		for i, name := range l.excluded {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = expr.AppendQuoted(dst, name)
		}
		dst = append(dst, ']')
	}
	if l.sealed {
		dst = append(dst, `,"_sealed":true`...)
	}
	if l.gone {
		dst = append(dst, `,"_gone":true`...)
	}
	return append(dst, '}')
}

// shown digests what makes a row worth sending again: columns, status and who is excluded.
func (l *line) shown() (s edged.Sum) {
	b := append(l.key(nil), l.sum[:]...)
	b = append(b, byte(l.status))
	if l.gone {
		b = append(b, 1)
	}
	for _, name := range l.excluded {
		b = append(append(b, 0), name...)
	}
	sum := sha256.Sum256(b)
	copy(s[:], sum[:])
	return s
}

// kept is a row as it stood when its window closed; once sealed, it is all there is of it.
type kept struct {
	sum      edged.Sum
	revision uint64
	sealed   bool
	revised  bool
	excluded []string
	columns  []byte
}

func (k *kept) append(dst []byte) []byte {
	dst = append(dst, k.sum[:]...)
	dst = binary.AppendUvarint(dst, k.revision)
	flags := byte(0)
	if k.sealed {
		flags |= 1
	}
	if k.revised {
		flags |= 2
	}
	dst = append(dst, flags)
	dst = appendNames(dst, k.excluded)
	return append(dst, k.columns...)
}

func readKept(b []byte) (k kept, err error) {
	r := scanner{rest: b}
	copy(k.sum[:], r.take(len(k.sum)))
	k.revision = r.uvarint()
	flags := r.byte()
	k.sealed, k.revised = flags&1 != 0, flags&2 != 0
	k.excluded = r.names()
	k.columns = slices.Clone(r.rest)
	return k, r.err
}

func appendNames(dst []byte, names []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(names)))
	for _, n := range names {
		dst = append(binary.AppendUvarint(dst, uint64(len(n))), n...)
	}
	return dst
}

func (r *scanner) names() []string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	var names []string
	for range n {
		name := r.bytes()
		if r.err != nil {
			return nil
		}
		names = append(names, string(name))
	}
	return names
}

// resultID is the id of a row over all its revisions.
func (v *view) resultID(l *line) string {
	b := append([]byte(nil), v.q.id[:]...)
	b = appendTime(b, l.Start)
	if v.plan.Window.Kind != window.Session {
		b = appendTime(b, l.End)
	}
	b = append(b, l.group...)
	if v.plan.Options.Scope == "region" {
		b = append(append(b, 0), v.q.r.mesh.Region(v.q.r.catalog.Origin().ID)...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
