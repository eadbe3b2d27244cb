package client

import (
	"encoding/base64"
	"mime"
	"strings"
	"unicode/utf8"
)

// appendData appends an envelope's data member: JSON as it is, text as a string, else base64.
func appendData(b []byte, contentType string, data []byte) []byte {
	switch form := formOf(contentType); {
	case form == jsonForm && len(data) > 0:
		return append(append(b, `"data":`...), data...)
	case form == textForm && utf8.Valid(data):
		return appendString(append(b, `"data":`...), string(data))
	}
	b = append(b, `"data_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(b, data), '"')
}

type form int

const (
	binaryForm form = iota
	jsonForm
	textForm
)

// formOf says how data of a content type stands in an envelope.
func formOf(contentType string) form {
	if contentType == "" || contentType == "application/json" {
		return jsonForm
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return binaryForm
	case mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"):
		return jsonForm
	case strings.HasPrefix(mediaType, "text/"):
		return textForm
	}
	return binaryForm
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		ch := s[i]
		if ch >= ' ' && ch != '"' && ch != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		switch ch {
		case '"', '\\':
			b = append(b, '\\', ch)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[ch>>4], digits[ch&15])
		}
		from = i + 1
	}
	return append(append(b, s[from:]...), '"')
}
