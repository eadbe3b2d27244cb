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

// keyUpdateView is what many keys are updated with: a key, and beside it an operation, or
// operations under ops.
type keyUpdateView struct{}

// Schema adds both members to those of an operation.
func (keyUpdateView) Schema(r huma.Registry) *huma.Schema {
	least, most := 1, 1024
	s := huma.SchemaFromType(r, reflect.TypeFor[operationView]())
	s.Required = []string{"key"}
	s.Properties["key"] = &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}
	ops := operations{}.Schema(r)
	ops.Description = "Instead of an operation beside the key; carried out whole or not at all"
	s.Properties["ops"] = ops
	return s
}
