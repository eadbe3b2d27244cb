package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
)

// ParseSize reads a number of bytes: 1024, 64KiB, 1.5GiB, 10MB.
func ParseSize(text string) (int64, error) {
	units := []struct {
		suffix string
		bytes  float64
	}{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
		{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
	}
	number, factor := text, 1.0
	for _, u := range units {
		if head, ok := strings.CutSuffix(text, u.suffix); ok {
			number, factor = strings.TrimSpace(head), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 0 || v*factor >= math.MaxInt64 || math.IsNaN(v) {
		return 0, fmt.Errorf("%q is not a size; want bytes, or a number with KiB, MiB, GiB or TiB", text)
	}
	return int64(v * factor), nil
}

// verify reads the text as its setting's kind and says what is wrong with it.
func (s *Setting) verify(text string) error {
	var err error
	switch s.Kind {
	case Size:
		_, err = ParseSize(text)
	case Duration:
		var d time.Duration
		if d, err = time.ParseDuration(text); err != nil || d < 0 {
			err = fmt.Errorf("%q is not a duration; want a number with ms, s, m or h, such as 24h", text)
		}
	case Bool:
		if text != "true" && text != "false" {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
	case Count:
		var n int
		if n, err = strconv.Atoi(text); err != nil || n < 0 {
			err = fmt.Errorf("%q is not a count; want a whole number", text)
		}
	}
	if err == nil && s.check != nil && (text != "" || s.filled) {
		err = s.check(text)
	}
	return err
}

func checkName(text string) error {
	var r *edged.Refusal
	if err := edged.CheckName("name", text); errors.As(err, &r) {
		return fmt.Errorf("%q: %s", text, r.Fields[0].Message)
	}
	return nil
}

// address wants HOST:PORT; the message shows one that is right.
func address(right string) func(string) error {
	return func(text string) error {
		_, port, err := net.SplitHostPort(text)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > math.MaxUint16 {
			return fmt.Errorf("%q is not an address; want HOST:PORT, such as %s", text, right)
		}
		return nil
	}
}

func checkAck(text string) error {
	if _, err := edged.ParseAck(text); err != nil {
		return fmt.Errorf("%q: want memory, disk, region or regions:N", text)
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(text string) error {
		if slices.Contains(words, text) {
			return nil
		}
		return fmt.Errorf("%q: want %s%s", text, strings.Join(words, ", "), Nearest(text, words).Ask())
	}
}
