package function

import (
	"context"
	"iter"
	"sort"

	"github.com/edgedhq/edged"
)

// simPair is one key of a model store with its value.
type simPair struct{ key, value string }

// simStore is a lent keyspace as a list of states: each commit makes a new one, and a crash goes back
// to one that is not older than the last that was fsynced.
type simStore struct {
	h     *simHost
	now   []simPair   // in order; never changed in place
	taken [][]simPair // states since the last fsync, the fsynced one first
}

func (s *simStore) seek(list []simPair, key string) int {
	return sort.Search(len(list), func(i int) bool { return list[i].key >= key })
}

// become makes a state the newest.
func (s *simStore) become(list []simPair, durable bool) {
	if len(s.taken) == 0 {
		s.taken = append(s.taken, s.now)
	}
	s.now = list
	if durable {
		s.taken = s.taken[:0]
	}
	s.taken = append(s.taken, list)
}

// crash takes back the newest commits, from any of them on.
func (s *simStore) crash() {
	if len(s.taken) > 0 {
		s.now = s.taken[s.h.w.rng.IntN(len(s.taken))]
	}
	s.taken = [][]simPair{s.now}
}

func (s *simStore) Get(key []byte) ([]byte, error) {
	if i := s.seek(s.now, string(key)); i < len(s.now) && s.now[i].key == string(key) {
		return []byte(s.now[i].value), nil
	}
	return nil, nil
}

func (s *simStore) scan(list []simPair, from, to []byte, each func(key, value []byte) bool) error {
	for i := s.seek(list, string(from)); i < len(list) && (to == nil || list[i].key < string(to)); i++ {
		if !each([]byte(list[i].key), []byte(list[i].value)) {
			break
		}
	}
	return nil
}

func (s *simStore) Scan(from, to []byte, each func(key, value []byte) bool) error {
	return s.scan(s.now, from, to, each)
}

func (s *simStore) Commit(_ context.Context, puts iter.Seq2[[]byte, []byte], pubs ...*edged.Publication) error {
	for _, p := range pubs {
		if s.h.streams[p.Stream] == nil {
			return edged.Refuse(edged.StreamNotFound, "no stream %q", p.Stream)
		}
	}
	news := map[string]*string{}
	for k, v := range puts {
		if v == nil {
			news[string(k)] = nil
			continue
		}
		text := string(v)
		news[string(k)] = &text
	}
	keys := make([]string, 0, len(news))
	for k := range news {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	list := make([]simPair, 0, len(s.now)+len(keys))
	rest := s.now
	for _, k := range keys {
		i := s.seek(rest, k)
		list = append(list, rest[:i]...)
		if rest = rest[i:]; len(rest) > 0 && rest[0].key == k {
			rest = rest[1:]
		}
		if v := news[k]; v != nil {
			list = append(list, simPair{k, *v})
		}
	}
	s.become(append(list, rest...), len(pubs) > 0)
	for _, p := range pubs {
		s.h.put(p)
	}
	return nil
}

func (s *simStore) Drop(from, to []byte) error {
	a, b := s.seek(s.now, string(from)), len(s.now)
	if to != nil {
		b = s.seek(s.now, string(to))
	}
	s.become(append(append(make([]simPair, 0, len(s.now)), s.now[:a]...), s.now[b:]...), false)
	return nil
}

func (s *simStore) Pin() (func(from, to []byte, each func(key, value []byte) bool) error, func() error, error) {
	list := s.now
	return func(from, to []byte, each func(key, value []byte) bool) error { return s.scan(list, from, to, each) },
		func() error { return nil }, nil
}
