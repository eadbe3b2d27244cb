package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/edgedhq/edged"
)

// Draft is an event to publish. Only Data is needed.
type Draft struct {
	ID          string
	Key         string
	Type        string
	ContentType string // empty is application/json
	Time        time.Time
	Headers     map[string]string
	Data        []byte
}

// PublishOptions say how a publish is stored and how hard it is tried.
type PublishOptions struct {
	Ack            string        // memory, disk, region or regions:N; empty is the node's default
	Timeout        time.Duration // how long the node may wait for Ack; 0 is the node's default
	IdempotencyKey string        // one key for one batch: makes every retry safe
	After          string        // cursor of what the author had seen

	// RetryFor is how long a publish is tried again after a loss of connection or an answer that
	// says it may help. 0 tries once.
	RetryFor time.Duration
	// OnRetry is told before each pause; nil tells nobody.
	OnRetry func(err error, pause time.Duration)

	// For PublishBody: what the query says about the events of the body. With NDJSON a Key or
	// Time that starts with "/" is a JSON Pointer into each line.
	Key, Time, Type string
}

// Receipt is a node's answer to a publish.
type Receipt struct {
	Stream        string               `json:"stream"`
	Count         int                  `json:"count"`
	Duplicates    int                  `json:"duplicates"`
	Origin        string               `json:"origin"`
	PartitionSeqs map[string][2]uint64 `json:"partition_seqs,omitempty"`
	HLC           string               `json:"hlc,omitempty"`
	Cursor        string               `json:"cursor"`
}

// Batch is the content type of a JSON array of envelopes.
const Batch = "application/vnd.edged.events+json"

// Publish stores the drafts as one batch, whole or not at all.
func (c *Client) Publish(ctx context.Context, stream string, drafts []Draft, opts PublishOptions) (Receipt, error) {
	return c.PublishBody(ctx, stream, Body{Type: Batch, Bytes: AppendBatch(nil, drafts)}, opts)
}

// Body is what a publish sends: any content type of the contract.
type Body struct {
	Type  string
	Bytes []byte
}

// PublishBody stores what body holds, whole or not at all.
func (c *Client) PublishBody(ctx context.Context, stream string, body Body, opts PublishOptions) (Receipt, error) {
	request := call{
		method: http.MethodPost, path: []string{"v1", "streams", stream, "events"},
		query: opts.query(), header: http.Header{"Content-Type": {body.Type}}, body: body.Bytes,
	}
	if request.body == nil {
		request.body = []byte{}
	}
	if opts.IdempotencyKey != "" {
		request.header.Set("Idempotency-Key", opts.IdempotencyKey)
	}
	var receipt Receipt
	wait := newBackoff(50*time.Millisecond, 5*time.Second)
	for end := time.Now().Add(opts.RetryFor); ; {
		_, err := c.ask(ctx, request, &receipt)
		if err == nil {
			return receipt, nil
		}
		again, asked := opts.again(err)
		d := wait.next(asked)
		if !again || ctx.Err() != nil || time.Now().Add(d).After(end) {
			return receipt, err
		}
		if opts.OnRetry != nil {
			opts.OnRetry(err, d)
		}
		if !pause(ctx, d) {
			return receipt, err
		}
	}
}

func (o *PublishOptions) query() url.Values {
	q := url.Values{}
	set := setter(q)
	set("ack", o.Ack)
	set("after", o.After)
	set("key", o.Key)
	set("time", o.Time)
	set("type", o.Type)
	if o.Timeout > 0 {
		set("timeout", o.Timeout.String())
	}
	return q
}

// again says whether the batch may be sent once more. Without a key only an answer that is sure
// that nothing was stored allows it.
func (o *PublishOptions) again(err error) (bool, time.Duration) {
	if o.RetryFor <= 0 {
		return false, 0
	}
	p, answered := errors.AsType[*Problem](err)
	if o.IdempotencyKey == "" && !(answered && p.NotStored()) {
		return false, 0
	}
	if errors.Is(err, edged.AckTimeout) {
		return true, 0
	}
	return retryable(err)
}

// AppendBatch appends the drafts as a body of type Batch.
func AppendBatch(b []byte, drafts []Draft) []byte {
	b = append(b, '[')
	for i := range drafts {
		if i > 0 {
			b = append(b, ',')
		}
		b = drafts[i].appendTo(b)
	}
	return append(b, ']')
}

// appendTo appends the envelope, its data in the form that its content type asks for.
func (d *Draft) appendTo(b []byte) []byte {
	b = append(b, '{')
	member := func(name, value string) {
		if value != "" {
			b = append(b, '"')
			b = append(append(b, name...), `":`...)
			b = append(appendString(b, value), ',')
		}
	}
	member("id", d.ID)
	member("key", d.Key)
	member("type", d.Type)
	member("content_type", d.ContentType)
	if !d.Time.IsZero() {
		b = append(b, `"time":"`...)
		b = append(d.Time.UTC().AppendFormat(b, time.RFC3339Nano), `",`...)
	}
	if len(d.Headers) > 0 {
		headers, _ := json.Marshal(d.Headers) // a map of strings always has a form
		b = append(b, `"headers":`...)
		b = append(append(b, headers...), ',')
	}
	b = appendData(b, d.ContentType, d.Data)
	return append(b, '}')
}
