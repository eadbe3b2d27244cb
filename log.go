package edged

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// Partition is a stream's unit of order and parallel work, numbered from 0.
type Partition uint32

// Sequence is an event's place in its log: 1, 2, 3 ... with no holes. 0 is before the first.
type Sequence uint64

// Generation numbers the lives of a stream name from 1: a deletion ends one, the next creation
// starts another.
type Generation uint64

// OriginID is the durable identity of one writer of logs; 10 random bytes, never reused.
type OriginID [10]byte

// Compare orders origins by their bytes.
func (o OriginID) Compare(p OriginID) int { return bytes.Compare(o[:], p[:]) }

// Origin is an OriginID with the name its node had when it was minted.
type Origin struct {
	ID    OriginID
	Label string
}

// String returns LABEL~ and 20 hexadecimal digits.
func (o Origin) String() string { return o.Label + "~" + hex.EncodeToString(o.ID[:]) }

// ParseOrigin reads what Origin.String writes.
func ParseOrigin(s string) (Origin, error) {
	at := strings.LastIndexByte(s, '~')
	if at < 0 || len(s)-at-1 != 2*len(OriginID{}) {
		return Origin{}, fmt.Errorf("edged: origin %q: want LABEL~ and 20 hexadecimal digits", s)
	}
	o := Origin{Label: s[:at]}
	if _, err := hex.Decode(o.ID[:], []byte(s[at+1:])); err != nil {
		return Origin{}, fmt.Errorf("edged: origin %q: %w", s, err)
	}
	return o, nil
}

// LogKey names a log within one generation of one stream.
type LogKey struct {
	Origin    OriginID
	Partition Partition
}

// Compare orders by origin, then partition.
func (k LogKey) Compare(l LogKey) int {
	if c := k.Origin.Compare(l.Origin); c != 0 {
		return c
	}
	return int(int64(k.Partition) - int64(l.Partition))
}

// LogName names a log in the whole mesh.
type LogName struct {
	Stream     string
	Generation Generation
	Partition  Partition
	Origin     Origin
}

// Key is the name within the stream.
func (n LogName) Key() LogKey { return LogKey{n.Origin.ID, n.Partition} }

// LogID stands for a LogName in blocks, digests and fetches.
type LogID [16]byte

// ID hashes the name: the first 16 bytes of SHA-256 over ("edged log 1", stream, generation,
// partition, origin), each as a uvarint length and its bytes; integers are uvarints and the
// origin is its 10 bytes. The form is frozen.
func (n LogName) ID() LogID {
	b := make([]byte, 0, 64+len(n.Stream))
	part := func(p []byte) {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	part([]byte("edged log 1"))
	part([]byte(n.Stream))
	part(binary.AppendUvarint(nil, uint64(n.Generation)))
	part(binary.AppendUvarint(nil, uint64(n.Partition)))
	part(n.Origin.ID[:])
	sum := sha256.Sum256(b)
	return LogID(sum[:16])
}

// PartitionOf is the partition of a key: FNV-1a 64 of its bytes modulo partitions. Frozen.
func PartitionOf[T string | []byte](key T, partitions int) Partition {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return Partition(h % uint64(partitions))
}
