package function

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// wholeEvery is the least time between two looks at a view whose rows depend on all its groups.
const wholeEvery = 1_000_000_000

// send gives the rows that changed to those who watch, and to the stream that the function names.
func (v *view) send(s *snapshot, all []standing, sources []window.Source, b *batch) error {
	now := v.q.r.opts.Now().UnixNano()
	if len(v.dirty)+len(v.dirtyOf) == 0 {
		v.board.give(nil, s.cut(), window.Watermark(sources, nil), now)
		return nil
	}
	into := v.plan.Options.Into
	if into == "" && !v.board.watched() {
		clear(v.dirty)
		clear(v.dirtyOf)
		return nil
	}
	pace := int64(0)
	switch {
	case v.plan.Emit.Kind == plan.EmitEvery:
		pace = v.plan.Emit.Every
	case v.whole && !v.windows():
		pace = wholeEvery
	}
	if now-v.sentAt < pace {
		return nil
	}
	v.sentAt = now
	o := &outbox{v: v, s: s, b: b, all: all}
	if into != "" {
		o.pub = &edged.Publication{Stream: into}
	}
	if err := v.changed(s, sources, o.add); err != nil {
		return err
	}
	clear(v.dirty)
	clear(v.dirtyOf)
	v.board.give(o.news, s.cut(), window.Watermark(sources, nil), now)
	if o.pub != nil && len(o.pub.Drafts) > 0 {
		b.pubs = append(b.pubs, o.pub)
	}
	return nil
}

