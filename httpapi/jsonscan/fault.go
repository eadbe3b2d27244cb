package jsonscan

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// reason is why a scan stopped.
type reason uint8

const (
	none reason = iota
	wantValue
	wantName
	wantColon
	wantMember
	wantElement
	wantQuote
	wantEscape
	wantHex
	wantDigit
	wantEnd
	wantObject
	wantArray
	leadingZero
	controlByte
	notUTF8
	tooDeep
)

var reasons = [...]string{ // read-only
	wantValue:   "want a value",
	wantName:    "want a member's name in double quotes",
	wantColon:   "want a colon after the member's name",
	wantMember:  "want a comma or } after the member",
	wantElement: "want a comma or ] after the element",
	wantQuote:   "want the closing quote of a string",
	wantEscape:  `want one of "\/bfnrtu after a backslash`,
	wantHex:     `want four hexadecimal digits after \u`,
	wantDigit:   "want a digit",
	wantEnd:     "want nothing after the value",
	wantObject:  "want an object",
	wantArray:   "want an array",
	leadingZero: "want a number without leading zeros",
	controlByte: "want control characters in a string escaped",
	notUTF8:     "want UTF-8",
	tooDeep:     fmt.Sprintf("want at most %d containers inside one another", DepthMax),
}

func wantNext(object bool) reason {
	if object {
		return wantMember
	}
	return wantElement
}

// Fault tells where a text breaks the rules, and what would be right there.
type Fault struct {
	Offset       int // bytes before the fault
	Line, Column int // both from 1; the column counts bytes
	Message      string
}

// Error gives place and message.
func (f *Fault) Error() string {
	return fmt.Sprintf("line %d, column %d (byte %d): %s", f.Line, f.Column, f.Offset, f.Message)
}

// FaultAt makes a Fault from a place in a text and what would be right there.
func FaultAt(text []byte, at int, message string) *Fault {
	line, column := Place(text, at)
	return &Fault{Offset: at, Line: line, Column: column, Message: message + ", found " + found(text, at)}
}

// Place is the line and the column, both from 1, of a byte of the text.
func Place(text []byte, at int) (line, column int) {
	before := text[:min(at, len(text))]
	return 1 + bytes.Count(before, []byte{'\n'}), len(before) - bytes.LastIndexByte(before, '\n')
}

func (s *scan) fault() error { return FaultAt(s.text, s.at, reasons[s.why]) }

// found names what stands at a place.
func found(text []byte, at int) string {
	if at >= len(text) {
		return "the end"
	}
	r, n := utf8.DecodeRune(text[at:])
	if r == utf8.RuneError && n <= 1 {
		return fmt.Sprintf("the byte 0x%02x", text[at])
	}
	return fmt.Sprintf("%q", r)
}
