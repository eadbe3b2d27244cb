package edged

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Timestamp is a hybrid logical clock stamp (Kulkarni et al., "Logical Physical Clocks", 2014):
// wall time in Unix nanoseconds, and a counter that orders stamps of one nanosecond.
type Timestamp struct {
	Wall    int64
	Logical uint32
}

// Compare orders stamps by wall time, then counter.
func (t Timestamp) Compare(u Timestamp) int {
	if c := cmp.Compare(t.Wall, u.Wall); c != 0 {
		return c
	}
	return cmp.Compare(t.Logical, u.Logical)
}

// Plus is the stamp n events later in one block.
func (t Timestamp) Plus(n int) Timestamp { return Timestamp{t.Wall, t.Logical + uint32(n)} }

// AppendTo appends the text form: RFC 3339 in UTC with nanoseconds, "+", the counter.
func (t Timestamp) AppendTo(b []byte) []byte {
	b = AppendTime(b, t.Wall)
	b = append(b, '+')
	return strconv.AppendUint(b, uint64(t.Logical), 10)
}

// String returns the text form.
func (t Timestamp) String() string { return string(t.AppendTo(nil)) }

// ParseTimestamp reads what Timestamp.String writes.
func ParseTimestamp(s string) (Timestamp, error) {
	at := strings.LastIndexByte(s, '+')
	if at < 0 {
		return Timestamp{}, fmt.Errorf("edged: timestamp %q: want RFC 3339 time, + and a counter", s)
	}
	w, err := time.Parse(time.RFC3339Nano, s[:at])
	if err != nil {
		return Timestamp{}, fmt.Errorf("edged: timestamp %q: %w", s, err)
	}
	l, err := strconv.ParseUint(s[at+1:], 10, 32)
	if err != nil {
		return Timestamp{}, fmt.Errorf("edged: timestamp %q: %w", s, err)
	}
	return Timestamp{w.UnixNano(), uint32(l)}, nil
}

// AppendTime appends Unix nanoseconds as RFC 3339 in UTC, with as many decimals as needed.
func AppendTime(b []byte, unixNano int64) []byte {
	return time.Unix(0, unixNano).UTC().AppendFormat(b, time.RFC3339Nano)
}
