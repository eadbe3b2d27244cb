package function

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// commits is a Store that answers each Commit with the next of answers, and then stores.
type commits struct {
	Store
	answers  []error
	asked    int
	stored   []string // data of events
	position string   // the last value
}

func (c *commits) Commit(_ context.Context, puts iter.Seq2[[]byte, []byte], pubs ...*edged.Publication) error {
	c.asked++
	if len(c.answers) > 0 {
		err := c.answers[0]
		if c.answers = c.answers[1:]; err != nil {
			return err
		}
	}
	for _, value := range puts {
		c.position = string(value)
	}
	for _, p := range pubs {
		for i := range p.Drafts {
			c.stored = append(c.stored, string(p.Drafts[i].Data))
		}
	}
	return nil
}

// querying is a query over a store, bound to its stream alone.
func querying(t testing.TB, store Store, text string) (*query, *bound) {
	t.Helper()
	parsed, err := sql.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, refused := plan.Make("f", parsed, nil, 0, 0)
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	opts, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	q := &query{r: &Runner{store: store, opts: opts}, plan: p, core: newCore(p)}
	if p.Way == plan.PerEvent {
		q.mapper = &mapper{}
	}
	s := newSchema("s")
	s.use(q, true)
	b, err := s.bind(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.core.bind(b.fold)
	return q, b
}

// passing is a query that passes all on, over a store; take has it read an event.
func passing(t *testing.T, store Store) (q *query, take func(data string)) {
	t.Helper()
	q, b := querying(t, store, "SELECT * FROM s WITH (into='o')")
	return q, func(data string) {
		l := q.core.lane(source{})
		e := edged.Event{Sequence: l.Position + 1, Data: []byte(data)}
		b.extractor.Event(&e, b.columns, &b.text)
		if err := q.event(l, &e, b.columns, ""); err != nil {
			t.Fatal(err)
		}
		q.waiting += len(data)
	}
}

// TestDeparturesAreRetried refuses commits: what they held goes out later, once, and in order.
func TestDeparturesAreRetried(t *testing.T) {
	full := edged.Refuse(edged.Overloaded, "no room")
	for _, answers := range [][]error{nil, {full}, {full, full}, {nil, full, full}, {full, nil, full}} {
		store := &commits{answers: slices.Clone(answers)}
		q, take := passing(t, store)
		ctx := context.Background()
		var want []string
		for _, data := range []string{`{"n":1}`, `{"n":2}`, `{"n":3}`} {
			take(data)
			want = append(want, data)
			if err := q.flush(ctx); err != nil && !errors.Is(err, full) {
				t.Fatal(err)
			}
		}
		for range len(answers) + 1 {
			if err := q.finish(ctx); err != nil && !errors.Is(err, full) {
				t.Fatal(err)
			}
		}
		if !slices.Equal(store.stored, want) {
			t.Errorf("after %v: stored %v", answers, store.stored)
		}
		if tail, _, err := readTail([]byte(store.position)); err != nil || tail.Position != 3 {
			t.Errorf("after %v: the position is %d, %v", answers, tail.Position, err)
		}
	}
}

// TestUnknownDeparturesEnd never makes a commit again that may be stored.
func TestUnknownDeparturesEnd(t *testing.T) {
	store := &commits{answers: []error{edged.AckTimeout}}
	q, take := passing(t, store)
	ctx := context.Background()
	take(`{"n":1}`)
	if err := q.flush(ctx); err != nil {
		t.Fatal(err)
	}
	take(`{"n":2}`)
	if err := q.finish(ctx); !errors.Is(err, edged.AckTimeout) {
		t.Fatalf("got %v", err)
	}
	if err := q.finish(ctx); err != nil || store.asked != 1 {
		t.Errorf("%d commits, %v", store.asked, err)
	}
}
