package edged

import "time"

// Collection is the definition of named keyed state of one CRDT type, replicated everywhere.
type Collection struct {
	Name       string
	Generation Generation
	Type       string        // "counter", "register", "set", "map", "flag", "hyperloglog", "quantiles", "topk" or "bounded_counter"; fixed once made
	Regions    []string      // where it is kept; empty for everywhere
	TTL        time.Duration // a key goes this long after its last update; 0 keeps it
	Min, Max   *int64        // of a bounded_counter: exactly one of them, what its values never pass
	Created    time.Time
}

// CollectionInfo is a definition with what is held of it here.
type CollectionInfo struct {
	Collection
	Keys  int64 // that have a value
	Bytes int64 // of keys and values, about
}

// CollectionPartitions is the number of partitions of a collection's hidden stream; a key's is
// PartitionOf(key, CollectionPartitions). Frozen.
const CollectionPartitions = 16

// CollectionStream is the hidden stream that holds a collection's deltas.
func CollectionStream(name string) string { return "$c." + name }

// Entry is one key of a collection as it stands at one node.
type Entry struct {
	Key       string
	Type      string
	Value     []byte // JSON; nil when the key has no value
	Conflicts []byte // JSON array of all concurrent values; nil unless there are several
	Cursor    string // text of a cursor of the collection's stream; what it covers is in the value
}

// Update is one request to change one key: carried out whole or not at all.
type Update struct {
	Collection string
	Key        string
	Ops        []byte // JSON: one operation or a list of them; nil deletes the key
	Ack        Ack    // Memory is taken as Disk
}
