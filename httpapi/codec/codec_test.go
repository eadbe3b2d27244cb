package codec

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

func encode(run edged.Run, form Form, shape Shape) *Frames {
	return new(Encoder).Encode(run, form, shape)
}

// list is a run held in memory.
type list struct {
	name   edged.LogName
	base   edged.Base
	events []edged.Event
	form   [edged.FormSlots]any
}

func (l *list) Name() edged.LogName { return l.name }
func (l *list) Base() edged.Base    { return l.base }
func (l *list) Len() int            { return len(l.events) }

func (l *list) Events(from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		for i := from; i < to; i++ {
			if !yield(i, l.events[i]) {
				return
			}
		}
	}
}

func (l *list) Bytes() int {
	n := 0
	for i := range l.events {
		n += len(l.events[i].Data) + 32
	}
	return n
}

func (l *list) Form(slot int, build func() any) any {
	if l.form[slot] == nil {
		l.form[slot] = build()
	}
	return l.form[slot]
}

func origin() edged.Origin {
	return edged.Origin{Label: "eu-1", ID: edged.OriginID{0x7f, 0x3a, 1, 2, 3, 4, 5, 6, 7, 8}}
}

// runOf gives events their places in one log, from sequence first.
func runOf(first edged.Sequence, events ...edged.Event) *list {
	name := edged.LogName{Stream: "orders", Generation: 1, Origin: origin()}
	id := name.ID()
	for i := range events {
		e := &events[i]
		e.Stream, e.Log, e.Partition, e.Origin = name.Stream, id, name.Partition, name.Origin
		e.Sequence = first + edged.Sequence(i)
	}
	base := edged.Cursor{
		Stream: name.Stream, Generation: 1,
		Vector: edged.Vector{name.Key(): first - 1},
	}.Base()
	return &list{name: name, base: base, events: events}
}

func nanos(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixNano()
}

// documented is the event that api.md shows.
func documented(t *testing.T) edged.Event {
	return edged.Event{
		ID: "01J", Key: "user-7", Type: "order.created",
		HLC:     edged.Timestamp{Wall: nanos(t, "2026-11-22T06:41:51.999452935Z"), Logical: 3},
		Time:    nanos(t, "2026-11-22T06:41:51.9Z"),
		Headers: []edged.Header{{Name: "tenant", Value: "acme"}},
		Data:    []byte(`{"total":42}`),
	}
}

const documentedJSON = `{"id":"01J","stream":"orders","partition":0,"origin":"eu-1~7f3a0102030405060708","seq":412,` +
	`"hlc":"2026-11-22T06:41:51.999452935Z+3","time":"2026-11-22T06:41:51.9Z","key":"user-7",` +
	`"type":"order.created","content_type":"application/json","headers":{"tenant":"acme"},"data":{"total":42}`

