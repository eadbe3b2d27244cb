package intake

import (
	"strings"

	"github.com/edgedhq/edged"
)

// Form is how a body holds events.
type Form uint8

// The forms; the package comment says what they are.
const (
	One Form = iota
	Binary
	Cloud
	CloudBatch
	Lines
	Envelopes
	Packed
)

// Limits bound what one request may bring. The caller gives all three.
type Limits struct {
	EventBytesMax  int64 // data of one event
	BatchBytesMax  int64 // body of any form that is not data alone
	BatchEventsMax int
}

// FormOf tells how a body of the content type holds its events; header is the request's, its
// names canonical.
func FormOf(contentType string, header map[string][]string) Form {
	switch {
	case contentType == "" || contentType == "application/json" || contentType == "text/plain":
	case isMedia(contentType, "application/x-ndjson"):
		return Lines
	case isMedia(contentType, "application/vnd.edged.events+json"):
		return Envelopes
	case isMedia(contentType, "application/vnd.edged.events+msgpack"):
		return Packed
	case isMedia(contentType, "application/cloudevents+json"):
		return Cloud
	case isMedia(contentType, "application/cloudevents-batch+json"):
		return CloudBatch
	}
	for _, name := range [...]string{"Ce-Specversion", "Ce-Id", "Ce-Type"} {
		if len(header[name]) > 0 {
			return Binary
		}
	}
	return One
}

// Many says whether a body of this form holds any number of events.
func (f Form) Many() bool { return f >= CloudBatch }

// BytesMax is the size of body that may be taken for the form.
func (f Form) BytesMax(l Limits) int64 {
	if f <= Binary {
		return l.EventBytesMax
	}
	return l.BatchBytesMax
}

// TooLarge refuses a body of the form that is past BytesMax; size is what is known of it.
func (f Form) TooLarge(l Limits, size int64) error { return f.tooLarge("body", f.BytesMax(l), size) }

func (f Form) tooLarge(location string, limit, size int64) error {
	what := "the body of a batch"
	if f <= Binary {
		what = "the data of one event"
	}
	return tooLarge(location, what, limit, size)
}

func isMedia(contentType, media string) bool {
	if len(contentType) < len(media) || !strings.EqualFold(contentType[:len(media)], media) {
		return false
	}
	rest := strings.TrimLeft(contentType[len(media):], " \t")
	return rest == "" || rest[0] == ';'
}

// class is what a content type makes of data.
type class uint8

const (
	jsonClass class = iota
	packClass
	otherClass
)

// sortType gives a content type as it is stored and what it makes of data.
func sortType(location string, given string) (stored string, c class, err error) {
	if given == "" || given == "application/json" {
		return "", jsonClass, nil
	}
	given = strings.Trim(given, " \t")
	if err := checkContentType(location, given); err != nil {
		return "", 0, err
	}
	media, params, _ := strings.Cut(given, ";")
	media = strings.TrimRight(media, " \t")
	switch {
	case strings.EqualFold(media, "application/json"):
		return "", jsonClass, checkCharset(location, params)
	case len(media) > 5 && strings.EqualFold(media[len(media)-5:], "+json"):
		return given, jsonClass, checkCharset(location, params)
	case strings.EqualFold(media, "application/msgpack"):
		return given, packClass, nil
	}
	return given, otherClass, nil
}

// checkCharset refuses JSON in any encoding but UTF-8.
func checkCharset(location, params string) error {
	for params != "" {
		var item string
		item, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(strings.Trim(item, " \t"), "=")
		value = strings.Trim(value, `" `)
		if strings.EqualFold(name, "charset") && !strings.EqualFold(value, "utf-8") &&
			!strings.EqualFold(value, "utf8") && !strings.EqualFold(value, "us-ascii") {
			return edged.RefuseField(edged.UnsupportedMediaType, location, cut(value), "want JSON in UTF-8")
		}
	}
	return nil
}
