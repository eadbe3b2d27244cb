package httpapi

import (
	"context"
	"encoding/hex"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/edgedhq/edged"
)

// streamDefinition is what a PUT says of a stream.
type streamDefinition struct {
	Partitions  int            `json:"partitions,omitempty" minimum:"1" maximum:"256" doc:"Units of order and parallel work. Default 1; fixed once the stream is made."`
	Retention   *retentionView `json:"retention,omitempty" doc:"What is kept; by default everything, until the disk limit."`
	Regions     []string       `json:"regions,omitempty" nullable:"false" maxItems:"100" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"Regions that keep the stream. Default: all. Remembered, but not in this build: every region keeps it."`
	Replication string         `json:"replication,omitempty" enum:"full,aggregates" default:"full" doc:"aggregates keeps events in their region and lets only partial results of functions out. Remembered, but not in this build: events go everywhere."`
	Description string         `json:"description,omitempty" maxLength:"1024"`
}

// retentionView bounds what is kept; what is left out has no bound.
type retentionView struct {
	Age   ageText   `json:"age,omitempty" doc:"How long after its append an event is kept."`
	Bytes sizeValue `json:"bytes,omitempty" doc:"Stored bytes, over all partitions and origins."`
}

// streamView is a definition with what this node holds of the stream.
type streamView struct {
	Name        string         `json:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$"`
	Partitions  int            `json:"partitions" minimum:"1" maximum:"256"`
	Retention   *retentionView `json:"retention,omitempty"`
	Regions     []string       `json:"regions,omitempty" nullable:"false"`
	Replication string         `json:"replication,omitempty" enum:"full,aggregates"`
	Description string         `json:"description,omitempty"`
	Created     string         `json:"created" format:"date-time"`
	Events      int64          `json:"events" doc:"Events held here"`
	Bytes       int64          `json:"bytes" doc:"Bytes stored here"`
	Origins     []logView      `json:"origins" nullable:"false" doc:"Each log held here"`
}

// logView is what is held of one log. An empty log has last = first - 1.
type logView struct {
	Origin    string `json:"origin" doc:"The node incarnation that accepted the events"`
	Partition uint32 `json:"partition"`
	First     uint64 `json:"first" doc:"Sequence of the oldest event held"`
	Last      uint64 `json:"last" doc:"Sequence of the newest"`
	Bytes     int64  `json:"bytes"`
	Newest    string `json:"newest,omitempty" doc:"HLC stamp of the newest"`
}

// streamList is one page of streams, in the order of their names.
type streamList struct {
	Streams []streamView `json:"streams" nullable:"false"`
	Next    string       `json:"next,omitempty" doc:"Pass it on as page for what follows; absent at the end"`
}

// digestView sums up a stream's content.
type digestView struct {
	Vector map[string]uint64 `json:"vector" doc:"ORIGIN/PARTITION to sequence"`
	Digest string            `json:"digest" doc:"Nodes with equal vectors show equal digests"`
}

// ageText is a duration as Go writes it. Zero is no bound, and is not said.
type ageText string

const wantAge = "want a duration above zero and below 292 years, such as 90m or 24h; leave it out for no bound"

// Schema describes the form; the rest is UnmarshalJSON's.
func (ageText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Examples: []any{"24h"},
		Pattern: `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`, PatternDescription: "a Go duration such as 90m or 24h",
	}
}

func (a ageText) duration(location string) (time.Duration, error) {
	if a == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(string(a))
	if err != nil || d <= 0 {
		return 0, edged.RefuseField(edged.Invalid, location, string(a), wantAge)
	}
	return d, nil
}

// ageOf says a duration; none is no bound.
func ageOf(d time.Duration) ageText {
	if d <= 0 {
		return ""
	}
	return ageText(durationText(d))
}

// sizeValue is a number of bytes that is also said as "64MiB". Zero is no bound.
type sizeValue string

const wantSize = `want a size above zero, such as "64MiB", or a number of bytes; leave it out for no bound`

// sizeMax is the largest size. The pattern has room for it, and for what stays below it.
const (
	sizeMax     = 9e16
	sizePattern = `^[1-9]([0-9]{0,16}B?|[0-9]{0,8}([kKM]B|[KM]iB)|[0-9]{0,6}(GB|GiB)|[0-9]{0,3}(TB|TiB))$`
)

// Schema describes both forms.
func (sizeValue) Schema(huma.Registry) *huma.Schema {
	one, most := 1.0, float64(sizeMax)
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Pattern: sizePattern, Examples: []any{"64MiB"}},
		{Type: huma.TypeInteger, Format: "int64", Minimum: &one, Maximum: &most},
	}}
}

// UnmarshalJSON takes a string or a number.
func (v *sizeValue) UnmarshalJSON(b []byte) error {
	text, err := strconv.Unquote(string(b))
	if err != nil {
		text = string(b)
	}
	if text != "null" {
		*v = sizeValue(text)
	}
	return nil
}