func TestEveryFormOfTheDocumentedEvent(t *testing.T) {
	run := runOf(412, documented(t))
	e := run.events[0]
	cursor := string(run.base.AppendAt(nil, run.name.Key(), e.Sequence))
	frame := func(payload string) string {
		return string(AppendFrame(nil, false, []byte(payload)))
	}
	const change = `{"key":"user-7","value":{"total":42}`
	for _, c := range []struct {
		name  string
		form  Form
		shape Shape
		want  string
	}{
		{"items", Items, Shape{}, documentedJSON + "},"},
		{"lines", Lines, Shape{}, documentedJSON + `,"cursor":"` + cursor + "\"}\n"},
		{"sse", SSE, Shape{}, "id: " + cursor + "\ndata: " + documentedJSON + "}\n\n"},
		{"text", Text, Shape{}, frame(documentedJSON + `,"cursor":"` + cursor + `"}`)},
		{"live", LiveText, Shape{}, frame(`{"op":"event","sub":1,"cursor":"` + cursor + `","event":` + documentedJSON + `}}`)},
		{"items of data", Items, Shape{DataOnly: true}, `{"total":42},`},
		{"lines of data", Lines, Shape{DataOnly: true}, "{\"total\":42}\n"},
		{"sse of data", SSE, Shape{DataOnly: true}, "id: " + cursor + "\ndata: {\"total\":42}\n\n"},
		{"text of data", Text, Shape{DataOnly: true}, frame(`{"total":42}`)},
		{"live of data", LiveText, Shape{DataOnly: true}, frame(`{"op":"event","sub":1,"cursor":"` + cursor + `","event":{"total":42}}`)},
		{"items of changes", Items, Shape{Change: true}, change + "},"},
		{"lines of changes", Lines, Shape{Change: true}, change + `,"cursor":"` + cursor + "\"}\n"},
		{"sse of changes", SSE, Shape{Change: true}, "id: " + cursor + "\ndata: " + change + `,"cursor":"` + cursor + "\"}\n\n"},
		{"text of changes", Text, Shape{Change: true}, frame(change + `,"cursor":"` + cursor + `"}`)},
		{"live of changes", LiveText, Shape{Change: true}, frame(`{"op":"change","sub":1,"cursor":"` + cursor + `",` + change[1:] + `}`)},
	} {
		f := encode(run, c.form, c.shape)
		if got := string(f.Range(0, 1)); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// payload takes the one frame of b apart by the rules of RFC 6455, section 5.2.
func payload(t *testing.T, b []byte, opcode byte) []byte {
	t.Helper()
	if b[0] != opcode || b[1]&0x80 != 0 {
		t.Fatalf("frame starts with %x", b[:2])
	}
	n, at := int(b[1]), 2
	if n >= 126 {
		digits := 2
		if n == 127 {
			digits = 8
		}
		n, at = 0, 2+digits
		for _, c := range b[2:at] {
			n = n<<8 | int(c)
		}
		if digits == 2 && n < 126 || digits == 8 && n <= 0xffff {
			t.Fatalf("length %d takes %d bytes", n, digits)
		}
	}
	if len(b) != at+n || FrameLen(b) != len(b) {
		t.Fatalf("frame of %d bytes holds %d and says %d", len(b)-at, n, FrameLen(b))
	}
	return b[at:]
}

// envelope is what encoding/json makes of an envelope.
type envelope struct {
	ID          string            `json:"id"`
	Stream      string            `json:"stream"`
	Partition   uint32            `json:"partition"`
	Origin      string            `json:"origin"`
	Seq         uint64            `json:"seq"`
	HLC         string            `json:"hlc"`
	Time        time.Time         `json:"time"`
	Key         *string           `json:"key"`
	Type        *string           `json:"type"`
	ContentType string            `json:"content_type"`
	Headers     map[string]string `json:"headers"`
	Data        *json.RawMessage  `json:"data"`
	DataBase64  *string           `json:"data_base64"`
	Cursor      *string           `json:"cursor"`
}

func TestAnyEventComesBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		events := make([]edged.Event, 1+rnd.IntN(5))
		for i := range events {
			events[i] = randomEvent(rnd)
		}
		run := runOf(edged.Sequence(1+rnd.IntN(1<<20)), events...)
		checkLines(t, n, run)
		checkPacked(t, n, run)
	}
}

func randomEvent(rnd *rand.Rand) edged.Event {
	text := func(max int) string {
		letters := []rune("ab\"\\/\n\r\t\x00\x1f\x7f <>&é€\u2028😀\ufffd")
		s := make([]rune, rnd.IntN(max))
		for i := range s {
			s[i] = letters[rnd.IntN(len(letters))]
		}
		return string(s)
	}
	e := edged.Event{
		ID: text(12), Key: text(8), Type: text(8), Time: rnd.Int64() - rnd.Int64(),
		HLC: edged.Timestamp{Wall: 1790000000_000000000 + rnd.Int64N(3)*500_000_000, Logical: rnd.Uint32()},
	}
	for range rnd.IntN(3) {
		e.Headers = append(e.Headers, edged.Header{Name: fmt.Sprint(len(e.Headers), text(5)), Value: text(20)})
	}
	switch rnd.IntN(5) {
	case 0:
		e.Data = []byte("{\r\n \"a\" : [1,\t2.50e3, \"" + strings.Repeat("x", rnd.IntN(300)) + "\"]\n}")
	case 1:
		e.ContentType, e.Data = "Application/Vnd.X+JSON; charset=utf-8", []byte("false")
	case 2:
		e.ContentType, e.Data = "text/plain", []byte(text(200))
	case 3:
		e.ContentType, e.Data = "text/plain; charset=latin1", []byte("caf\xe9")
	case 4:
		e.ContentType, e.Data = "image/png", []byte(strings.Repeat("\x00\xff\n", rnd.IntN(30000)))
	}
	return e
}

