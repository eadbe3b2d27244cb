package httpapi

import (
	"net/http"

	"github.com/edgedhq/edged"
)

const tagCollections = "Collections"

// collectionRoutes are there on a node that has collections.
func (s *Server) collectionRoutes() []*route {
	if s.parts.Collections == nil {
		return nil
	}
	const path = "/v1/collections/{name}"
	return []*route{
		{
			method: http.MethodGet, path: "/v1/collections", id: "listCollections", tag: tagCollections,
			summary: "List collections", about: "In the order of their names.",
			params: pageQuery{}, gives: []reply{{status: 200, what: "One page", content: both(collectionList{})}},
			kinds: []edged.Kind{edged.Invalid, edged.NotAcceptable}, handler: s.listCollections,
		},
		{
			method: http.MethodPut, path: path, id: "putCollection", tag: tagCollections,
			summary: "Create or change a collection",
			about:   "Idempotent: what is left out has its default. The type is fixed once the collection is made, and so are the bounds of a bounded_counter.",
			try:     `curl -X PUT -d '{"type":"counter"}' 127.0.0.1:8080/v1/collections/visits`,
			params:  collectionPath{}, takes: both(collectionDefinition{}), needsBody: true,
			gives: []reply{
				{status: 200, what: "Changed, or found as it is", content: both(collectionView{})},
				{status: 201, what: "Made", content: both(collectionView{}), headers: map[string]string{"Location": "Path of the collection"}},
			},
			kinds: []edged.Kind{
				edged.BadRequest, edged.NotAcceptable, edged.Conflict, edged.TooLarge, edged.UnsupportedMediaType,
				edged.Invalid, edged.Unavailable, edged.DiskFull,
			},
			handler: s.putCollection,
		},
		{
			method: http.MethodGet, path: path, id: "getCollection", tag: tagCollections,
			summary: "Show a collection", about: "Its definition, and what this node holds of it.",
			params: collectionPath{}, gives: []reply{{status: 200, what: "The collection", content: both(collectionView{})}},
			kinds: []edged.Kind{edged.CollectionNotFound, edged.NotAcceptable, edged.Invalid}, handler: s.getCollection,
		},
		{
			method: http.MethodDelete, path: path, id: "deleteCollection", tag: tagCollections,
			summary: "Delete a collection everywhere", about: "Its keys are gone for good. A collection of this name can be made again, of any type.",
			params: collectionPath{}, gives: []reply{{status: 204, what: "Deleted"}},
			kinds: []edged.Kind{edged.CollectionNotFound, edged.Invalid, edged.Unavailable, edged.DiskFull}, handler: s.deleteCollection,
		},
		{
			method: http.MethodGet, path: path + "/digest", id: "getCollectionDigest", tag: tagCollections,
			summary: "Sum up a collection's values", about: "Nodes with equal vectors must show equal digests.",
			params: collectionPath{}, gives: []reply{{status: 200, what: "Vector and digest", content: both(digestView{})}},
			kinds: []edged.Kind{edged.CollectionNotFound, edged.NotAcceptable, edged.Invalid}, handler: s.collectionDigest,
		},
	}
}

// keyRoutes are those of the keys of a collection.
func (s *Server) keyRoutes() []*route {
	if s.parts.Entries == nil {
		return nil
	}
	const keys = "/v1/collections/{name}/keys"
	const key = keys + "/{key}"
	read := []edged.Kind{edged.CollectionNotFound, edged.NotAcceptable, edged.Invalid}
	return []*route{
		{
			method: http.MethodGet, path: keys, id: "listKeys", tag: tagCollections,
			summary: "List keys and their values", about: "Those that have a value, in the order of their bytes. A page of large values may end before its limit.",
			try:    `curl '127.0.0.1:8080/v1/collections/visits/keys?prefix=/shop/'`,
			params: keysQuery{}, gives: []reply{{status: 200, what: "One page", content: both(keyPage{})}},
			kinds: read, handler: s.listKeys,
		},
		s.updateKeysRoute(keys),
		{
			method: http.MethodGet, path: key, id: "getKey", tag: tagCollections,
			summary: "Show the value of a key", about: "A register with concurrent values shows all of them under conflicts.",
			try:    `curl 127.0.0.1:8080/v1/collections/visits/keys/home`,
			params: keyPath{}, gives: []reply{{status: 200, what: "The value as this node has it", content: both(entryView{})}},
			kinds: append(read, edged.KeyNotFound), handler: s.getEntry,
		},
		s.updateKeyRoute(key),
		{
			method: http.MethodDelete, path: key, id: "deleteKey", tag: tagCollections, appends: true,
			summary: "Delete a key", about: "What is seen here of its value goes, everywhere; what a concurrent writer adds survives, except in sketches (hyperloglog, quantiles, topk).",
			params: deleteKeyParams{}, gives: []reply{{status: 204, what: "Deleted, at the ack level that was asked for", headers: map[string]string{
				"Edged-Cursor": "Pass it on as after, at any node: the key is then seen as deleted",
			}}},
			kinds: append(writeKinds(), edged.KeyNotFound), handler: s.deleteKey,
		},
		s.watchRoute("/v1/collections/{name}/changes"),
	}
}

