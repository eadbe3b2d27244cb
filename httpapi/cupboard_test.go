package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// cupboard keeps collections in memory, as one node alone would: counters, bounded counters of at
// most their max, and registers. What changes in collection c is the shelf's stream $c.c.
type cupboard struct {
	*shelf
	defs      map[string]edged.CollectionInfo
	values    map[string]map[string]string // by collection and key
	conflicts map[string]string            // by key: of registers
	broken    error                        // of every update
	hold      bool                         // updates wait for their ctx to end
	handed    []edged.Update
	awaited   []string
	asked     []int // limits of Entries
}

func newCupboard() *cupboard {
	return &cupboard{
		shelf: newShelf(), defs: map[string]edged.CollectionInfo{}, values: map[string]map[string]string{}, conflicts: map[string]string{},
	}
}

func (c *cupboard) PutCollection(_ context.Context, def edged.Collection) (edged.CollectionInfo, bool, error) {
	known, found := c.defs[def.Name]
	if found && known.Type != def.Type {
		return known, false, edged.RefuseField(edged.Conflict, "body.type", def.Type, "%s is a %s", def.Name, known.Type)
	}
	def.Created = time.Unix(1_700_000_000, 0)
	c.defs[def.Name] = edged.CollectionInfo{Collection: def}
	if !found {
		c.values[def.Name] = map[string]string{}
		c.put(edged.CollectionStream(def.Name))
	}
	return c.defs[def.Name], !found, c.broken
}

func (c *cupboard) Collection(name string) (edged.CollectionInfo, error) {
	info, ok := c.defs[name]
	if !ok {
		return info, edged.Refuse(edged.CollectionNotFound, "no collection %q here", name)
	}
	info.Keys = int64(len(c.values[name]))
	return info, nil
}

func (c *cupboard) ListCollections(after string, limit int) ([]edged.CollectionInfo, error) {
	var out []edged.CollectionInfo
	for _, name := range slices.Sorted(maps.Keys(c.defs)) {
		if name > after && len(out) < limit {
			out = append(out, c.defs[name])
		}
	}
	return out, nil
}

func (c *cupboard) DeleteCollection(_ context.Context, name string) error {
	if _, err := c.Collection(name); err != nil {
		return err
	}
	delete(c.defs, name)
	c.drop(edged.CollectionStream(name))
	return nil
}

func (c *cupboard) CollectionDigest(_ context.Context, name string) (edged.StreamDigest, error) {
	_, err := c.Collection(name)
	return edged.StreamDigest{Vector: map[string]edged.Sequence{"n~01/3": 7}, Digest: [16]byte{0xcd}}, err
}

func (c *cupboard) Update(ctx context.Context, u *edged.Update) (edged.Entry, error) {
	if _, err := c.UpdateAll(ctx, u.Collection, []edged.Update{*u}); err != nil {
		if r, ok := err.(*edged.Refusal); ok {
			for i := range r.Fields {
				r.Fields[i].Location = strings.Replace(r.Fields[i].Location, "body[0]", "body", 1)
			}
		}
		return edged.Entry{}, err
	}
	e, _ := c.Entry(u.Collection, u.Key)
	e.Cursor = c.cursorOf(u.Collection)
	return e, nil
}

func (c *cupboard) UpdateAll(ctx context.Context, collection string, us []edged.Update) (string, error) {
	info, err := c.Collection(collection)
	if err != nil {
		return "", err
	}
	us = slices.Clone(us)
	for i := range us {
		us[i].Key, us[i].Ops = strings.Clone(us[i].Key), bytes.Clone(us[i].Ops)
	}
	c.handed = append(c.handed, us...)
	if c.hold {
		<-ctx.Done()
		return "", cmp.Or(c.broken, ctx.Err())
	}
	if c.broken != nil {
		return "", c.broken
	}
	after := maps.Clone(c.values[collection])
	for i := range us {
		if err := carryOut(after, &info.Collection, &us[i], "body["+strconv.Itoa(i)+"]"); err != nil {
			return "", err
		}
	}
	for key, value := range after {
		if c.values[collection][key] != value {
			c.put(edged.CollectionStream(collection), key+"="+value)
		}
	}
	for key := range c.values[collection] {
		if _, ok := after[key]; !ok {
			c.put(edged.CollectionStream(collection), key+"=")
		}
	}
	c.values[collection] = after
	return c.cursorOf(collection), nil
}

