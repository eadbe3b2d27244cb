package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// fakeParts keeps definitions in memory and answers as it is told.
type fakeParts struct {
	streams map[string]edged.StreamInfo
	members []edged.Member
	peers   []edged.Peer
	held    []edged.HeldBack
	sealing edged.Sealing
	sealErr error
	anew    bool                        // was asked for
	links   map[string]edged.LinkPolicy // nil: links are real
	checks  []edged.Check
	alive   error
	samples []edged.Sample
	err     error                                           // of every call that has one to give
	await   func(ctx context.Context, c edged.Cursor) error // nil: caught up
	panics  any
}

func (f *fakeParts) Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error) {
	return edged.Receipt{Stream: p.Stream, Count: len(p.Drafts)}, f.err
}

func (f *fakeParts) Follow(edged.Query, func()) (edged.Feed, error) { return nil, f.err }

func (f *fakeParts) Await(ctx context.Context, at edged.Cursor) error {
	if f.await != nil {
		return f.await(ctx, at)
	}
	return f.err
}

func (f *fakeParts) PutStream(_ context.Context, def edged.Stream) (edged.StreamInfo, bool, error) {
	if f.panics != nil {
		panic(f.panics)
	}
	if f.err != nil {
		return edged.StreamInfo{}, false, f.err
	}
	known, found := f.streams[def.Name]
	if found && def.Partitions != 0 && def.Partitions != known.Partitions {
		return edged.StreamInfo{}, false, edged.RefuseField(edged.Conflict, "body.partitions", def.Partitions, "a stream keeps its %d partitions", known.Partitions)
	}
	def.Partitions = cmp.Or(def.Partitions, known.Partitions, 1)
	def.Created = time.Unix(1_700_000_000, 0)
	info := edged.StreamInfo{Stream: def, Logs: known.Logs}
	f.streams[def.Name] = info
	return info, !found, nil
}

func (f *fakeParts) Stream(name string) (edged.StreamInfo, error) {
	info, ok := f.streams[name]
	if !ok {
		return info, cmp.Or(f.err, error(edged.Refuse(edged.StreamNotFound, "no stream %q here", name)))
	}
	return info, f.err
}

func (f *fakeParts) List(after string, limit int) ([]edged.StreamInfo, error) {
	var out []edged.StreamInfo
	for name, info := range f.streams {
		if name > after {
			out = append(out, info)
		}
	}
	slices.SortFunc(out, func(a, b edged.StreamInfo) int { return strings.Compare(a.Name, b.Name) })
	return out[:min(limit, len(out))], f.err
}

func (f *fakeParts) DeleteStream(_ context.Context, name string) error {
	if _, err := f.Stream(name); err != nil {
		return err
	}
	delete(f.streams, name)
	return nil
}

func (f *fakeParts) Digest(name string) (edged.StreamDigest, error) {
	_, err := f.Stream(name)
	return edged.StreamDigest{Vector: map[string]edged.Sequence{"a~01/0": 7}, Digest: [16]byte{0xab}}, err
}

func (f *fakeParts) Members() []edged.Member    { return f.members }
func (f *fakeParts) Peers() []edged.Peer        { return f.peers }
func (f *fakeParts) HeldBack() []edged.HeldBack { return f.held }

func (f *fakeParts) Seal(_ context.Context, _ edged.OriginID, anew bool) (edged.Sealing, error) {
	f.anew = anew
	return f.sealing, f.sealErr
}
func (f *fakeParts) Alive() error          { return f.alive }
func (f *fakeParts) Checks() []edged.Check { return f.checks }

func (f *fakeParts) Samples() iter.Seq[edged.Sample] { return slices.Values(f.samples) }

func newFake() *fakeParts { return &fakeParts{streams: map[string]edged.StreamInfo{}} }

func (f *fakeParts) server(t testing.TB, opts Options) *Server {
	t.Helper()
	parts := Parts{Streams: f, Catalog: f, Cluster: f, Health: f, Metrics: f}
	if f.links != nil {
		parts.Links = fakeLinks(f.links)
	}
	s, err := New(parts, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends one request; headers are pairs.
func ask(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, in)
	r.Host = "localhost:8080"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func object(t testing.TB, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}
