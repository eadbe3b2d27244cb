package crdt

import "testing"

func TestFlag(t *testing.T) {
	play(t, "flag", Limits{}, []situation{
		{"on and off", `
			a = absent
			a: {"enable":true}
			a = true
			a > b
			b: {"disable":true}
			b = absent
			b > a
			a = absent`},
		{"on wins", `
			a: {"enable":true}
			a > b
			a: {"enable":true}
			b: {"disable":true}
			a > b
			b = true`},
		{"off comes before the on that it has seen", `
			a: {"enable":true}
			a > b
			b: {"disable":true}
			b > c
			a > c
			c = absent`},
		{"the last of one record counts", `
			a: [{"enable":true},{"disable":true}]
			a = absent
			a: {"disable":true} | {"enable":true} | {"enable":true}
			a = true
			a: delete
			a = absent`},
	})
	if off := string(newFlag().AppendJSON(nil)); off != "false" {
		t.Errorf("a flag that is off shows %s", off)
	}
}