// changed computes the rows of all that is dirty, a pane at a time: a window, or a group.
func (v *view) changed(s *snapshot, sources []window.Source, each func(pane string, lines []line) error) error {
	for _, w := range ordered(v.dirty) {
		lines, err := v.lines(s, v.gather, w, sources)
		if err == nil {
			err = each(string(appendTime(appendTime(nil, w.End), w.Start)), lines)
		}
		if err != nil {
			return err
		}
	}
	groups := slices.Sorted(maps.Keys(v.dirtyOf))
	if v.whole && !v.windows() && len(groups) > 0 {
		groups = groups[:1] // any stands for all
	}
	for _, group := range groups {
		lines, pane, err := v.paneOf(s, v.gather, group, sources)
		if err == nil {
			err = each(pane, lines)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// paneOf gives the rows that a group's change may have changed, with the name of that pane.
func (v *view) paneOf(s *snapshot, g *gathering, group string, sources []window.Source) (lines []line, pane string, err error) {
	switch {
	case v.windows():
		lines, err = v.sessionLines(s, g, group, sources)
		return lines, group, err
	case v.whole:
		lines, err = v.groupLines(s, g, group)
		return lines, "", err
	}
	lines, err = v.groupLines(s, g, group)
	return lines, group, err
}

// outbox gathers what one look sends.
type outbox struct {
	v    *view
	s    *snapshot
	b    *batch
	all  []standing
	pub  *edged.Publication // nil where the function names no stream
	news []line
	open []line // of the pane at hand: rows that do not go out yet
	cut  string
}

// add takes the rows of a pane: those that are not as they were sent go out, and those that are gone.
func (o *outbox) add(pane string, lines []line) error {
	v := o.v
	if v.plan.Emit.Kind == plan.EmitFinal && v.windows() {
		lines, o.open = parted(lines)
	}
	if v.board.watched() {
		var err error
		o.news, err = v.board.differ(o.news, pane, lines, o.s)
		if err != nil {
			return err
		}
	}
	if o.pub == nil {
		return nil
	}
	return o.emit(pane, lines)
}

// parted parts the rows of closed windows from those of open ones.
func parted(lines []line) (closed, open []line) {
	for _, l := range lines {
		if l.status == window.Provisional {
			open = append(open, l)
		} else {
			closed = append(closed, l)
		}
	}
	return closed, open
}

// emit makes events of the rows of a pane that changed since they were emitted, if it is for this
// node to do so.
func (o *outbox) emit(pane string, lines []line) error {
	prefix := append(keyOf(nil, tagEmitted, o.v.id), appendLength(pane)...)
	before := map[string]string{}
	err := o.s.scan(prefix, after(prefix), func(key, value []byte) bool {
		before[string(key[len(prefix):])] = string(value)
		return true
	})
	if err != nil {
		return err
	}
	if o.v.q.spec().Kind == window.Session {
		if err := o.grown(prefix, lines, before); err != nil {
			return err
		}
	}
	for i := range lines {
		l := &lines[i]
		key := string(l.key(nil))
		was := before[key]
		delete(before, key)
		sum, mine := l.shown(), o.mine(l) || strings.HasSuffix(was, emittedHere)
		if strings.HasPrefix(was, string(sum[:])) && (!mine || was[len(sum):] == emittedHere) {
			continue
		}
		now := append([]byte(nil), sum[:]...)
		if mine {
			now = append(now, emittedHere...)
			o.event(l)
		}
		o.b.put(append(prefix[:len(prefix):len(prefix)], key...), now)
	}
	return o.absent(prefix, pane, lines, before)
}

// grown takes the sessions that are sealed, and those that are open again, out of what was emitted of a
// pane: they stay as they are. It puts those that have grown, which are the same results, under the keys that they have now.
func (o *outbox) grown(prefix []byte, lines []line, before map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(before)) {
		l := lineGone(key)
		if sealed, err := o.v.isKept(o.s, &l); err != nil {
			return err
		} else if sealed || slices.ContainsFunc(o.open, func(m line) bool { return m.Start == l.Start && m.group == l.group }) {
			delete(before, key)
			continue
		}
		i := slices.IndexFunc(lines, func(m line) bool { return m.Start == l.Start && m.group == l.group && m.End != l.End })
		if i < 0 {
			continue
		}
		o.b.put(append(prefix[:len(prefix):len(prefix)], key...), nil)
		if now := string(lines[i].key(nil)); before[now] == "" {
			before[now] = before[key]
		}
		delete(before, key)
	}
	return nil
}

// isKept says whether a session is sealed: its row stays, though nothing is folded for it any more.
func (v *view) isKept(s *snapshot, l *line) (bool, error) {
	if l.End > s.sealed || v.q.spec().Kind != window.Session {
		return false, nil
	}
	b, err := s.get(rowKey(v.id, l, true))
	return b != nil, err
}

// absent emits that rows of a pane are gone. That stays known where it was emitted, as the row may come
// back.
func (o *outbox) absent(prefix []byte, pane string, lines []line, before map[string]string) error {
	gathered := false
	for _, key := range slices.Sorted(maps.Keys(before)) {
		l := lineGone(key)
		sum, was := l.shown(), before[key]
		if strings.HasPrefix(was, string(sum[:])) {
			continue
		}
		at := append(prefix[:len(prefix):len(prefix)], key...)
		if !o.mine(&l) && !strings.HasSuffix(was, emittedHere) {
			o.b.put(at, nil)
			continue
		}
		if !gathered {
			if err := o.v.gatherPane(o.s, pane, l.Span); err != nil {
				return err
			}
			gathered = true
		}
		l.revision = o.v.revisionWithout(l.group)
		if o.v.whole { // of a window whose cells have gone the rows that stay tell it
			for i := range lines {
				l.revision = max(l.revision, lines[i].revision)
			}
		}
		o.event(&l)
		o.b.put(at, append(sum[:], emittedHere...))
	}
	return nil
}

// gatherPane merges what the rows of a pane are made of.
func (v *view) gatherPane(s *snapshot, pane string, w window.Span) error {
	switch {
	case v.windowed() || v.whole && !v.windows():
		return v.gather.window(s, w)
	case v.windows():
		return v.gather.sessions(s, pane)
	}
	return v.gather.group(s, pane)
}

// revisionWithout is the revision of a row that is not there any more, by what was gathered of its
// pane: of the group or, where a row may depend on others, of all of them.
func (v *view) revisionWithout(group string) (n uint64) {
	groups := v.gather.groups
	if v.windowed() && !v.whole {
		groups = slices.DeleteFunc(slices.Clone(groups), func(g grouped) bool { return string(g.Key) != group })
	}
	for _, s := range union(groups) {
		n += uint64(s.position)
	}
	return n
}

// emittedHere ends what is kept of an emitted row if this node emitted it; then it goes on to, so that
// nothing outdated stays the newest. Of another it is believed to have done so until it is away.
const emittedHere = "!"

// recheck makes dirty what others were believed to emit, once the emitters are others.
func (v *view) recheck(s *snapshot, all []standing) error {
	var reachable []byte
	for i := range all {
		if state := all[i].state(); state == "live" || state == "idle" {
			reachable = append(reachable, all[i].Origin.ID[:]...)
		}
	}
	before := v.emitters
	v.emitters = string(reachable)
	if v.plan.Options.Into == "" || before == v.emitters {
		return nil
	}
	prefix := keyOf(nil, tagEmitted, v.id)
	return s.scan(prefix, after(prefix), func(key, value []byte) bool {
		if len(value) > len(edged.Sum{}) {
			return true
		}
		r := scanner{rest: key[len(prefix):]}
		if pane := r.bytes(); v.windowed() && len(pane) == 16 {
			v.dirty[window.Span{End: readTime(pane), Start: readTime(pane[8:])}] = true
		} else {
			v.dirtyOf[string(pane)] = true
		}
		return true
	})
}

// appendLength writes a text so that none of them begins another.
func appendLength(text string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(text))), text...)
}

