package httpapi

import (
	"net/http"

	"github.com/edgedhq/edged"
)

// collectionDefinition is what a PUT says of a collection.
type collectionDefinition struct {
	Type    string   `json:"type" enum:"counter,register,set,map,flag,hyperloglog,quantiles,topk,bounded_counter" doc:"What the values are. Fixed once the collection is made."`
	Regions []string `json:"regions,omitempty" nullable:"false" maxItems:"100" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"Regions that keep the collection. Default: all. Remembered, but not in this build: every region keeps it."`
	TTL     ageText  `json:"ttl,omitempty" doc:"A key goes this long after its last update. Default: it stays."`
	Min     *int64   `json:"min,omitempty" nullable:"false" doc:"Of a bounded_counter: no value goes below it. Either this or max; fixed once made."`
	Max     *int64   `json:"max,omitempty" nullable:"false" doc:"Of a bounded_counter: no value goes above it"`
}

// collectionView is a definition with what this node holds of the collection.
type collectionView struct {
	Name    string   `json:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$"`
	Type    string   `json:"type" enum:"counter,register,set,map,flag,hyperloglog,quantiles,topk,bounded_counter"`
	Regions []string `json:"regions,omitempty" nullable:"false"`
	TTL     ageText  `json:"ttl,omitempty"`
	Min     *int64   `json:"min,omitempty" nullable:"false"`
	Max     *int64   `json:"max,omitempty" nullable:"false"`
	Created string   `json:"created" format:"date-time"`
	Keys    int64    `json:"keys" doc:"Keys that have a value here"`
	Bytes   int64    `json:"bytes" doc:"About the bytes of keys and values here"`
}

// collectionList is one page of collections, in the order of their names.
type collectionList struct {
	Collections []collectionView `json:"collections" nullable:"false"`
	Next        string           `json:"next,omitempty" doc:"Pass it on as page for what follows; absent at the end"`
}

// collectionPath is the name in a path.
type collectionPath struct {
	Name string `path:"name" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$" doc:"Name of the collection"`
}

// collection makes the definition in the root's words.
func (d *collectionDefinition) collection(name string) (edged.Collection, error) {
	ttl, err := d.TTL.duration("body.ttl")
	return edged.Collection{Name: name, Type: d.Type, Regions: d.Regions, TTL: ttl, Min: d.Min, Max: d.Max}, err
}

func collectionOf(info *edged.CollectionInfo) collectionView {
	return collectionView{
		Name: info.Name, Type: info.Type, Regions: info.Regions, TTL: ageOf(info.TTL), Min: info.Min, Max: info.Max,
		Created: timeText(info.Created.UnixNano()), Keys: info.Keys, Bytes: info.Bytes,
	}
}

func (s *Server) putCollection(w http.ResponseWriter, r *http.Request) {
	form, err := answerForm(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	info, created, err := s.defineCollection(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", "/v1/collections/"+info.Name)
	}
	writeAnswer(w, form, status, collectionOf(&info))
}

func (s *Server) defineCollection(w http.ResponseWriter, r *http.Request) (info edged.CollectionInfo, created bool, err error) {
	name, err := nameIn(r, "name")
	if err != nil {
		return info, false, err
	}
	var given collectionDefinition
	if err := s.collDef.read(w, r, &given); err != nil {
		return info, false, err
	}
	def, err := given.collection(name)
	if err != nil {
		return info, false, err
	}
	return s.parts.Collections.PutCollection(r.Context(), def)
}

func (s *Server) getCollection(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		name, err := nameIn(r, "name")
		if err != nil {
			return nil, err
		}
		info, err := s.parts.Collections.Collection(name)
		return collectionOf(&info), err
	})
}

func (s *Server) collectionDigest(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		name, err := nameIn(r, "name")
		if err != nil {
			return nil, err
		}
		d, err := s.parts.Collections.CollectionDigest(r.Context(), name)
		return digestOf(&d), err
	})
}

func (s *Server) deleteCollection(w http.ResponseWriter, r *http.Request) {
	name, err := nameIn(r, "name")
	s.remove(w, r, name, err, s.parts.Collections.DeleteCollection)
}

func (s *Server) listCollections(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		after, limit, err := pageParams(r.URL.Query(), edged.CheckName)
		if err != nil {
			return nil, err
		}
		infos, err := s.parts.Collections.ListCollections(after, limit+1)
		if err != nil {
			return nil, err
		}
		var page collectionList
		page.Collections, page.Next = pageOf(infos, limit, collectionOf, func(i *edged.CollectionInfo) string { return i.Name })
		return page, nil
	})
}
