package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

const (
	batchBytes = 256 << 10             // a batch goes out when its lines take so much
	inputPause = 20 * time.Millisecond // or when no line has come for so long
	lineBytes  = 64 << 20              // a longer line is not an event
)

// pump publishes standard input line by line: while one batch is on its way, the next is read.
func (p *publisher) pump(ctx context.Context, in io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan []byte, 4096) // closed by readLines
	broken := make(chan error, 1)
	go func() { // not awaited: a read from a terminal cannot be interrupted
		broken <- readLines(ctx, in, lines)
	}()
	b := gathering{flags: p.flags, most: p.most()}
	for {
		more, bad := b.fill(ctx, lines)
		if len(b.drafts) > 0 {
			if err := p.send(ctx, b.drafts); err != nil {
				return err
			}
		}
		if bad != nil {
			return bad
		}
		if ctx.Err() != nil {
			return errors.New("interrupted; what had been read and is not counted was not published")
		}
		if !more {
			return <-broken
		}
	}
}

// most is the size of a batch: with a rate, small enough to be sent ten times a second.
func (p *publisher) most() int {
	if p.flags.rate <= 0 {
		return p.flags.batch
	}
	return min(p.flags.batch, max(1, int(p.flags.rate/10)))
}

// readLines gives each line of in, without its end, and closes lines.
func readLines(ctx context.Context, in io.Reader, lines chan<- []byte) error {
	defer close(lines)
	r := bufio.NewReaderSize(in, 64<<10)
	for {
		line, err := readLine(r)
		if len(line) > 0 || err == nil {
			select {
			case lines <- bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
}

// readLine gives a line of its own memory, with its end unless the input ended without one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > lineBytes {
			return nil, fmt.Errorf("a line is longer than %d MiB", lineBytes>>20)
		}
	}
}

// gathering is a batch being filled.
type gathering struct {
	flags  pubFlags
	most   int
	number int // of the last line taken
	drafts []client.Draft
	bytes  int
}

// fill takes lines until the batch is full or no more come for a while. more is false at the end
// of the input. A line that cannot be published is an error; what came before it is in the batch.
func (b *gathering) fill(ctx context.Context, lines <-chan []byte) (more bool, err error) {
	b.drafts, b.bytes = b.drafts[:0], 0
	var paused <-chan time.Time // nil until there is something to send
	for len(b.drafts) < b.most && b.bytes < batchBytes {
		var line []byte
		var ok bool
		select {
		case line, ok = <-lines:
		default:
			if paused == nil && len(b.drafts) > 0 {
				paused = time.After(inputPause)
			}
			select {
			case line, ok = <-lines:
			case <-paused:
				return true, nil
			case <-ctx.Done():
				return false, nil
			}
		}
		if !ok {
			return false, nil
		}
		b.number++
		d, err := b.flags.draft(line)
		if err != nil {
			return false, fmt.Errorf("line %d: %w", b.number, err)
		}
		b.drafts = append(b.drafts, d)
		b.bytes += len(line)
	}
	return true, nil
}

// pointed finds the value that a JSON Pointer (RFC 6901) names.
func pointed(doc []byte, pointer string) (json.RawMessage, error) {
	at := json.RawMessage(doc)
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = unescape.Replace(token)
		var object map[string]json.RawMessage
		var array []json.RawMessage
		var found bool
		if json.Unmarshal(at, &object) == nil {
			at, found = object[token]
		} else if json.Unmarshal(at, &array) == nil {
			if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(array) {
				at, found = array[i], true
			}
		}
		if !found {
			return nil, fmt.Errorf("it has no %s", pointer)
		}
	}
	return at, nil
}

// keyText makes a key of a JSON value: a text as it is, a number or truth as it is written.
func keyText(v json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(v, &text) == nil && len(v) > 0 && v[0] == '"' {
		return text, nil
	}
	if len(v) == 0 || v[0] == '{' || v[0] == '[' || v[0] == 'n' {
		return "", errors.New("want a text, a number or a truth for a key")
	}
	return string(v), nil
}

// timeOf reads a JSON value as a time: RFC 3339, or Unix milliseconds as a number.
func timeOf(v json.RawMessage) (time.Time, error) {
	var text string
	if json.Unmarshal(v, &text) == nil && len(v) > 0 && v[0] == '"' {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t, nil
		}
		return time.Time{}, fmt.Errorf("%q is not a time; want RFC 3339, or Unix milliseconds as a number", text)
	}
	var ms float64
	if json.Unmarshal(v, &ms) != nil || math.Abs(ms) > 1<<53 {
		return time.Time{}, errors.New("want a time: RFC 3339, or Unix milliseconds as a number")
	}
	whole, part := math.Modf(ms)
	return time.UnixMilli(int64(whole)).Add(time.Duration(part * float64(time.Millisecond))), nil
}
