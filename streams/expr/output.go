package expr

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON writes a value as JSON. BYTES are base64, times RFC 3339 with as many digits of the
// second as they need, intervals as options write them ("1m30s"); a number is as short as it can be,
// and of a DECIMAL has the digits of its scale.
func AppendJSON(dst []byte, v Value) []byte {
	switch v.kind {
	case Null:
		return append(dst, "null"...)
	case String:
		return AppendQuoted(dst, v.Text())
	case Bytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, bytesOf(v.Text()))
		return append(dst, '"')
	case Timestamp, Interval:
		dst = append(dst, '"')
		dst = appendText(dst, v)
		return append(dst, '"')
	}
	return appendText(dst, v)
}

// appendText writes a value as a cast to STRING does.
func appendText(dst []byte, v Value) []byte {
	switch v.kind {
	case Boolean:
		return strconv.AppendBool(dst, v.bits != 0)
	case Integer:
		return strconv.AppendInt(dst, int64(v.bits), 10)
	case Double:
		return appendDouble(dst, v.Double())
	case Decimal:
		return v.decimal().append(dst)
	case Timestamp:
		return time.Unix(0, int64(v.bits)).UTC().AppendFormat(dst, time.RFC3339Nano)
	case Interval:
		return append(dst, time.Duration(v.bits).String()...)
	}
	return append(dst, v.Text()...)
}

// appendDouble writes the shortest digits that read back as f, with an exponent where JavaScript
// has one.
func appendDouble(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs == 0 || abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // e-09 is e-9
		dst = append(dst[:n-2], dst[n-1])
	}
	return dst
}

// AppendQuoted writes a text as a JSON string. What is no UTF-8 becomes U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
