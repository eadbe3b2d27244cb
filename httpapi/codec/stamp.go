package codec

import (
	"time"

	"github.com/edgedhq/edged"
)

// stamp writes times as RFC 3339 in UTC, as edged.AppendTime does, and keeps the text of the
// last one: the times of a run are close to each other.
type stamp struct {
	second int64 // Unix, of text up to the fraction; wrong while text is empty
	nano   int64 // of the whole text
	text   []byte
	room   [40]byte
}

// wholeLen is the length of the text up to the second.
const wholeLen = len("2006-01-02T15:04:05")

func (s *stamp) append(b []byte, unixNano int64) []byte {
	if s.text != nil && unixNano == s.nano {
		return append(b, s.text...)
	}
	second := unixNano / int64(time.Second)
	fraction := unixNano % int64(time.Second)
	if fraction < 0 {
		second, fraction = second-1, fraction+int64(time.Second)
	}
	if s.text == nil || second != s.second {
		s.text = edged.AppendTime(s.room[:0], second*int64(time.Second))
	}
	s.second, s.nano = second, unixNano
	s.text = append(appendFraction(s.text[:wholeLen], fraction), 'Z')
	return append(b, s.text...)
}

// appendFraction appends a point and the nanoseconds without trailing zeros, or nothing for 0.
func appendFraction(b []byte, nano int64) []byte {
	if nano == 0 {
		return b
	}
	digits := 9
	for nano%1000 == 0 {
		nano, digits = nano/1000, digits-3
	}
	for nano%10 == 0 {
		nano, digits = nano/10, digits-1
	}
	at := len(b) + 1
	b = append(b, ".000000000"[:digits+1]...)
	for i := at + digits - 1; i >= at; i-- {
		b[i] = byte('0' + nano%10)
		nano /= 10
	}
	return b
}
