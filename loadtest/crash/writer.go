package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/lean"
)

// answerWait bounds one publish; the node answers within 5 s or says that it cannot.
const answerWait = 10 * time.Second

// writer publishes one batch at a time. It speaks HTTP by itself: a client library that sends a
// request again on its own would hide which attempt was answered.
type writer struct {
	suite   *suite
	name    string
	rng     *rand.Rand
	made    int // ids
	conn    *lean.Conn
	unknown []batch // attempts to try again
	retried int
	running sync.WaitGroup
}

// batch is one publish.
type batch struct {
	stream  streamSpec
	ack     string
	ids     []string
	keys    []string
	request []byte
}

func newWriter(u *suite, i int) *writer {
	return &writer{suite: u, name: "w" + strconv.Itoa(i), rng: rand.New(rand.NewPCG(u.seed, uint64(i)+1))}
}

// write publishes until the load ends.
func (w *writer) write() {
	for w.suite.loading.Load() {
		if n := len(w.unknown); n > 0 && w.rng.IntN(4) == 0 {
			b := w.unknown[n-1]
			w.unknown = w.unknown[:n-1]
			w.retried++
			w.publish(b)
			continue
		}
		w.publish(w.draw())
	}
	w.hangUp()
}

// draw makes a new batch.
func (w *writer) draw() batch {
	all := specs()
	b := batch{stream: all[w.rng.IntN(len(all))], ack: "disk"}
	if b.stream.memory && w.rng.IntN(3) == 0 {
		b.ack = "memory"
	}
	form := w.rng.IntN(3)
	n := 1
	if form > 0 {
		n = 1 + w.rng.IntN(20)
	}
	prefix := fmt.Sprintf("%s-%d", w.name, w.made)
	w.made++
	for i := range n {
		id := prefix
		if form > 0 {
			id += ":" + strconv.Itoa(i)
		}
		b.ids = append(b.ids, id)
		b.keys = append(b.keys, "key-"+strconv.Itoa(w.rng.IntN(50)))
	}
	b.request = w.request(&b, form, prefix)
	return b
}

// request makes the bytes in one of the bodies that the contract has: one event, envelopes with
// ids, or lines under one idempotency key.
func (w *writer) request(b *batch, form int, prefix string) []byte {
	var contentType, query, header string
	var body []byte
	switch form {
	case 0:
		contentType, query, header = "application/json", "&key="+b.keys[0], "Idempotency-Key: "+prefix+"\r\n"
		body = dataOf(b.ids[0], b.keys[0])
	case 1:
		contentType = "application/vnd.edged.events+json"
		var drafts []client.Draft
		for i, id := range b.ids {
			drafts = append(drafts, client.Draft{ID: id, Key: b.keys[i], Data: dataOf(id, b.keys[i])})
		}
		body = client.AppendBatch(nil, drafts)
	default:
		contentType, query, header = "application/x-ndjson", "&key=/key", "Idempotency-Key: "+prefix+"\r\n"
		for i, id := range b.ids {
			body = append(append(body, dataOf(id, b.keys[i])...), '\n')
		}
	}
	return fmt.Appendf(nil, "POST /v1/streams/%s/events?ack=%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		b.stream.name, b.ack, query, header, contentType, len(body), body)
}

// dataOf is the data of an event, which a reader makes again to compare.
func dataOf(id, key string) []byte {
	sum := uint64(14695981039346656037)
	for i := range len(id) {
		sum = (sum ^ uint64(id[i])) * 1099511628211
	}
	b := fmt.Appendf(nil, `{"id":%q,"key":%q,"pad":"`, id, key)
	for n := sum % 300; n > 0; n-- {
		sum = sum*6364136223846793005 + 1442695040888963407
		b = append(b, 'a'+byte(sum>>60))
	}
	return append(b, `"}`...)
}

// publish sends a batch once and records what its writer can know of it.
func (w *writer) publish(b batch) {
	start := w.suite.now()
	outcome, receipt := w.send(&b)
	end := w.suite.now()
	if outcome == history.Unknown && w.rng.IntN(2) == 0 {
		w.unknown = append(w.unknown, b)
	}
	dots := b.dots(receipt)
	ops := make([]history.Op, len(b.ids))
	for i, id := range b.ids {
		ops[i] = history.Op{
			Process: w.name, Kind: history.Publish, ID: id, Node: node, Level: b.ack,
			Start: start, End: end, Outcome: outcome, Dot: dots[i],
		}
	}
	w.suite.record(ops...)
}

// send says refused only where it is certain: nothing was sent, or the node said so.
func (w *writer) send(b *batch) (history.Outcome, *client.Receipt) {
	if w.conn == nil {
		c, err := lean.Dial(context.Background(), fmt.Sprintf("127.0.0.1:%d", w.suite.port))
		if err != nil {
			time.Sleep(time.Millisecond)
			return history.Refused, nil
		}
		w.conn = c
	}
	if err := w.conn.TCP().SetDeadline(time.Now().Add(answerWait)); err != nil {
		w.hangUp()
		return history.Refused, nil
	}
	a, err := w.conn.Do(b.request)
	if err != nil {
		w.hangUp()
		return history.Unknown, nil
	}
	return w.understand(a)
}

func (w *writer) understand(a lean.Answer) (history.Outcome, *client.Receipt) {
	if a.Status == 201 {
		receipt := new(client.Receipt)
		if err := json.Unmarshal(a.Body, receipt); err != nil {
			w.suite.complain("%s: receipt %q: %v", w.name, a.Body, err)
			return history.Unknown, nil
		}
		return history.OK, receipt
	}
	var problem struct {
		Stored any    `json:"stored"`
		Code   string `json:"code"`
	}
	if err := json.Unmarshal(a.Body, &problem); err != nil {
		w.suite.complain("%s: status %d: %s: %v", w.name, a.Status, a.Body, err)
	}
	if a.Status < 500 && a.Status != 429 || a.Status == 500 {
		w.suite.complain("%s: status %d: %s", w.name, a.Status, a.Body)
	}
	w.hangUp() // a node that is going away closes it too
	if problem.Stored == false {
		return history.Refused, nil
	}
	return history.Unknown, nil
}

// dots are the places of a batch's events, as far as the receipt tells them: with duplicates it
// does not say which event has which.
func (b *batch) dots(r *client.Receipt) []history.Dot {
	all := make([]history.Dot, len(b.ids))
	if r == nil || r.Duplicates > 0 {
		return all
	}
	given := map[edged.Partition]uint64{}
	for i, key := range b.keys {
		p := edged.PartitionOf(key, b.stream.partitions)
		span := r.PartitionSeqs[strconv.Itoa(int(p))]
		all[i] = history.Dot{Log: logName(b.stream.name, uint32(p), r.Origin), Seq: span[0] + given[p]}
		given[p]++
	}
	return all
}

func logName(stream string, partition uint32, origin string) string {
	return fmt.Sprintf("%s/%d@%s", stream, partition, origin)
}

func (w *writer) hangUp() {
	if w.conn != nil {
		_ = w.conn.Close() // nothing more is expected of it
		w.conn = nil
	}
}