// lineGone is the last word about a row of which only the key is known.
func lineGone(key string) line {
	b := []byte(key)
	return line{Span: window.Span{End: readTime(b), Start: readTime(b[8:])}, group: key[16:], gone: true}
}

// mine says whether this node emits a row: the first by rendezvous hashing (Thaler and Ravishankar,
// 1998) of the query, the group's slot and the origin, among those that are reachable.
func (o *outbox) mine(l *line) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(l.group))
	slot := binary.BigEndian.AppendUint16(nil, uint16(h.Sum64()%4096))
	own := o.v.q.r.catalog.Origin().ID
	best, first := uint64(0), edged.OriginID{}
	for i := range o.all {
		st := &o.all[i]
		if state := st.state(); st.Origin.ID != own && state != "live" && state != "idle" {
			continue
		}
		sum := sha256.Sum256(slices.Concat(o.v.q.id[:], slot, st.Origin.ID[:]))
		if score := binary.BigEndian.Uint64(sum[:]); score >= best {
			best, first = score, st.Origin.ID
		}
	}
	return first == own
}

// event makes the event of a row.
func (o *outbox) event(l *line) {
	if o.cut == "" {
		o.cut = cutDigest(o.s.cut())
	}
	id := o.v.resultID(l)
	revision := strconv.FormatUint(l.revision, 10)
	d := edged.Draft{
		ID:  []byte(id + "-" + revision + "-" + o.cut),
		Key: []byte(o.v.groupText(l.group)), Data: l.append(nil),
		Headers: []edged.Header{
			{Name: "edged-result", Value: id}, {Name: "edged-revision", Value: revision},
			{Name: "edged-status", Value: l.status.String()},
		},
	}
	if len(l.excluded) > 0 {
		d.Headers = append(d.Headers, edged.Header{Name: "edged-excluded", Value: strings.Join(l.excluded, ",")})
	}
	if l.gone {
		d.Headers = append(d.Headers, edged.Header{Name: "edged-gone", Value: "true"})
	}
	if o.v.windows() {
		d.Time, d.HasTime = l.End-1, true
	}
	o.pub.Drafts = append(o.pub.Drafts, d)
}

// cutDigest stands for a cut in ids of events: 8 hexadecimal digits.
func cutDigest(cut edged.Vector) string {
	h := sha256.New()
	for _, k := range cut.Keys() {
		var b []byte
		b = append(b, k.Origin[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(k.Partition))
		_, _ = h.Write(binary.BigEndian.AppendUint64(b, uint64(cut[k])))
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// groupText is a group as the key of an event: the value itself, or the values as a JSON array.
func (v *view) groupText(group string) string {
	if group == string(overflowGroup) {
		return ""
	}
	var values []expr.Value
	for rest := []byte(group); len(rest) > 0; {
		x, after, err := expr.ReadKey(rest)
		if err != nil {
			return ""
		}
		values, rest = append(values, x), after
	}
	if len(values) == 1 && values[0].Kind() == expr.String {
		return clipKey(values[0].Text())
	}
	var b []byte
	for i, x := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = expr.AppendJSON(b, x)
	}
	if len(values) > 1 {
		b = append(append([]byte{'['}, b...), ']')
	}
	return clipKey(string(b))
}

// clipKey cuts a text to what a key may be, at a rune.
func clipKey(s string) string {
	const most = 1024
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
