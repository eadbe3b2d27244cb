// Package wire is the form of what two nodes tell each other: fifteen frames, their bytes, and a
// Reader that believes no length it is told.
//
//	uvarint length │ type byte │ msgpack array of the fields, in the order of the struct
//
// The length counts the type and the array. Integers are msgpack integers, names are strings,
// identities and sums are bin. An edged.Origin stands as two elements, id and label; an
// edged.Timestamp as two, wall and logical; an edged.LogName as its stream, generation and
// partition, then its origin. The 256 sums of a DIGEST are one bin.
//
// Append makes a frame. AppendBlock makes a BLOCK but for the block's bytes, which the caller
// writes from where they lie. A Reader of any lane reads any frame.
//
// # Invariants
//
// Extra elements of a frame are skipped and missing ones are zero, so that fields can be added;
// the elements of lists are whole. A type from 128 that is not known is skipped, any other ends
// the reading. A length is checked against the bytes that are left before anything is made for
// it, and a frame's buffer grows as its bytes come: one frame takes at most four times its bytes
// and 64 KiB. A frame but BLOCK and PART has at most ControlBytesMax, a list 65,536 elements, and
// what is skipped 64 levels.
//
// # Not here
//
// What frames mean and when they are sent: replication/session. Lanes' streams:
// replication/transport. What is inside a block: streams/block.
package wire
