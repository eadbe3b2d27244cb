package edged

import "unicode/utf8"

// nameLengthMax and keyBytesMax bound the names that users choose.
const (
	nameLengthMax = 128
	keyBytesMax   = 1024
)

// CheckName refuses a name of a stream, collection, function or subscription that does not match
// ^[a-z0-9][a-z0-9._-]{0,127}$.
func CheckName(location, name string) error {
	ok := len(name) >= 1 && len(name) <= nameLengthMax
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		ok = letter || i > 0 && (c == '.' || c == '_' || c == '-')
	}
	if ok {
		return nil
	}
	if len(name) > nameLengthMax {
		name = name[:nameLengthMax] + "…"
	}
	return RefuseField(Invalid, location, name,
		"want 1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit")
}

// CheckKey refuses a key that is not 1 to 1,024 bytes of UTF-8.
func CheckKey[T string | []byte](location string, key T) error {
	if len(key) < 1 || len(key) > keyBytesMax {
		return RefuseField(Invalid, location, nil, "want 1 to 1,024 bytes, not %d", len(key))
	}
	if !utf8.ValidString(string(key)) {
		return RefuseField(Invalid, location, nil, "want UTF-8")
	}
	return nil
}
