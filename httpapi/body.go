package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// What a definition may be, and take to arrive; events have limits of their own.
const (
	bodyBytesMax = 16 << 10
	bodyTimeout  = 10 * time.Second
)

// typeForm is what curl -d says of any body. No definition is a form, so JSON is what it means.
const typeForm = "application/x-www-form-urlencoded"

// body holds requests to the schema that the OpenAPI document shows for the same Go type.
type body struct {
	registry huma.Registry
	schema   *huma.Schema
}

func bodyOf[T any]() body {
	registry := newRegistry()
	return body{registry, registry.Schema(reflect.TypeFor[T](), true, "")}
}

// read takes a request's body, JSON or msgpack, into a value of the type of the schema. No body
// is the empty object.
func (b *body) read(w http.ResponseWriter, r *http.Request, into any) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // unsupported in tests
	text, tree, err := readTree(r)
	if err != nil {
		return err
	}
	if err := b.check(tree); err != nil {
		return err
	}
	if text == nil {
		if text, err = json.Marshal(tree); err != nil {
			return edged.Refuse(edged.BadRequest, "the body has a number that JSON cannot hold")
		}
	}
	err = decode(text, into)
	if number := new(json.UnmarshalTypeError); errors.As(err, &number) {
		// A whole number may be written 4.0 or 4e0; of the tree it is written 4.
		if text, err = json.Marshal(tree); err == nil {
			err = decode(text, into)
		}
	}
	return err
}

// readTree reads the body as a tree, and gives its text too when that was JSON.
func readTree(r *http.Request) (text []byte, tree any, err error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, nil, edged.RefuseField(edged.UnsupportedMediaType, "header.Content-Encoding", cut(e, 100),
			"a definition is taken as it is, without an encoding")
	}
	raw, err := readBounded(r)
	if err != nil || len(bytes.TrimSpace(raw)) == 0 {
		return []byte("{}"), map[string]any{}, err
	}
	given := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(given)
	if given == "" || media == typeForm {
		media, err = typeJSON, nil
	}
	switch {
	case err == nil && media == typeJSON && utf8Charset(params):
		tree, err = jsonTree(raw)
		return raw, tree, err
	case err == nil && isMsgpack(media):
		tree, err = unpack(raw)
		if err != nil {
			return nil, nil, edged.Refuse(edged.BadRequest, "the body cannot be read as msgpack: %v", err)
		}
		return nil, tree, nil
	}
	return nil, nil, edged.RefuseField(edged.UnsupportedMediaType, "header.Content-Type", cut(given, 100),
		"want application/json in UTF-8, or application/msgpack")
}

func jsonTree(text []byte) (tree any, err error) {
	if _, err := jsonscan.Check(text); err != nil {
		return nil, edged.Refuse(edged.BadRequest, "the body cannot be read as JSON: %v", err)
	}
	if err = countJSON(text); err == nil {
		err = json.Unmarshal(text, &tree)
	}
	if err != nil {
		return nil, edged.Refuse(edged.BadRequest, "the body cannot be read as JSON: %v", err)
	}
	return tree, nil
}

func utf8Charset(params map[string]string) bool {
	c, ok := params["charset"]
	return !ok || strings.EqualFold(c, "utf-8") || strings.EqualFold(c, "utf8")
}

func isMsgpack(media string) bool {
	return media == typeMsgpack || media == "application/x-msgpack" || media == "application/vnd.msgpack"
}

// readBounded reads no more than the limit, whatever Content-Length says.
func readBounded(r *http.Request) ([]byte, error) {
	tooLarge := func(size int64) error {
		return &edged.Refusal{
			Kind: edged.TooLarge, Limit: bodyBytesMax, Size: size,
			Detail: "the body is larger than the 16 KiB that a definition may have",
		}
	}
	if r.ContentLength > bodyBytesMax {
		return nil, tooLarge(r.ContentLength)
	}
	const usual = 4 << 10
	var raw bytes.Buffer
	raw.Grow(max(int(r.ContentLength), usual) + bytes.MinRead)
	if _, err := raw.ReadFrom(io.LimitReader(r.Body, bodyBytesMax+1)); err != nil {
		return nil, edged.Refuse(edged.BadRequest, "the body ended before it was complete")
	}
	if raw.Len() > bodyBytesMax {
		return nil, tooLarge(int64(raw.Len()))
	}
	return raw.Bytes(), nil
}

