package httpapi

import "testing"

func TestAccepts(t *testing.T) {
	for header, want := range map[string]string{
		"":                                      typeJSON,
		"*/*":                                   typeJSON,
		"application/*":                         typeJSON,
		"application/msgpack":                   typeMsgpack,
		"Application/MsgPack;q=0.5":             typeMsgpack,
		"application/json, application/msgpack": typeJSON,
		"application/json;q=0.5, application/msgpack": typeMsgpack,
		"application/msgpack;q=0.9, */*;q=0.8":        typeMsgpack,
		"application/json;q=0, */*":                   typeMsgpack,
		"text/html, */*;q=0.1":                        typeJSON,
		"text/html":                                   "",
		"*/*;q=0":                                     "",
		"application/json;q=2":                        "",
		"application/json; charset=utf-8 ; q=1":       typeJSON,
		"application/jsonx":                           "",
		",,;;=,":                                      "",
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8": typeJSON,
	} {
		if got := accepts(header, typeJSON, typeMsgpack); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { accepts("text/html, application/msgpack;q=0.5, */*;q=0.1", typeJSON, typeMsgpack) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
