package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// Live is one WebSocket that carries many subscriptions and publishes. One goroutine calls Next;
// the other methods may be called by any.
type Live struct {
	socket *socket
	last   atomic.Int64
}

// Message is a frame of the node.
type Message struct {
	Op      string          `json:"op"`
	ID      int64           `json:"id"`  // of the request that it answers
	Sub     int64           `json:"sub"` // the subscription that it belongs to
	Event   json.RawMessage `json:"event"`
	Row     json.RawMessage `json:"row"`
	Key     string          `json:"key"` // change, row
	Value   json.RawMessage `json:"value"`
	Deleted bool            `json:"deleted"`
	Problem *Problem        `json:"problem"`
	From    uint64          `json:"from"` // gap
	To      uint64          `json:"to"`
	Reason  string          `json:"reason"`
	Skipped int64           `json:"skipped"` // lagged
	Receipt                 // published; Cursor is also an event's, a change's or a subscription's
}

// Live opens the socket. It is closed when ctx ends, or by Close.
func (c *Client) Live(ctx context.Context) (*Live, error) {
	s, err := c.dial(ctx, []string{"v1", "live"}, nil, time.Minute)
	if err != nil {
		return nil, err
	}
	return &Live{socket: s}, nil
}

// Close says good-bye and closes the socket.
func (l *Live) Close() { l.socket.close() }

// Next waits for the next frame of the node.
func (l *Live) Next() (Message, error) {
	var m Message
	frame, err := l.socket.next()
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		return m, fmt.Errorf("client: live frame: %w", err)
	}
	return m, nil
}

// Subscribe asks for a feed and returns the id that the answer will carry. Of q, only what
// narrows and places a feed is used. credit is the number of events that may come before Credit
// adds more; 0 is unlimited.
func (l *Live) Subscribe(stream string, q Query, credit int) (id int64, err error) {
	return l.open(map[string]any{"op": "subscribe", "stream": stream}, q.values(), credit)
}

// Watch asks for the changes of a collection, as Subscribe does for the events of a stream.
func (l *Live) Watch(collection string, q WatchQuery, credit int) (id int64, err error) {
	return l.open(map[string]any{"op": "watch", "collection": collection}, q.values(), credit)
}

// WatchRows asks for a function's rows as they change, as Subscribe does for the events of a stream.
func (l *Live) WatchRows(function string, q RowsFeed, credit int) (id int64, err error) {
	return l.open(map[string]any{"op": "watch", "function": function}, q.values(), credit)
}

func (l *Live) open(frame map[string]any, query url.Values, credit int) (id int64, err error) {
	id = l.last.Add(1)
	frame["id"] = id
	for name, values := range query {
		if len(values) == 1 {
			frame[name] = values[0]
		} else {
			frame[name] = values
		}
	}
	if credit > 0 {
		frame["credit"] = credit
	}
	return id, l.send(frame)
}

// Unsubscribe ends a subscription.
func (l *Live) Unsubscribe(sub int64) (id int64, err error) {
	id = l.last.Add(1)
	return id, l.send(map[string]any{"op": "unsubscribe", "id": id, "sub": sub})
}

// Credit lets add more events of a subscription come.
func (l *Live) Credit(sub int64, add int) error {
	return l.send(map[string]any{"op": "credit", "sub": sub, "add": add})
}

// Publish sends a batch and returns the id that its receipt or problem will carry. ack may be
// empty. A lost socket leaves open whether it was stored: give the drafts ids to send them again.
func (l *Live) Publish(stream string, drafts []Draft, ack string) (id int64, err error) {
	id = l.last.Add(1)
	b := fmt.Appendf(nil, `{"op":"publish","id":%d,"stream":`, id)
	b = appendString(b, stream)
	if ack != "" {
		b = appendString(append(b, `,"ack":`...), ack)
	}
	b = AppendBatch(append(b, `,"events":`...), drafts)
	return id, l.socket.write(ws.OpText, append(b, '}'))
}

func (l *Live) send(frame map[string]any) error {
	b, err := json.Marshal(frame)
	if err != nil {
		return fmt.Errorf("client: live: %w", err)
	}
	return l.socket.write(ws.OpText, b)
}
