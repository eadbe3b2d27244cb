package codec

import (
	"strings"
	"unicode/utf8"

	"github.com/edgedhq/edged"
)

// dataKind says how an event's data is shown.
type dataKind uint8

const (
	jsonData dataKind = iota
	textData
	otherData
)

// kindOf sorts content types and remembers the last, for events of one run are often alike.
type kindOf struct {
	contentType string
	kind        dataKind
}

// of tells how to show the event's data. Text that is not UTF-8 is shown as bytes, so that
// nothing of it is lost.
func (k *kindOf) of(e *edged.Event) dataKind {
	if e.ContentType == "" {
		return jsonData
	}
	if e.ContentType != k.contentType {
		k.contentType, k.kind = e.ContentType, sortOf(e.ContentType)
	}
	if k.kind == textData && !utf8.Valid(e.Data) {
		return otherData
	}
	return k.kind
}

func sortOf(contentType string) dataKind {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return jsonData
	case strings.HasPrefix(media, "text/"):
		return textData
	}
	return otherData
}