// writeKinds are the refusals that any write to a collection may give.
func writeKinds() []edged.Kind {
	return []edged.Kind{
		edged.CollectionNotFound, edged.NotAcceptable, edged.LimitReached, edged.TooLarge, edged.Invalid, edged.Overloaded,
		edged.Unavailable, edged.Draining, edged.LevelUnreachable, edged.IdentityConflict, edged.AckTimeout, edged.DiskFull,
	}
}

func (s *Server) updateKeyRoute(path string) *route {
	return &route{
		method: http.MethodPost, path: path, id: "updateKey", tag: tagCollections, appends: true,
		summary: "Update a key",
		about: "The body is one operation, or an array of at most 10,000, carried out in order, whole or not at all. Each type has its own: " +
			`counter and bounded_counter {"increment":5}, {"decrement":2}; register {"assign":VALUE}; set {"add":[...]}, {"remove":[...]}; ` +
			`map {"put":{FIELD:VALUE}}, {"remove":[FIELD]}, {"increment":{FIELD:N}}; flag {"enable":true}, {"disable":true}; sketches {"observe":[...]}. ` +
			"A key that has no value yet gets one. The collection has to be there.",
		try:    `curl -d '{"increment":1}' 127.0.0.1:8080/v1/collections/visits/keys/home`,
		params: updateKeyParams{}, takes: both(operations{}), needsBody: true,
		gives:   []reply{{status: 200, what: "Carried out, at the ack level that was asked for; the value after it", content: both(entryView{})}},
		kinds:   append(writeKinds(), edged.BadRequest, edged.UnsupportedMediaType),
		handler: s.updateKey,
	}
}

func (s *Server) updateKeysRoute(path string) *route {
	return &route{
		method: http.MethodPost, path: path, id: "updateKeys", tag: tagCollections, appends: true,
		summary: "Update many keys",
		about: "An array, or NDJSON, of at most 10,000 objects, each with a key and beside it an operation, or operations under ops. A key may come " +
			"more than once. When one of them is refused, none is carried out; a failure of the node in between may leave some keys updated and others not.",
		try:    `curl -d '[{"key":"home","increment":1},{"key":"shop","ops":[{"increment":2},{"decrement":1}]}]' 127.0.0.1:8080/v1/collections/visits/keys`,
		params: updateKeysParams{}, needsBody: true,
		takes:   map[string]any{typeJSON: []keyUpdateView{}, typeMsgpack: []keyUpdateView{}, typeNDJSON: keyUpdateView{}},
		gives:   []reply{{status: 200, what: "All carried out, at the ack level that was asked for", content: both(updatesView{})}},
		kinds:   append(writeKinds(), edged.BadRequest, edged.UnsupportedMediaType),
		handler: s.updateKeys,
	}
}

func (s *Server) watchRoute(path string) *route {
	return &route{
		method: http.MethodGet, path: path, id: "watchCollection", tag: tagCollections, feeds: true,
		summary: "Watch a collection",
		about: "The new values of keys as this node learns them: a page as JSON or msgpack, with wait as a long poll; an endless feed as NDJSON, server-sent " +
			"events, or, by an upgrade, a WebSocket. A key that changes often may show only its newest value. A key that has no value any more has value null and " +
			"deleted true. Server-sent events of changes have no name, their id is the cursor after them; subscribed, up_to_date, gap, lagged, drain and problem " +
			"are named. A cursor is good at every node. Who breaks off while all keys are listed may be given some of them again.",
		try:    `curl -N -H 'Accept: text/event-stream' '127.0.0.1:8080/v1/collections/visits/changes?from=earliest'`,
		params: watchParams{},
		gives: []reply{
			{status: 200, what: "A page, or a feed", content: map[string]any{
				typeJSON: changePage{}, typeMsgpack: changePage{}, typeNDJSON: changeView{}, typeSSE: "",
			}},
			{status: 101, what: "The WebSocket is open"},
		},
		kinds: []edged.Kind{
			edged.BadRequest, edged.BadCursor, edged.CollectionNotFound, edged.NotAcceptable, edged.CursorExpired, edged.Invalid, edged.Draining,
		},
		handler: s.watch,
	}
}
