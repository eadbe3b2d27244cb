package sim

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// put is one change of a keyspace; a nil value deletes.
type put struct {
	key   string
	value []byte
}

func (m *image) write(puts []put) {
	for _, p := range puts {
		if p.value == nil {
			delete(m.space, p.key)
		} else {
			m.space[p.key] = p.value
		}
	}
}

// keyspace is the part of a running node's keyspace that lies below a prefix, or of a state of it
// that stays.
type keyspace struct {
	store  *store            // that it is written to; nil for one that stays
	stays  map[string][]byte // what it holds then
	prefix string
}

func (k *keyspace) all() map[string][]byte {
	if k.store == nil {
		return k.stays
	}
	return k.store.staged.space
}

// Get gives the value of a key; nil when there is none.
func (k *keyspace) Get(key []byte) ([]byte, error) {
	return bytes.Clone(k.all()[k.prefix+string(key)]), nil
}

// Scan walks keys in order, from one up to another; nil: up to the last.
func (k *keyspace) Scan(from, to []byte, each func(key, value []byte) bool) error {
	all := k.all()
	for _, full := range slices.Sorted(maps.Keys(all)) {
		key, ok := strings.CutPrefix(full, k.prefix)
		if !ok || key < string(from) || to != nil && key >= string(to) {
			continue
		}
		if !each([]byte(key), bytes.Clone(all[full])) {
			break
		}
	}
	return nil
}

// pin keeps the state as it is now.
func (k *keyspace) pin() *keyspace {
	stays := make(map[string][]byte)
	for key, value := range k.all() {
		if strings.HasPrefix(key, k.prefix) {
			stays[key] = value
		}
	}
	return &keyspace{stays: stays, prefix: k.prefix}
}
