// Package jsonscan walks JSON text without building anything: it says whether a text is right and
// where it is not, where a value ends, which members an object has, and what stands at a pointer.
// Nothing is allocated on the way; only a fault costs memory. Bytes in, places out:
//
//	{"id": "a\u0031", "data": {"total":42}}
//	       └──────┘           └──────────┘
//	   Value{String, Escaped}  Value{Object}      From and To count bytes from the text's start
//
// A text is held to RFC 8259 to the letter: UTF-8, no byte order mark, no control characters in
// strings, no leading zeros, nothing after the value, and at most [DepthMax] containers inside one
// another. What the RFC leaves open is left open: a member may come twice, a number may be of any
// size, and an escape may name half a surrogate pair ([Unescape] refuses that one, because it has
// no UTF-8 form).
//
//   - [Check] holds a whole text to the rules.
//   - [Reader] pulls members and elements one after another, checking as it goes.
//   - [Find] follows a [Pointer] (RFC 6901) in a text that has been checked.
//   - [Unescape], [Compact] and [Quote] append to a buffer of the caller's.
//
// # Not here
//
// What the members mean: httpapi/intake. Events to JSON: httpapi/codec.
package jsonscan
