// Package intake reads what publishers send: a body of any content type that the contract names
// becomes drafts. It is pure; the drafts point into the body wherever its bytes can be taken as
// they are, and what had to be unescaped, decoded or joined stands in the batch's own memory, so
// that a pooled [Batch] reads a request without allocating for an event.
//
//	Content-Type ──▶ FormOf ──▶ Form ──▶ how much body to take ──▶ Batch.Read ──▶ Drafts
//
//	One        any other type: the body is the data of one event
//	Binary     the same, with CloudEvents' ce-* headers
//	Cloud      application/cloudevents+json: one event in CloudEvents' JSON form
//	CloudBatch application/cloudevents-batch+json
//	Lines      application/x-ndjson: the data of one event a line; blank lines do not count
//	Envelopes  application/vnd.edged.events+json, an array
//	Packed     application/vnd.edged.events+msgpack, an array
//
// A body of operations on the keys of a collection becomes updates in the same way: [Updates]. It
// is JSON, msgpack, or for many keys NDJSON; operations stay JSON, for their type to read.
//
// # Refusals
//
// All are *edged.Refusal. What cannot be parsed is BadRequest and names line and column, or the
// byte; what parses and is not allowed is Invalid and names the member, as in body[3].time; what
// is past a limit is TooLarge. Nothing is skipped: one bad event refuses the batch.
//
// # What is taken
//
//   - id: 1 to 256 bytes of UTF-8. Idempotency-Key: 1 to 240, so that KEY:9999 is an id.
//   - key: 1 to 1,024 bytes of UTF-8. type: 1 to 256 bytes of UTF-8.
//   - headers: at most 64; a name has 1 to 128 bytes, a value at most 4,096, both UTF-8.
//   - content type: 3 to 256 bytes of visible ASCII. application/json, with or without a charset,
//     is stored as the empty one.
//   - time: RFC 3339 with at most nanoseconds, or a number of Unix milliseconds; 1677 to 2262.
//   - data of JSON types is checked and kept byte for byte, except that line ends between its
//     tokens are taken out, together with other whitespace there.
//
// A member that comes twice in an envelope is refused, since readers of JSON differ on which one
// counts. One that the contract does not have is refused with the nearest right word. A member
// whose value is null counts as absent; as data, null is a value. Of NDJSON a pointer that leads
// nowhere, or to null, leaves the event without key or time.
//
// What a request says about key, type and time counts for every event that does not say it
// itself. Of bytes in data_base64 without a content type it is application/octet-stream.
//
// In MessagePack, data of a JSON type may be a value, which becomes its JSON text, or binary, which
// is the JSON text itself; data of any other type is binary or a string.
//
// CloudEvents: id, type, time and subject become id, type, time and key; all other attributes
// become headers named ce-ATTRIBUTE, in each of the three modes.
//
// # Not here
//
// Reading the body and inflating it: httpapi. Events to bytes: httpapi/codec.
package intake
