package client

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
)

// allocated measures what f takes from the heap.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// bounded fails when f takes more than four times its input and 64 KiB, beside what it is given.
func bounded(t *testing.T, in []byte, given int, f func()) {
	t.Helper()
	most := 4*len(in) + 64<<10 + given
	n := allocated(f)
	for tries := 0; n > most && tries < 2; tries++ { // what the fuzzer itself allocates meanwhile counts, too
		n = min(n, allocated(f))
	}
	if n > most {
		t.Fatalf("%d bytes of input took %d bytes", len(in), n)
	}
}

func drain(s source) {
	for {
		if _, _, err := s.next(); err != nil {
			return
		}
	}
}

func FuzzEventSource(f *testing.F) {
	f.Add([]byte("id: c1\nevent: gap\nretry: 100\ndata: {}\n\n: beat\n\ndata:x\r\ndata\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		bounded(t, in, 0, func() {
			drain(&eventSource{body: newBody(bytes.NewReader(in), func() {}, func() {})})
		})
	})
}

func FuzzLineSource(f *testing.F) {
	f.Add([]byte("{\"id\":\"1\",\"cursor\":\"c1\"}\n\n{\"op\":\"gap\",\"retry_ms\":5,\"cursor\":\"x\"}\n{\"op\":1}\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		bounded(t, in, 0, func() {
			drain(&lineSource{body: newBody(bytes.NewReader(in), func() {}, func() {})})
		})
	})
}

// silentConn takes what is written and gives nothing.
type silentConn struct{ net.Conn }

func (silentConn) Write(p []byte) (int, error) { return len(p), nil }

func FuzzSocket(f *testing.F) {
	f.Add([]byte("\x81\x05hello\x89\x01x\x01\x01a\x80\x01b\x88\x02\x03\xe8"))
	f.Add([]byte("\x82\x7f\x00\x00\x00\x00\x03\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, b := net.Pipe()
		defer b.Close()
		defer a.Close()
		bounded(t, in, 64<<10, func() {
			s := &socket{conn: silentConn{a}, r: bufio.NewReader(bytes.NewReader(in)), stop: func() bool { return true }}
			drain(&socketSource{socket: s})
		})
	})
}

func FuzzProblem(f *testing.F) {
	f.Add([]byte(`{"code":"too_large","limit":1,"size":2,"stored":false,"errors":[{"location":"a","message":"b","value":{}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		resp := httptest.NewRecorder()
		resp.Header().Set("Content-Type", "application/problem+json")
		resp.WriteHeader(http.StatusBadRequest)
		resp.Body.Write(in)
		bounded(t, in, 4*problemBytesMax, func() {
			r := resp.Result()
			r.Body = io.NopCloser(bytes.NewReader(in)) // the recorder's is read once
			_ = problemFrom(r).Error()
		})
	})
}

// FuzzRow: a row keeps its text, and has a value for each of its names. Its columns cost more than a
// text does, in proportion.
func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"z":1,"a":{"x":[1,2]},"z":null,"\u0061b":"\ud800"}`))
	f.Add([]byte(`[1]`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var row Row
		var err error
		bounded(t, in, 60*len(in), func() { err = json.Unmarshal(in, &row) })
		if err != nil || row.Data == nil {
			return
		}
		for _, name := range row.Names {
			if _, ok := row.Values[name]; !ok {
				t.Fatalf("%q: no value of %q", in, name)
			}
		}
		for name := range row.Values {
			if !slices.Contains(row.Names, name) {
				t.Fatalf("%q: %q is not among the names %q", in, name, row.Names)
			}
		}
		if b, err := json.Marshal(row); err != nil || !json.Valid(b) {
			t.Fatalf("%q came back as %q, %v", in, b, err)
		}
	})
}
