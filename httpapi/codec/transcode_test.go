package codec

import (
	"bytes"
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// plainly decodes both forms with the libraries, numbers as floats.
func plainly(t *testing.T, text string) (want, got any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	d := msgpack.NewDecoder(bytes.NewReader(AppendValue(nil, []byte(text))))
	d.UseLooseInterfaceDecoding(true)
	got, err := d.DecodeInterface()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return want, floats(got)
}

func floats(v any) any {
	switch r := reflect.ValueOf(v); {
	case r.CanInt():
		return float64(r.Int())
	case r.CanUint():
		return float64(r.Uint())
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}

func TestJSONBecomesTheSameValueInMsgpack(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `-32`, `-33`, `-129`, `-40000`, `-3000000000`, `127`, `128`, `300`, `70000`,
		`5000000000`, `18446744073709551615`, `18446744073709551616`, `-9223372036854775808`, `1.5`, `1e3`, `-2.5e-7`,
		`""`, `"a"`, `"é\u00e9\n\"\ud83d\ude00"`, `[]`, `{}`, ` [ 1 , { "a" : [ ] } ] `, `{"total":42,"who":{"name":"Ann"},"tags":["x",null]}`,
		`[` + strings.Repeat(`1,`, 40) + `2]`, `{"a\tb":"` + strings.Repeat("x", 300) + `"}`, `[` + strings.Repeat(`"y",`, 70000) + `0]`,
	} {
		if want, got := plainly(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%.80s became %.80v", text, got)
		}
	}
}

func TestWhatIsNoJSONStaysBytes(t *testing.T) {
	for _, text := range []string{`{`, `{"a":}`, `nul`, `1 2`, "\xff", strings.Repeat("[", 200)} {
		if got := AppendValue(nil, []byte(text)); !bytes.Equal(got, appendRaw(nil, []byte(text))) {
			t.Errorf("%.40q became % .40x", text, got)
		}
	}
}

func FuzzTranscode(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2,3.5,"x\n",null,true]}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		packed := AppendValue(make([]byte, 0, len(text)), text)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(16*len(text)+64<<10) {
			t.Fatalf("%d bytes of text took %d", len(text), n)
		}
		var want any
		if json.Unmarshal(text, &want) != nil {
			return
		}
		if _, err := msgpack.NewDecoder(bytes.NewReader(packed)).DecodeInterface(); err != nil {
			t.Fatalf("%q became % x: %v", text, packed, err)
		}
	})
}
