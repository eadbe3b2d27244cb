package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/bare"
)

// serve answers HTTP until ctx ends.
func serve(ctx context.Context, address string, h http.Handler) error {
	s := &http.Server{Addr: address, Handler: h, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveBare is what a row starts as the yardstick of fan-outs.
func serveBare(ctx context.Context, address string) error {
	b := bare.New()
	defer b.Close()
	return serve(ctx, address, b)
}

// serveEcho is what a row starts as the yardstick of single requests: net/http that reads the
// body and says how long it was, and stores nothing.
func serveEcho(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/streams/{stream}/events", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"stream":%q,"count":1,"bytes":%d}`, r.PathValue("stream"), n)
	})
	return serve(ctx, address, mux)
}

// startSelf runs this program again as one of its own yardsticks.
func startSelf(ctx context.Context, b *bench, flag string) (*server, error) {
	return b.start(ctx, "peers", func(port int, _ string) ([]string, error) {
		return []string{flag, "127.0.0.1:" + strconv.Itoa(port)}, nil
	})
}

// bareFanout spreads frames of the events' size, or larger ones, as a node's envelope makes them.
func bareFanout(subscribers, frameBytes int) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startSelf(ctx, b, "-serve-bare")
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		return b.fanout(ctx, s, loadtest.Options{Clients: subscribers, EventBytes: frameBytes})
	}
}

func wrkEcho(ctx context.Context, b *bench) (figures, error) {
	s, err := startSelf(ctx, b, "-serve-echo")
	if err != nil {
		return figures{}, err
	}
	defer s.end()
	return b.wrk(ctx, s)
}

func wrkEdged(ctx context.Context, b *bench) (figures, error) {
	s, err := startEdged(ctx, b)
	if err != nil {
		return figures{}, err
	}
	defer s.end()
	return b.wrk(ctx, s)
}

var (
	wrkRate   = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)                               // read-only
	wrkP50    = regexp.MustCompile(`50%\s+([0-9.]+(?:us|ms|s))`)                              // read-only
	wrkP99    = regexp.MustCompile(`99%\s+([0-9.]+(?:us|ms|s))`)                              // read-only
	wrkErrors = regexp.MustCompile(`(?m)^\s*(Non-2xx or 3xx responses:.*|Socket errors:.*)$`) // read-only
)

// wrk has 16 connections publish one event a request.
func (b *bench) wrk(ctx context.Context, s *server) (figures, error) {
	path, err := b.binary(ctx, "wrk")
	if err != nil {
		return figures{}, err
	}
	script := filepath.Join(s.dir, "publish.lua")
	event := loadtest.MakeEvents(b.eventBytes, 0, 1)[0]
	lua := fmt.Sprintf("wrk.method = \"POST\"\nwrk.body = [==[%s]==]\nwrk.headers[\"Content-Type\"] = \"application/json\"\n", event)
	if err := os.WriteFile(script, []byte(lua), 0o644); err != nil {
		return figures{}, err
	}
	before, err := s.CPU()
	if err != nil {
		return figures{}, err
	}
	seconds := max(1, int(b.duration.Seconds()))
	out, err := exec.CommandContext(ctx, path, "-t1", "-c16", fmt.Sprintf("-d%ds", seconds), "--latency",
		"-s", script, "http://"+s.address+"/v1/streams/bench/events").CombinedOutput()
	if err != nil {
		return figures{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	after, err := s.CPU()
	if err != nil {
		return figures{}, err
	}
	return wrkFigures(string(out), (after - before).Seconds(), seconds)
}

func wrkFigures(out string, cpu float64, seconds int) (figures, error) {
	found := wrkRate.FindStringSubmatch(out)
	if found == nil {
		return figures{}, fmt.Errorf("wrk said nothing of requests a second:\n%s", out)
	}
	rate, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return figures{}, err
	}
	f := figures{value: rate, cpu: cpu / (rate * float64(seconds)) * 1e6}
	if m := wrkP50.FindStringSubmatch(out); m != nil {
		f.p50, _ = time.ParseDuration(m[1]) // 0 shows as unknown
	}
	if m := wrkP99.FindStringSubmatch(out); m != nil {
		f.p99, _ = time.ParseDuration(m[1])
	}
	f.note = wrkErrors.FindString(out)
	return f, nil
}

// getOK says whether a GET is answered with 200.
func getOK(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode == http.StatusOK
}
