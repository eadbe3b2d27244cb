package httpapi

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgedhq/edged"
)

// FuzzStatement holds any body that should bring SQL, in each form, to being a definition, a query
// over the past, or a refusal, within bounds of memory.
func FuzzStatement(f *testing.F) {
	f.Add([]byte(`{"sql":"SELECT 1","idle":"1s","max_keys":5,"backfill":false,"restart":true,"replace":"now"}`), uint8(0))
	f.Add([]byte(`{"sql":"\ud800","limit":1e3,"timeout":"5s","cut":"AQ"}`), uint8(0))
	f.Add([]byte("\x82\xa3sql\xa1x\xa4idle\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), uint8(1))
	f.Add([]byte("\xdf\xff\xff\xff\xff"), uint8(1))
	f.Add([]byte("SELECT 1"), uint8(2))
	f.Add([]byte("{"+strings.Repeat(`"a":1,`, 5000)+`"sql":"x"}`), uint8(0))
	f.Add([]byte("{"+strings.Repeat(`"sql":"x",`, 5000)+`"sql":"x"}`), uint8(0))
	f.Add([]byte("{"+strings.Repeat(`"javascript":{},`, 5000)+`"events":[]}`), uint8(0))
	limits, _ := Limits{}.withDefaults()
	f.Fuzz(func(t *testing.T, in []byte, form uint8) {
		st := statement{in, []string{typeJSON, typeMsgpack, typeSQL}[form%3]}
		var def edged.Function
		var once edged.OnceQuery
		var errs [2]error
		n := allocatedBytes(func() {
			def, _, errs[0] = st.function("f")
			once, _, errs[1] = st.once(&limits)
		})
		if n > 2*(4*len(in)+64<<10) {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		for _, err := range errs {
			var refusal *edged.Refusal
			if err == nil {
				continue
			}
			if !errors.As(err, &refusal) || refusal.Detail == "" {
				t.Fatalf("%q: %v", in, err)
			}
			if p := problemOf(err); len(p.appendJSON(nil)) > 64<<10 {
				t.Fatalf("%q: a refusal of %d bytes", in, len(p.appendJSON(nil)))
			}
		}
		if errs[0] == nil && (strings.TrimSpace(def.SQL) == "" || !utf8.ValidString(def.SQL) || len(def.Options) > len(optionNames)) {
			t.Fatalf("%q was taken as %+v", in, def)
		}
		if errs[1] == nil && (once.Limit < 1 || once.Limit > limits.ReadEventsMax || strings.TrimSpace(once.SQL) == "") {
			t.Fatalf("%q was taken as %+v", in, once)
		}
	})
}