func (v sizeValue) bytes(location string) (int64, error) {
	if v == "" {
		return 0, nil
	}
	digits := len(v)
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			digits = i
			break
		}
	}
	n, err := strconv.ParseInt(string(v[:digits]), 10, 64)
	scale := map[string]int64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[string(v[digits:])]
	if whole, f := string(v), 0.0; scale == 0 { // a JSON number such as 1e6
		if f, err = strconv.ParseFloat(whole, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<62 {
			n, scale = int64(f), 1
		}
	}
	if err != nil || n <= 0 || scale == 0 || n > sizeMax/scale {
		return 0, edged.RefuseField(edged.Invalid, location, cut(string(v), 40), wantSize)
	}
	return n * scale, nil
}

// sizeOf says a number of bytes in the largest unit that divides it and leaves it short.
func sizeOf(n int64) sizeValue {
	const shortMax = 9_999
	if n == 0 {
		return ""
	}
	text := strconv.FormatInt(n, 10) + "B"
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if n%1024 != 0 {
			break
		}
		if n /= 1024; n <= shortMax {
			text = strconv.FormatInt(n, 10) + unit
		}
	}
	return sizeValue(text)
}

// stream makes the definition in the root's words.
func (d *streamDefinition) stream(name string) (edged.Stream, error) {
	def := edged.Stream{
		Name: name, Partitions: d.Partitions, Regions: d.Regions, Replication: d.Replication,
		Description: d.Description,
	}
	if keep := d.Retention; keep != nil {
		var err error
		if def.Retention.Age, err = keep.Age.duration("body.retention.age"); err != nil {
			return edged.Stream{}, err
		}
		if def.Retention.Bytes, err = keep.Bytes.bytes("body.retention.bytes"); err != nil {
			return edged.Stream{}, err
		}
	}
	if def.Replication == "" {
		def.Replication = "full"
	}
	return def, nil
}

func viewOf(info *edged.StreamInfo) streamView {
	v := streamView{
		Name: info.Name, Partitions: info.Partitions, Regions: info.Regions,
		Replication: info.Replication, Description: info.Description,
		Created: timeText(info.Created.UnixNano()),
		Events:  info.Events, Bytes: info.Bytes, Origins: make([]logView, 0, len(info.Logs)),
	}
	if keep := info.Retention; keep != (edged.Retention{}) {
		v.Retention = &retentionView{Bytes: sizeOf(keep.Bytes)}
		v.Retention.Age = ageOf(keep.Age)
	}
	for _, l := range info.Logs {
		log := logView{
			Origin: l.Name.Origin.String(), Partition: uint32(l.Name.Partition),
			First: uint64(l.First), Last: uint64(l.Last), Bytes: l.Bytes,
		}
		if l.Newest != (edged.Timestamp{}) {
			log.Newest = l.Newest.String()
		}
		v.Origins = append(v.Origins, log)
	}
	return v
}

func (s *Server) putStream(w http.ResponseWriter, r *http.Request) {
	form, err := answerForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := streamOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var given streamDefinition
	if err := s.streamDef.read(w, r, &given); err != nil {
		s.fail(w, r, err)
		return
	}
	def, err := given.stream(name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	info, created, err := s.parts.Catalog.PutStream(r.Context(), def)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", "/v1/streams/"+name)
	}
	writeAnswer(w, form, status, viewOf(&info))
}

func (s *Server) getStream(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		name, err := streamOf(r)
		if err != nil {
			return nil, err
		}
		info, err := s.parts.Catalog.Stream(name)
		return viewOf(&info), err
	})
}

func (s *Server) digest(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		name, err := streamOf(r)
		if err != nil {
			return nil, err
		}
		d, err := s.parts.Catalog.Digest(name)
		return digestOf(&d), err
	})
}

func digestOf(d *edged.StreamDigest) digestView {
	v := digestView{Vector: make(map[string]uint64, len(d.Vector)), Digest: hex.EncodeToString(d.Digest[:])}
	for log, at := range d.Vector {
		v.Vector[log] = uint64(at)
	}
	return v
}

func (s *Server) deleteStream(w http.ResponseWriter, r *http.Request) {
	name, err := streamOf(r)
	s.remove(w, r, name, err, s.parts.Catalog.DeleteStream)
}

// remove deletes what a request names, if its name could be read.
func (s *Server) remove(w http.ResponseWriter, r *http.Request, name string, err error, remove func(context.Context, string) error) {
	if err == nil {
		err = remove(r.Context(), name)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listStreams(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		after, limit, err := pageParams(r.URL.Query(), edged.CheckName)
		if err != nil {
			return nil, err
		}
		infos, err := s.parts.Catalog.List(after, limit+1)
		if err != nil {
			return nil, err
		}
		var page streamList
		page.Streams, page.Next = pageOf(infos, limit, viewOf, func(i *edged.StreamInfo) string { return i.Name })
		return page, nil
	})
}