// check holds a tree to the schema. First come unknown fields, each with the nearest right word,
// nulls, and what is missing.
func (b *body) check(tree any) error {
	var faults []edged.Field
	b.unknown(b.schema, "body", tree, &faults)
	if len(faults) == 0 {
		var res huma.ValidateResult
		path := huma.NewPathBuffer([]byte("body"), len("body"))
		huma.Validate(b.registry, b.schema, path, huma.ModeWriteToServer, tree, &res)
		faults = fieldsOf(res.Errors)
	}
	return refuseFields(faults)
}

func fieldsOf(errs []error) []edged.Field {
	out := make([]edged.Field, 0, len(errs))
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			out = append(out, edged.Field{Location: "body", Message: err.Error()})
			continue
		}
		f := edged.Field{Location: d.Location, Message: d.Message, Value: d.Value}
		if f.Message == validation.MsgExpectedMatchExactlyOneSchema { // only a size has two forms
			f.Message = wantSize
		}
		out = append(out, f)
	}
	return out
}

// refuseFields makes one refusal of all faults; nil for none.
func refuseFields(faults []edged.Field) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortStableFunc(faults, func(a, b edged.Field) int { return strings.Compare(a.Location, b.Location) })
	detail := faults[0].Location + ": " + faults[0].Message
	if len(faults) > 1 {
		detail += "; errors lists this and what else is not allowed"
	}
	return &edged.Refusal{Kind: edged.Invalid, Detail: detail, Fields: faults}
}

// unknown collects the fields that the schema does not have, those that are null, and those that
// have to be there and are not. The library's own check takes fields in any case and any null, names
// no field that is near, and does not say where what is missing would stand.
func (b *body) unknown(schema *huma.Schema, at string, tree any, faults *[]edged.Field) {
	const faultsMax = 20
	for schema.Ref != "" {
		schema = b.registry.SchemaFromRef(schema.Ref)
	}
	object, ok := tree.(map[string]any)
	if !ok || schema.Type != huma.TypeObject {
		return
	}
	for _, name := range schema.Required {
		if _, there := object[name]; !there {
			*faults = append(*faults, edged.Field{Location: at + "." + name, Message: "is missing" + wantOneOf(schema.Properties[name])})
		}
	}
	for name, value := range object {
		if len(*faults) == faultsMax {
			return
		}
		known := schema.Properties[name]
		switch {
		case known != nil && value == nil:
			*faults = append(*faults, edged.Field{Location: at + "." + name, Message: "want a value, not null; leave it out for the default"})
			continue
		case known != nil:
			b.unknown(known, at+"."+name, value, faults)
			continue
		}
		*faults = append(*faults, edged.Field{
			Location: at + "." + cut(name, 100), Value: value,
			Message: "unknown field; " + suggest(name, slices.Sorted(maps.Keys(schema.Properties))),
		})
	}
}

// wantOneOf lists the words that a field takes, where it takes only those.
func wantOneOf(schema *huma.Schema) string {
	words := make([]string, len(schema.Enum))
	for i, word := range schema.Enum {
		words[i], _ = word.(string)
	}
	if len(words) == 0 {
		return ""
	}
	return "; want one of " + strings.Join(words, ", ")
}

// suggest names the nearest word, or all of them when none is near.
func suggest(given string, words []string) string {
	best, distance := "", 3
	for _, w := range words {
		if len(given) > 40 {
			break
		}
		if d := editDistance(strings.ToLower(given), w); d < distance {
			best, distance = w, d
		}
	}
	if best != "" {
		return `did you mean "` + best + `"?`
	}
	return "want one of " + strings.Join(words, ", ")
}

// editDistance counts the insertions, deletions and replacements from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// decode reads a text that has passed its schema. What a schema cannot say, types say as
// refusals from their UnmarshalJSON.
func decode(text []byte, into any) error {
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	var refusal *edged.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && typed.Field != "" && typed.Type.Kind() == reflect.Int64 {
		return edged.RefuseField(edged.Invalid, "body."+typed.Field, strings.TrimPrefix(typed.Value, "number "), "want a whole number from -2^63 to 2^63-1")
	}
	return fmt.Errorf("%w: %w", edged.Refuse(edged.Invalid, "body: has a value of another type than is described"), err)
}
