package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
)

// Problem is a refusal as the node told it (RFC 9457), or, without a Code, an answer of something
// in between that is not a node.
type Problem struct {
	Type      string  `json:"type,omitempty"`
	Title     string  `json:"title,omitempty"`
	Status    int     `json:"status,omitempty"`
	Detail    string  `json:"detail,omitempty"`
	Code      string  `json:"code,omitempty"` // one of the kinds of package edged
	Retryable bool    `json:"retryable"`
	Stored    any     `json:"stored,omitempty"`  // publishes: false, or "unknown"
	Reached   string  `json:"reached,omitempty"` // the ack level that was reached
	Errors    []Field `json:"errors,omitempty"`
	Limit     int64   `json:"limit,omitempty"`
	Size      int64   `json:"size,omitempty"`
	Cursor    string  `json:"cursor,omitempty"` // cursor_expired: the earliest that can be read

	RetryAfter time.Duration `json:"-"` // how long the node asks to wait; 0 when it does not say
}

// Field is one value at fault.
type Field struct {
	Location string          `json:"location"`
	Message  string          `json:"message"`
	Line     int             `json:"line,omitempty"` // of SQL, from 1
	Column   int             `json:"column,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
}

// Error says the code and the detail.
func (p *Problem) Error() string {
	word, detail := p.Code, p.Detail
	if word == "" {
		word = "status " + strconv.Itoa(p.Status)
	}
	if detail == "" {
		detail = p.Title
	}
	return word + ": " + detail
}

// Unwrap returns the kind, for errors.Is.
func (p *Problem) Unwrap() error { return edged.Kind(p.Code) }

// NotStored says whether the answer is certain that nothing was stored.
func (p *Problem) NotStored() bool { return p.Stored == false }

// problemBytesMax bounds what is read of an answer that refuses.
const problemBytesMax = 64 << 10

// problemFrom reads the body of a refusal.
func problemFrom(resp *http.Response) *Problem {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, problemBytesMax))
	p := &Problem{}
	mediaType := resp.Header.Get("Content-Type")
	if !strings.Contains(mediaType, "json") || json.Unmarshal(body, p) != nil {
		const shown = 200
		*p = Problem{Detail: strings.TrimSpace(string(body[:min(len(body), shown)]))}
	}
	p.Status = resp.StatusCode
	if p.Code == "" {
		p.Title = http.StatusText(p.Status)
		p.Retryable = p.Status == http.StatusTooManyRequests || p.Status >= 502 && p.Status <= 504
	}
	p.RetryAfter = retryAfter(resp.Header.Get("Retry-After"))
	return p
}

// retryAfter reads a number of seconds; dates are not worth their clock.
func retryAfter(text string) time.Duration {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 0 || seconds > 3600 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// retryable says whether the same call may succeed later, and how long the node asks to wait.
// What is not a Problem is a loss of connection, which may pass.
func retryable(err error) (bool, time.Duration) {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Retryable, p.RetryAfter
	}
	if e, ok := errors.AsType[*CloseError](err); ok {
		return !e.final(), 0
	}
	return true, 0
}
