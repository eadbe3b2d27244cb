package roster

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
)

func event(wall int64, origin byte, data []byte) edged.Event {
	return edged.Event{
		HLC:    edged.Timestamp{Wall: wall},
		Origin: edged.Origin{ID: edged.OriginID{origin}},
		Data:   data,
	}
}

func dataOf(_ string, data []byte) []byte { return data }

func TestRecords(t *testing.T) {
	node := Node{ID: "n1", Name: "a", Region: "eu", Address: "h:7946", HTTP: "h:8080", State: Active}
	minted := edged.Origin{ID: edged.OriginID{1}, Label: "a"}
	origin := Origin{Origin: minted, Node: "n1", Region: "eu"}
	seal := Seal{Origin: minted, At: 1_700_000_000_000_000_001, Reason: "exposed"}
	text := "a~01000000000000000000"

	key, data := NodeRecord(node)
	check(t, key, "n1", data, `{"node":{"id":"n1","name":"a","region":"eu","address":"h:7946","http":"h:8080","state":"active"}}`)
	r := New()
	fold(t, r, event(1, 1, data))
	key, data = OriginRecord(origin)
	check(t, key, text, data, `{"origin":{"origin":"`+text+`","node":"n1","region":"eu"}}`)
	fold(t, r, event(1, 1, data))
	key, data = SealRecord(seal)
	check(t, key, text, data, `{"seal":{"origin":"`+text+`","at":1700000000000000001,"reason":"exposed"}}`)
	fold(t, r, event(1, 1, data))

	if got := r.Nodes(); !slices.Equal(got, []Node{node}) {
		t.Errorf("nodes: got %+v", got)
	}
	if got, ok := r.Node("n1"); !ok || got != node {
		t.Errorf("node n1: got %+v, %v", got, ok)
	}
	if got := r.Origins(); !maps.Equal(got, map[edged.OriginID]Origin{minted.ID: origin}) {
		t.Errorf("origins: got %+v", got)
	}
	if got := r.Seals(); !maps.Equal(got, map[edged.OriginID]Seal{minted.ID: seal}) {
		t.Errorf("seals: got %+v", got)
	}
}

func check(t *testing.T, key, wantKey string, data []byte, want string) {
	t.Helper()
	if key != wantKey || string(data) != want {
		t.Errorf("got  %s %s\nwant %s %s", key, data, wantKey, want)
	}
}

func fold(t *testing.T, r *Roster, e edged.Event) {
	t.Helper()
	if !r.Fold(e) || r.Bad() != 0 {
		t.Errorf("%s changed nothing, bad %d", e.Data, r.Bad())
	}
}

// TestLatestWins folds the same events in many orders, some of them twice.
func TestLatestWins(t *testing.T) {
	at := func(address string, state State) []byte {
		return dataOf(NodeRecord(Node{ID: "n1", Address: address, State: state}))
	}
	events := []edged.Event{
		event(1, 9, at("first", Active)),
		event(2, 1, at("second", Left)),
		event(2, 2, at("second, of the greater origin", Active)),
		event(1, 3, dataOf(NodeRecord(Node{ID: "n2", State: Evicted}))),
		event(5, 1, dataOf(SealRecord(Seal{At: 5}))),
		event(4, 1, dataOf(SealRecord(Seal{At: 4}))),
		event(3, 1, dataOf(OriginRecord(Origin{Node: "n1"}))),
	}
	want := New()
	for _, e := range events {
		want.Fold(e)
	}
	if n, _ := want.Node("n1"); n.Address != "second, of the greater origin" {
		t.Errorf("got %+v", n)
	}
	if s := want.Seals()[edged.OriginID{}]; s.At != 5 {
		t.Errorf("got %+v", s)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		got := New()
		for range 2 {
			for _, i := range random.Perm(len(events)) {
				got.Fold(events[i])
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
}

func TestFoldSkipsWhatItCannotRead(t *testing.T) {
	tests := []struct {
		name, data string
		bad        int
		changed    bool
	}{
		{"unknown field", `{"node":{"id":"n1","state":"active","colour":"red"},"more":[1]}`, 0, true},
		{"unknown kind", `{"quota":{"bytes":1}}`, 0, false},
		{"nothing", ``, 1, false},
		{"cut off", `{"node":{"id":"n1"`, 1, false},
		{"no object", `[]`, 1, false},
		{"no id", `{"node":{"state":"active"}}`, 1, false},
		{"unknown state", `{"node":{"id":"n1","state":"asleep"}}`, 1, false},
		{"origin cut off", `{"origin":{"origin":"a~01","node":"n1"}}`, 1, false},
		{"origin of nobody", `{"origin":{"origin":"a~01000000000000000000"}}`, 1, false},
		{"seal without origin", `{"seal":{"at":1}}`, 1, false},
		{"fraction of a time", `{"seal":{"origin":"a~01000000000000000000","at":1.5}}`, 1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := New()
			changed := r.Fold(event(1, 1, []byte(test.data)))
			if changed != test.changed || r.Bad() != test.bad {
				t.Errorf("%s: changed %v, bad %d; want %v, %d", test.data, changed, r.Bad(), test.changed, test.bad)
			}
		})
	}
}
