package httpapi

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

func TestMetrics(t *testing.T) {
	f := newFake()
	for i := range labelValuesMax + 3 {
		f.samples = append(f.samples, edged.Sample{
			Name: "edged_stream_bytes", Help: "Bytes\nstored.", Type: "gauge", Value: 1.5,
			Labels: [][2]string{{"stream", fmt.Sprintf("s%03d", i)}},
		})
	}
	f.samples = append(f.samples, edged.Sample{
		Name: "edged_odd", Help: `a \`, Type: "gauge", Value: -1, Labels: [][2]string{{"peer", "a\"\\\n"}, {"region", "eu"}},
	})
	s := f.server(t, Options{})
	ask(s.Handler(), http.MethodGet, "/v1/version", "")
	ask(s.Handler(), http.MethodGet, "/v1/streams/none", "")
	s.publishes.answered(edged.Disk(), &edged.Receipt{Count: 3, Duplicates: 1}, 2*time.Millisecond)
	s.publishes.answered(edged.Regions(3), &edged.Receipt{Count: 1}, time.Minute)
	w := ask(s.Handler(), http.MethodGet, "/metrics", "")
	got := w.Body.String()
	for _, want := range []string{
		`edged_http_requests_total{method="GET",route="/v1/version",status="2xx"} 1`,
		`edged_http_requests_total{method="GET",route="/v1/streams/{stream}",status="4xx"} 1`,
		`edged_http_problems_total{code="stream_not_found"} 1`,
		`edged_publish_seconds_bucket{ack="disk",le="0.001"} 0`,
		`edged_publish_seconds_bucket{ack="disk",le="0.0025"} 1`,
		`edged_publish_seconds_bucket{ack="disk",le="+Inf"} 1`,
		`edged_publish_seconds_sum{ack="disk"} 0.002`,
		`edged_publish_seconds_bucket{ack="regions",le="5"} 0`,
		`edged_publish_seconds_count{ack="regions"} 1`,
		`edged_published_events_total 4`,
		`edged_duplicates_total 1`,
		`edged_stream_bytes{stream="s199"} 1.5`,
		`edged_stream_bytes{stream="_other"} 4.5`,
		`edged_odd{peer="a\"\\\n",region="eu"} -1`,
		`# HELP edged_stream_bytes Bytes\nstored.`,
		`# HELP edged_odd a \\`,
	} {
		if strings.Count(got, want+"\n") != 1 {
			t.Errorf("no %s in\n%.3000s", want, got)
		}
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) edged_[a-z0-9_]+ .+|edged_[a-z0-9_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? -?[0-9.e+-]+)$`)
	family, types := "", map[string]bool{}
	for text := range strings.Lines(got) {
		text = strings.TrimSuffix(text, "\n")
		if !line.MatchString(text) {
			t.Errorf("not in the form: %s", text)
		}
		if name, ok := strings.CutPrefix(text, "# TYPE "); ok {
			family, _, _ = strings.Cut(name, " ")
			if types[family] {
				t.Errorf("%s comes twice", family)
			}
			types[family] = true
		} else if !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, family) {
			t.Errorf("%s stands under %s", text, family)
		}
	}
	if strings.Contains(got, "s200") {
		t.Error("more streams than there is room for")
	}
}
