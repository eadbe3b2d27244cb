package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

func TestUpdatesTakeKeysAndOperationsApart(t *testing.T) {
	packed := []byte(pack(t, []any{m{"key": "a", "increment": 1}, m{"key": "b", "ops": []any{m{"add": []any{"x", 1.5, nil, true}}}}}))
	for name, c := range map[string]struct {
		form UpdateForm
		body []byte
		want string
	}{
		"key first":   {JSONUpdates, []byte(`[{"key":"a","increment":1}]`), `a {"increment":1};`},
		"key last":    {JSONUpdates, []byte(`[{"increment":1,"key":"a"}]`), `a {"increment":1};`},
		"key between": {JSONUpdates, []byte("[{\"add\" : [ 1 ],\n \"key\":\"a\", \"remove\":[2]}]"), `a {"add":[ 1 ],"remove":[2]};`},
		"escapes":     {JSONUpdates, []byte(`[{"\u006bey":"\u00e9\n","\u006fps":[{"x":1}]},{"in\u0063":"\u0001","key":"b"}]`), "é\n [{\"x\":1}];b {\"in\\u0063\":\"\\u0001\"};"},
		"lines":       {LineUpdates, []byte("\r\n{\"key\":\"a\",\"x\":1}\n \n{\"key\":\"b\",\"x\":2}"), `a {"x":1};b {"x":2};`},
		"msgpack":     {PackedUpdates, packed, `a {"increment":1};b [{"add":["x",1.5,null,true]}];`},
	} {
		t.Run(name, func(t *testing.T) {
			var u Updates
			if err := u.Read(c.form, c.body); err != nil {
				t.Fatal(err)
			}
			got := ""
			for i := range u.List {
				got += u.List[i].Key + " " + string(u.List[i].Ops) + ";"
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestPlacedFindsOperationsWhereTheyStood(t *testing.T) {
	var u Updates
	if err := u.Read(JSONUpdates, []byte(`[{"key":"a","x":1},{"key":"b","ops":[{"x":1}]}]`)); err != nil {
		t.Fatal(err)
	}
	for was, want := range map[string]string{
		"body[0].x": "body[0].x", "body[1][0].x": "body[1].ops[0].x", "body[1].x[2]": "body[1].ops.x[2]",
		"body[1].key": "body[1].key", "body[7].x": "body[7].x", "body": "body", "query.ack": "query.ack", "body[x]": "body[x]",
	} {
		err := u.Placed(edged.RefuseField(edged.Invalid, was, nil, "no"))
		var r *edged.Refusal
		if !errors.As(err, &r) || r.Fields[0].Location != want || r.Detail != want+": no" {
			t.Errorf("%s: got %+v", was, r)
		}
	}
	if other := errors.New("a fault"); u.Placed(other) != other { //nolint:errorlint // the very same
		t.Error("another error was changed")
	}
}

// holdUpdates reads a body as a pooled Updates would, and holds the outcome to what is promised.
func holdUpdates(t *testing.T, u *Updates, form UpdateForm, body []byte) bool {
	t.Helper()
	if u.List == nil {
		u.List, u.grouped = make([]edged.Update, 0, updatesMax), make([]bool, 0, updatesMax)
	}
	given := bytes.Clone(body)
	var err error
	for tries := 0; ; tries++ { // others in the process allocate too
		u.scratch = nil
		n := allocated(func() { err = u.Read(form, body) })
		if n <= 4*(len(given)+len(u.scratch))+64<<10 {
			break
		}
		if tries == 3 {
			t.Fatalf("%d bytes of input took %d bytes", len(given), n)
		}
	}
	if !bytes.Equal(given, body) {
		t.Fatal("the body was changed")
	}
	if err != nil {
		var r *edged.Refusal
		if !errors.As(err, &r) || r.Detail == "" || len(r.Fields) == 0 || len(u.List) != 0 {
			t.Fatalf("refused with %#v and %d updates", err, len(u.List))
		}
		return false
	}
	for i := range u.List {
		if ops := u.List[i].Ops; edged.CheckKey("", u.List[i].Key) != nil || !json.Valid(ops) || !strings.ContainsAny(string(ops[:1]), "{[") {
			t.Fatalf("%q with %s", u.List[i].Key, ops)
		}
	}
	return true
}

func FuzzUpdates(f *testing.F) {
	f.Add([]byte(`[{"key":"a\u0031","increment":5},{"ops":[{"add":["x"]},{"remove":[1e3]}],"key":"b"}]`))
	f.Add([]byte("{\"key\":\"a\",\"x\":[1,\t2]}\n\n{\"key\":\"b\",\"ops\":{}}\r\n"))
	f.Add([]byte("\x91\x82\xa3key\xa1a\xa9increment\x01"))
	f.Add([]byte("\xdd\x00\x98\x96\x80"))
	var u, ops Updates
	f.Fuzz(func(t *testing.T, in []byte) {
		holdUpdates(t, &u, PackedUpdates, in)
		holdUpdates(t, &u, LineUpdates, in)
		for _, form := range []UpdateForm{JSONUpdates, PackedUpdates} {
			if text, err := ops.Ops(form, in); err == nil && !json.Valid(text) {
				t.Fatalf("%q became %q", in, text)
			}
		}
		if !holdUpdates(t, &u, JSONUpdates, in) {
			return
		}
		var again []map[string]any // the second opinion
		if err := json.Unmarshal(in, &again); err != nil || len(again) != len(u.List) {
			t.Fatalf("%d updates of %q; encoding/json: %d, %v", len(u.List), in, len(again), err)
		}
		for i, one := range again {
			want := one["ops"]
			if want == nil {
				key := one["key"]
				delete(one, "key")
				want, one["key"] = any(maps.Clone(one)), key
			}
			var got any
			if err := json.Unmarshal(u.List[i].Ops, &got); err != nil || one["key"] != u.List[i].Key || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: update %d is %q %s, want %v", in, i, u.List[i].Key, u.List[i].Ops, want)
			}
		}
	})
}
