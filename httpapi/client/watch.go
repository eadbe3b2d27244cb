package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
)

// WatchQuery says what of a collection is watched, and from where.
type WatchQuery struct {
	From   string   // latest, or earliest: all keys with their values first; empty is latest
	Cursor string   // goes on after it; wins over From
	Keys   []string // only these keys
	Prefix string   // only keys that begin so
	After  string   // wait until the node has caught up to this cursor
}

func (q *WatchQuery) values() url.Values {
	v := url.Values{}
	set := setter(v)
	if q.Cursor != "" {
		set("cursor", q.Cursor)
	} else {
		set("from", q.From)
	}
	for _, key := range q.Keys {
		v.Add("key", key)
	}
	set("prefix", q.Prefix)
	set("after", q.After)
	return v
}

// Change is the new value of a key.
type Change struct {
	Key     string          `json:"key"`
	Value   json.RawMessage `json:"value"`
	Deleted bool            `json:"deleted"` // it has no value any more
	Cursor  string          `json:"cursor"`
}

// Change decodes the change of a key. Do not call it on a notice.
func (d *Delivery) Change() (Change, error) {
	var change Change
	if err := json.Unmarshal(d.Data, &change); err != nil {
		return change, fmt.Errorf("client: change: %w", err)
	}
	return change, nil
}

// Watch gives the changes of a collection as Follow gives the events of a stream: until ctx ends, on
// by the cursor over every loss of connection.
func (c *Client) Watch(ctx context.Context, collection string, q WatchQuery, opts FollowOptions) iter.Seq2[Delivery, error] {
	path := append(collectionPath(collection), "changes")
	return c.follow(ctx, place{path, q.Cursor, q.values()}, opts)
}
