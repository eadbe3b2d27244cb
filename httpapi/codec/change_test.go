package codec

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// TestChangesInEveryForm reads changes back with decoders of others.
func TestChangesInEveryForm(t *testing.T) {
	run := runOf(5, edged.Event{Key: "a\"\n", Data: []byte(`{"n":[1,-2.5,"x"]}`)}, edged.Event{Key: "gone", Type: "counter"})
	for form := range forms {
		for _, sparse := range []bool{false, true} {
			f := encode(run, form, Shape{Change: true, Sparse: sparse})
			for i, e := range run.events {
				got := readBack(t, form, f.Range(i, i+1))
				cursor := string(run.base.AppendAt(nil, run.name.Key(), e.Sequence))
				with := form != Items && form != Packed && (!sparse || i == 1)
				if (got["cursor"] == cursor) != with || got["key"] != e.Key || (got["deleted"] == true) != (i == 1) {
					t.Errorf("form %d: got %v", form, got)
				}
				if value := fmt.Sprint(got["value"]); value != []string{"map[n:[1 -2.5 x]]", "<nil>"}[i] {
					t.Errorf("form %d: value %s", form, value)
				}
				if live := form == LiveText || form == LiveBinary; live != (got["op"] == "change") || live != (fmt.Sprint(got["sub"]) == "1") {
					t.Errorf("form %d: got %v", form, got)
				}
			}
		}
	}
}

// readBack reads what a frame shows.
func readBack(t *testing.T, form Form, frame []byte) (got map[string]any) {
	t.Helper()
	unmarshal, text := json.Unmarshal, frame
	if form >= Packed {
		unmarshal = msgpack.Unmarshal
	}
	switch form {
	case SSE:
		_, data, _ := strings.Cut(string(text), "data: ")
		text = []byte(data)
	case Items:
		text = text[:len(text)-1]
	case Text, LiveText, Binary, LiveBinary:
		header, _ := frameSizes(text)
		text = text[header:]
	}
	if err := unmarshal(text, &got); err != nil {
		t.Fatalf("form %d: %q: %v", form, frame, err)
	}
	return got
}

// TestRowsInEveryForm: a row has a key where there are groups.
func TestRowsInEveryForm(t *testing.T) {
	run := runOf(5, edged.Event{Key: "Oslo", Data: []byte(`{"n":1,"cursor":"a column"}`)}, edged.Event{Data: []byte("{\"n\":\n2}")})
	for form := range forms {
		for sub := 1; sub <= 2; sub++ {
			f := encode(run, form, Shape{Row: true})
			for i, e := range run.events {
				frame := f.Range(i, i+1)
				if sub == 2 {
					if form != LiveText && form != LiveBinary {
						continue
					}
					frame = f.AppendLive(nil, i, i+1, 200)
				}
				got := readBack(t, form, frame)
				key, keyed := got["key"]
				if keyed != (i == 0) || keyed && key != "Oslo" {
					t.Errorf("form %d: got %v", form, got)
				}
				row, _ := got["row"].(map[string]any)
				if fmt.Sprint(row["n"]) != fmt.Sprint(i+1) || (got["cursor"] != nil) != (form != Items && form != Packed) ||
					got["cursor"] != nil && got["cursor"] != string(run.base.AppendAt(nil, run.name.Key(), e.Sequence)) {
					t.Errorf("form %d: got %v", form, got)
				}
				wantSub := fmt.Sprint([]int{0, 1, 200}[sub])
				if live := form == LiveText || form == LiveBinary; live != (got["op"] == "row") || live != (fmt.Sprint(got["sub"]) == wantSub) {
					t.Errorf("form %d: got %v", form, got)
				}
			}
		}
	}
}
