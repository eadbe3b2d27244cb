package intake

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/edgedhq/edged"
)

// The bounds of what stands beside an event's data.
const (
	idBytesMax          = 256
	idempotencyBytesMax = 240
	keyBytesMax         = 1024
	typeBytesMax        = 256
	contentTypeBytesMax = 256
	headersMax          = 64
	headerNameBytesMax  = 128
	headerValueBytesMax = 4096
)

func checkKey(location string, key []byte) error {
	if len(key) >= 1 && len(key) <= keyBytesMax && utf8.Valid(key) {
		return nil
	}
	return edged.CheckKey(location, key)
}

// checkText holds an id, a type or a header's name to its bounds.
func checkText[T string | []byte](location string, text T, bytesMax int) error {
	if len(text) >= 1 && len(text) <= bytesMax && validText(text) {
		return nil
	}
	if len(text) >= 1 && len(text) <= bytesMax {
		return edged.RefuseField(edged.Invalid, location, nil, "want UTF-8")
	}
	return edged.RefuseField(edged.Invalid, location, nil, "want 1 to %d bytes, not %d", bytesMax, len(text))
}

func validText[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return utf8.ValidString(string(text[i:]))
		}
	}
	return true
}

// headerFits says whether checkHeader lets h pass, without making a location.
func headerFits(h edged.Header) bool {
	return len(h.Name) >= 1 && len(h.Name) <= headerNameBytesMax && len(h.Value) <= headerValueBytesMax &&
		validText(h.Name) && validText(h.Value)
}

func checkHeader(location string, h edged.Header) error {
	if err := checkText(location, h.Name, headerNameBytesMax); err != nil {
		return err
	}
	if len(h.Value) > headerValueBytesMax {
		return refuse(location, "want at most %d bytes, not %d", headerValueBytesMax, len(h.Value))
	}
	return refuse(location, "want UTF-8")
}

func checkContentType(location, given string) error {
	slash := strings.IndexByte(given, '/')
	ok := slash > 0 && slash < len(given)-1 && len(given) <= contentTypeBytesMax
	for i := range len(given) {
		ok = ok && given[i] >= ' ' && given[i] < 0x7f
	}
	if ok {
		return nil
	}
	kind := edged.Invalid
	if strings.HasPrefix(location, "header.") {
		kind = edged.UnsupportedMediaType
	}
	return edged.RefuseField(kind, location, cut(given), "want type/subtype in at most %d bytes of ASCII", contentTypeBytesMax)
}

// cut shortens what a refusal repeats.
func cut(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func refuse(location string, format string, args ...any) error {
	return edged.RefuseField(edged.Invalid, location, nil, format, args...)
}

// malformed makes a refusal of what a scan found.
func malformed(location string, err error) error {
	return edged.RefuseField(edged.BadRequest, location, nil, "%v", err)
}

// tooLarge refuses what is past a limit; size is what is known of it.
func tooLarge(location, what string, limit, size int64) error {
	size = max(size, limit+1)
	message := fmt.Sprintf("%s has %d bytes or more; want at most %d", what, size, limit)
	return &edged.Refusal{
		Kind: edged.TooLarge, Detail: location + ": " + message, Limit: limit, Size: size,
		Fields: []edged.Field{{Location: location, Message: message}},
	}
}

// nearest ends a refusal of a word that is not among those that are right.
func nearest(given string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if alike(given, w) {
			return fmt.Sprintf("did you mean %q?", w)
		}
		if d := distance(given, w); d < least {
			best, least = w, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "want " + strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// alike says whether two words differ only in what habits of spelling differ in.
func alike(a, b string) bool {
	next := func(s string) (byte, string) {
		s = strings.TrimLeft(s, "_-")
		if s == "" {
			return 0, ""
		}
		c := s[0]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		return c, s[1:]
	}
	for {
		var x, y byte
		x, a = next(a)
		y, b = next(b)
		if x != y {
			return false
		}
		if x == 0 {
			return true
		}
	}
}

// distance counts the letters to insert, delete, replace or swap with the next to come from a to b.
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	var rows [3][64]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := range len(a) {
		before, above, row := &rows[(i+2)%3], &rows[i%3], &rows[(i+1)%3]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
