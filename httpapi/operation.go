package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// The types of this file describe operations for the documents. The types of values read them by
// hand.

// operationView is one operation: one of its members.
type operationView struct {
	Increment any            `json:"increment,omitempty" doc:"counter, bounded_counter: by a whole number; map: an object of fields and numbers"`
	Decrement *int64         `json:"decrement,omitempty" nullable:"false" doc:"counter, bounded_counter"`
	Assign    any            `json:"assign,omitempty" doc:"register: any JSON"`
	Add       []any          `json:"add,omitempty" nullable:"false" doc:"set: elements"`
	Remove    []any          `json:"remove,omitempty" nullable:"false" doc:"set: elements; map: fields"`
	Put       map[string]any `json:"put,omitempty" doc:"map: fields and their values"`
	Enable    *bool          `json:"enable,omitempty" nullable:"false" doc:"flag: true"`
	Disable   *bool          `json:"disable,omitempty" nullable:"false" doc:"flag: true"`
	Observe   []any          `json:"observe,omitempty" nullable:"false" doc:"hyperloglog, topk: items; quantiles: numbers"`
}

// operations is the body of an update of one key: an operation, or an array of them.
type operations struct{}

// Schema describes both forms.
func (operations) Schema(r huma.Registry) *huma.Schema {
	one := r.Schema(reflect.TypeFor[operationView](), true, "")
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one}}}
}

// keyUpdateView is what one of many keys is updated with: operations under ops, or the member of one
// beside the key.
type keyUpdateView struct {
	_   struct{}   `additionalProperties:"true"`
	Key string     `json:"key" minLength:"1" maxLength:"1024"`
	Ops operations `json:"ops,omitempty" doc:"One operation or an array, carried out whole or not at all; or one stands beside the key, as in {\"key\":\"home\",\"increment\":1}"`
}
