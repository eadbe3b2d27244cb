package crdt

import (
	"cmp"
	"strconv"
	"strings"
)

// compareJSON orders canonical JSON values: null, false, true, numbers by their value, strings by
// their bytes, then arrays and objects by their text. Equal is only what has equal bytes.
func compareJSON(a, b string) int {
	ra, rb := rank(a[0]), rank(b[0])
	switch {
	case ra != rb:
		return cmp.Compare(ra, rb)
	case ra == rankNumber:
		return compareNumbers(a, b)
	case ra == rankString:
		return compareStrings(a, b)
	}
	return strings.Compare(a, b)
}

const (
	rankNumber = 3
	rankString = 4
)

func rank(first byte) int {
	switch first {
	case 'n':
		return 0
	case 'f':
		return 1
	case 't':
		return 2
	case '"':
		return rankString
	case '[', '{':
		return 5
	}
	return rankNumber
}

func compareNumbers(a, b string) int {
	na, nb := a[0] == '-', b[0] == '-'
	switch {
	case na != nb && na:
		return -1
	case na != nb:
		return 1
	case na:
		return compareSizes(b[1:], a[1:])
	}
	return compareSizes(a, b)
}

// compareSizes orders numbers without a sign. A number that is no integer of up to 2^63 is a
// float64, and none lies between two neighbours that a float64 cannot tell apart.
func compareSizes(a, b string) int {
	if isWhole(a) && isWhole(b) {
		if c := cmp.Compare(len(a), len(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	}
	fa, _ := strconv.ParseFloat(a, 64)
	fb, _ := strconv.ParseFloat(b, 64)
	return cmp.Compare(fa, fb)
}

func isWhole(number string) bool { return !strings.ContainsAny(number, ".e") }

// compareStrings orders canonical JSON strings, quotes included, by the bytes they stand for.
func compareStrings[T string | []byte](a, b T) int {
	i := 1
	for i < len(a)-1 && i < len(b)-1 && a[i] == b[i] && a[i] != '\\' {
		i++
	}
	j := i
	for i < len(a)-1 && j < len(b)-1 {
		var x, y byte
		x, i = character(a, i)
		y, j = character(b, j)
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a)-1-i, len(b)-1-j)
}

// character is the byte that the text from i on stands for, and where the next begins.
func character[T string | []byte](text T, i int) (byte, int) {
	if text[i] != '\\' {
		return text[i], i + 1
	}
	switch text[i+1] {
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'n':
		return '\n', i + 2
	case 'r':
		return '\r', i + 2
	case 't':
		return '\t', i + 2
	case 'u': // \u00xx
		return nibble(text[i+4])<<4 | nibble(text[i+5]), i + 6
	}
	return text[i+1], i + 2
}

func nibble(digit byte) byte {
	if digit >= 'a' {
		return digit - 'a' + 10
	}
	return digit - '0'
}