func checkLines(t *testing.T, n int, run *list) {
	f := encode(run, Lines, Shape{})
	lines := strings.SplitAfter(string(f.Range(0, f.Len())), "\n")
	if len(lines) != run.Len()+1 || lines[run.Len()] != "" {
		t.Fatalf("round %d: %d events gave %d lines", n, run.Len(), len(lines)-1)
	}
	for i, e := range run.events {
		var got envelope
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatalf("round %d: %q: %v", n, lines[i], err)
		}
		want := wanted(run, e)
		if a, b := fmt.Sprintf("%+v", flat(got)), fmt.Sprintf("%+v", flat(want)); a != b {
			t.Fatalf("round %d:\n got %s\nwant %s", n, a, b)
		}
	}
}

// wanted is the envelope, made the plain way.
func wanted(run *list, e edged.Event) envelope {
	cursor := edged.Cursor{Stream: "orders", Generation: 1, Vector: edged.Vector{run.name.Key(): e.Sequence}}
	text := cursor.String()
	w := envelope{
		ID: string(e.AppendID(nil)), Stream: e.Stream, Origin: e.Origin.String(), Seq: uint64(e.Sequence),
		HLC: e.HLC.String(), Time: time.Unix(0, e.Time).UTC(), ContentType: e.ContentType, Cursor: &text,
	}
	if e.ContentType == "" {
		w.ContentType = "application/json"
	}
	if e.Key != "" {
		w.Key = &e.Key
	}
	if e.Type != "" {
		w.Type = &e.Type
	}
	for _, h := range e.Headers {
		if w.Headers == nil {
			w.Headers = map[string]string{}
		}
		w.Headers[h.Name] = h.Value
	}
	var data json.RawMessage
	encoded := base64.StdEncoding.EncodeToString(e.Data)
	switch e.ContentType {
	case "", "Application/Vnd.X+JSON; charset=utf-8":
		data = e.Data
	case "text/plain":
		data, _ = json.Marshal(string(e.Data))
	default:
		w.DataBase64 = &encoded
		return w
	}
	w.Data = &data
	return w
}

// flat replaces pointers by what they point to, and compacts data.
func flat(e envelope) [16]string {
	show := func(s *string) string {
		if s == nil {
			return "absent"
		}
		return fmt.Sprintf("%q", *s)
	}
	data := "absent"
	if e.Data != nil {
		var v any
		if err := json.Unmarshal(*e.Data, &v); err != nil {
			data = err.Error()
		} else {
			data = fmt.Sprintf("%#v", v)
		}
	}
	cursor := "absent"
	if e.Cursor != nil {
		c, err := edged.ParseCursor(*e.Cursor)
		cursor = fmt.Sprint(c, err)
	}
	return [16]string{
		e.ID, e.Stream, fmt.Sprint(e.Partition), e.Origin, fmt.Sprint(e.Seq), e.HLC, e.Time.Format(time.RFC3339Nano),
		show(e.Key), show(e.Type), e.ContentType, fmt.Sprint(e.Headers), data, show(e.DataBase64), cursor,
	}
}

func TestAbsentMembersAreLeftOut(t *testing.T) {
	run := runOf(1, edged.Event{ID: "a"})
	want := `{"id":"a","stream":"orders","partition":0,"origin":"eu-1~7f3a0102030405060708","seq":1,` +
		`"hlc":"1970-01-01T00:00:00Z+0","time":"1970-01-01T00:00:00Z","content_type":"application/json"},`
	if got := string(encode(run, Items, Shape{}).Range(0, 1)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(encode(run, Lines, Shape{DataOnly: true}).Range(0, 1)); got != "null\n" {
		t.Errorf("data alone is %q, want null", got)
	}
}

func TestAppendIsARangeOfTheFrames(t *testing.T) {
	run := typical(20)
	var x Encoder
	for form := Items; form < forms; form++ {
		want := "x" + string(x.Encode(run, form, Shape{}).Range(3, 9))
		if got := string(x.Append([]byte("x"), run, form, Shape{}, 3, 9)); got != want {
			t.Errorf("form %d: got %q, want %q", form, got, want)
		}
	}
}

func TestFramesOfAnyLength(t *testing.T) {
	for _, n := range []int{0, 1, 60, 123, 124, 125, 126, 127, 300, 65_533, 65_534, 65_535, 65_536, 70_000} {
		data := bytes.Repeat([]byte("1"), n+1)
		run := runOf(1, edged.Event{Data: data}, edged.Event{Data: []byte("2")})
		f := encode(run, Text, Shape{DataOnly: true})
		if got := payload(t, f.Range(0, 1), opText); !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d", len(data), len(got))
		}
		if got := payload(t, f.Range(1, 2), opText); string(got) != "2" {
			t.Errorf("after %d bytes: %q", len(data), got)
		}
	}
}