// carryOut does to the values what one update says.
func carryOut(values map[string]string, def *edged.Collection, u *edged.Update, at string) error {
	if u.Ops == nil {
		if _, ok := values[u.Key]; !ok {
			return edged.Refuse(edged.KeyNotFound, "no key %q", u.Key)
		}
		delete(values, u.Key)
		return nil
	}
	ops := []map[string]json.RawMessage{nil}
	where := func(int) string { return at }
	if u.Ops[0] == '[' {
		where = func(i int) string { return at + "[" + strconv.Itoa(i) + "]" }
		if err := json.Unmarshal(u.Ops, &ops); err != nil {
			panic("operations that are not JSON were handed over: " + err.Error())
		}
	} else if err := json.Unmarshal(u.Ops, &ops[0]); err != nil {
		panic("an operation that is not JSON was handed over: " + err.Error())
	}
	for i, op := range ops {
		for verb, given := range op {
			n, err := strconv.Atoi(string(given))
			was, _ := strconv.Atoi(values[u.Key])
			switch {
			case def.Type == "register" && verb == "assign":
				values[u.Key] = string(given)
				continue
			case def.Type == "register" || verb != "increment" && verb != "decrement":
				return edged.RefuseField(edged.Invalid, where(i)+"."+verb, nil, "a %s does not have it", def.Type)
			case err != nil:
				return edged.RefuseField(edged.Invalid, where(i)+"."+verb, nil, "want a whole number")
			case verb == "decrement":
				n = -n
			}
			if def.Max != nil && int64(was+n) > *def.Max {
				return edged.Refuse(edged.LimitReached, "%d is the most", *def.Max)
			}
			values[u.Key] = strconv.Itoa(was + n)
		}
	}
	return nil
}

func (c *cupboard) cursorOf(collection string) string {
	name := edged.CollectionStream(collection)
	c.mu.Lock()
	defer c.mu.Unlock()
	return cursorAt(name, c.shelf.streams[name].head).String()
}

func (c *cupboard) Entry(name, key string) (edged.Entry, error) {
	info, err := c.Collection(name)
	if err != nil {
		return edged.Entry{}, err
	}
	value, ok := c.values[name][key]
	e := edged.Entry{Key: key, Type: info.Type, Cursor: c.cursorOf(name)}
	if !ok {
		return e, edged.Refuse(edged.KeyNotFound, "no key %q", key)
	}
	e.Value = []byte(value)
	if all := c.conflicts[key]; all != "" {
		e.Conflicts = []byte(all)
	}
	return e, nil
}

func (c *cupboard) Entries(name, prefix, after string, limit int) (out []edged.Entry, cursor string, err error) {
	c.asked = append(c.asked, limit)
	if _, err := c.Collection(name); err != nil {
		return nil, "", err
	}
	for _, key := range slices.Sorted(maps.Keys(c.values[name])) {
		if key > after && strings.HasPrefix(key, prefix) && len(out) < limit {
			e, _ := c.Entry(name, key)
			out = append(out, e)
		}
	}
	return out, c.cursorOf(name), nil
}

func (c *cupboard) Changes(q edged.Query, wake func()) (edged.Feed, error) {
	if _, err := c.Collection(q.Stream); err != nil {
		return nil, err
	}
	q.Stream = edged.CollectionStream(q.Stream)
	return c.Follow(q, wake)
}

func (c *cupboard) AwaitCollection(_ context.Context, at edged.Cursor) error {
	c.awaited = append(c.awaited, at.Stream)
	return c.broken
}

func (c *cupboard) server(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := New(Parts{Streams: c, Catalog: c, Collections: c, Entries: c, Cluster: c, Health: c, Metrics: c}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// counters is a server with the collection visits, a counter.
func counters(t testing.TB) (*cupboard, http.Handler) {
	t.Helper()
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	if w := ask(h, http.MethodPut, "/v1/collections/visits", `{"type":"counter"}`); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return c, h
}
