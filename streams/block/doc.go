// Package block is the immutable batch of events: a run of events of one log as framed,
// checksummed bytes. Its origin builds it once with a Builder; the same bytes stand on every disk
// and go over every wire. Parse verifies everything before anything is believed.
//
// Integers are little-endian, varints LEB128, times Unix nanoseconds.
//
//	at size field                               at size field
//	 0    4 magic EDB1                          44    4 CRC-32C of the body as stored
//	 4    1 version = 1                         48    8 HLC wall time of the first event
//	 5    1 flags: bits 0-1 codec               56    4 HLC counter; event i has counter + i
//	 6    2 header length = 100                 60    8 smallest event time
//	 8   16 log id                              68    8 largest event time
//	24    8 first sequence                      76   16 chain value of the block before
//	32    4 count, 1 to 10,000                  92    4 zero
//	36    4 body length as stored               96    4 CRC-32C of bytes 0 to 95
//	40    4 body length before compression     100      body
//
// The body is count records, each
//
//	uvarint length of the rest | flags | fields | data
//
// with the fields that the flags name, in this order; strings are uvarint length and bytes:
//
//	bit 0  event time, zigzag varint, nanoseconds from the HLC wall time; absent: equal
//	bit 1  id                     bit 4  content type; absent: application/json
//	bit 2  key                    bit 5  headers: uvarint n, then n x (name, value)
//	bit 3  type                   bit 6  reserved for producers, 0 in this version
//	bit 7  extension: uvarint length, then items of uvarint tag, uvarint length, bytes;
//	       unknown tags are skipped; tag 2 is what the author had seen
//
// # Invariants
//
// A Block is never half verified: there is no way to make one but Parse and Builder.Seal. The
// chain value after a block is the first 16 bytes of SHA-256 over all its bytes; the value before
// it lies inside, so it stands for the whole log. Memory is taken for a body only when the bytes
// at hand can make it.
//
// # Not here
//
// Whether a block follows the one held (first sequence, chain, stamp): streams/storage. Keys:
// streams/storage. JSON: httpapi.
package block