func TestLiveFramesOfOtherSubscriptions(t *testing.T) {
	for _, size := range []int{1, 20, 66, 67, 68, 100, 65_300, 65_400, 65_500, 70_000} {
		data := []byte(`"` + strings.Repeat("x", size) + `"`)
		run := runOf(1, edged.Event{Data: data}, edged.Event{Data: []byte("[]")})
		for _, form := range []Form{LiveText, LiveBinary} {
			for _, shape := range []Shape{{DataOnly: true}, {}, {Sparse: true}, {Change: true}, {Change: true, Sparse: true}} {
				f := encode(run, form, shape)
				if got := f.AppendLive(nil, 0, 2, 1); !bytes.Equal(got, f.Range(0, 2)) {
					t.Errorf("form %d of %d bytes: subscription 1 differs from the shared frames", form, size)
				}
				checkSubs(t, f, form)
			}
		}
	}
}

func checkSubs(t *testing.T, f *Frames, form Form) {
	t.Helper()
	for _, sub := range []int{2, 10, 127, 128, 300, 70_000} {
		all := f.AppendLive(nil, 0, f.Len(), sub)
		for i := range f.Len() {
			n := FrameLen(all)
			var got, want map[string]any
			if form == LiveText {
				got, want = object(t, payload(t, all[:n], opText)), object(t, payload(t, f.Range(i, i+1), opText))
			} else {
				got = unpack(t, payload(t, all[:n], opBinary)).(map[string]any)
				want = unpack(t, payload(t, f.Range(i, i+1), opBinary)).(map[string]any)
			}
			if fmt.Sprint(got["sub"]) != fmt.Sprint(sub) || fmt.Sprint(want["sub"]) != "1" {
				t.Fatalf("subscription %d came as %v", sub, got["sub"])
			}
			got["sub"] = want["sub"]
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
			all = all[n:]
		}
		if len(all) != 0 {
			t.Fatalf("%d bytes too many", len(all))
		}
	}
}

func object(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}

func TestSparseCursors(t *testing.T) {
	run := runOf(1, make([]edged.Event, 130)...)
	f := encode(run, Lines, Shape{Sparse: true})
	for i := range f.Len() {
		has := bytes.Contains(f.Range(i, i+1), []byte(`"cursor":`))
		if want := i == 63 || i == 127 || i == 129; has != want {
			t.Errorf("event %d has a cursor: %v", i+1, has)
		}
	}
	if got := encode(run, SSE, Shape{Sparse: true}).Range(0, 1); !bytes.HasPrefix(got, []byte("data: ")) {
		t.Errorf("got %q", got)
	}
}

func TestObject(t *testing.T) {
	for _, packed := range []bool{false, true} {
		o := Open([]byte("x"), packed)
		o.Text("op", "gap\n")
		o.Uint("from", 1<<40)
		o.Bool("yes", true)
		inner := Open(nil, packed)
		inner.Uint("a", 1)
		o.Encoded("in", inner.Close())
		members := Open(nil, packed)
		members.Text("b", "c")
		o.Members(1, bytes.Trim(members.Close()[1:], "}"))
		b := o.Close()[1:]
		var got map[string]any
		if packed {
			got = unpack(t, b).(map[string]any)
		} else {
			got = object(t, b)
		}
		if s := fmt.Sprint(got["op"], got["yes"], got["in"], got["b"]); s != "gap\ntrue map[a:1]c" {
			t.Errorf("packed %v: got %q", packed, s)
		}
	}
}
