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
				text := f.Range(i, i+1)
				unmarshal := json.Unmarshal
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
				var got map[string]any
				if err := unmarshal(text, &got); err != nil {
					t.Fatalf("form %d: %q: %v", form, text, err)
				}
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
