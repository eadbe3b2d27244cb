package httpapi

import (
	"net/http"

	"github.com/edgedhq/edged"
)

// The headings of the documents.
const (
	tagStreams = "Streams"
	tagEvents  = "Events"
	tagCluster = "Cluster"
	tagNode    = "Node"
)

func (s *Server) streamRoutes() []*route {
	const path = "/v1/streams/{stream}"
	return []*route{
		{
			method: http.MethodGet, path: "/v1/streams", id: "listStreams", tag: tagStreams,
			summary: "List streams", about: "In the order of their names.",
			params: pageQuery{}, gives: []reply{{status: 200, what: "One page", content: both(streamList{})}},
			kinds: []edged.Kind{edged.Invalid, edged.NotAcceptable}, handler: s.listStreams,
		},
		{
			method: http.MethodPut, path: path, id: "putStream", tag: tagStreams,
			summary: "Create or replace a stream", about: "Idempotent: what is left out has its default. No body makes a stream with defaults.",
			params: streamPath{}, takes: both(streamDefinition{}),
			gives: []reply{
				{status: 200, what: "Changed, or found as it is", content: both(streamView{})},
				{status: 201, what: "Made", content: both(streamView{}), headers: map[string]string{"Location": "Path of the stream"}},
			},
			kinds: []edged.Kind{
				edged.BadRequest, edged.NotAcceptable, edged.Conflict, edged.TooLarge, edged.UnsupportedMediaType,
				edged.Invalid, edged.Unavailable, edged.DiskFull,
			},
			handler: s.putStream,
		},
		{
			method: http.MethodGet, path: path, id: "getStream", tag: tagStreams,
			summary: "Show a stream", about: "Its definition, and what this node holds of it.",
			params: streamPath{}, gives: []reply{{status: 200, what: "The stream", content: both(streamView{})}},
			kinds: []edged.Kind{edged.StreamNotFound, edged.NotAcceptable, edged.Invalid}, handler: s.getStream,
		},
		{
			method: http.MethodDelete, path: path, id: "deleteStream", tag: tagStreams,
			summary: "Delete a stream everywhere", about: "Its events are gone for good. A stream of this name can be made again.",
			params: streamPath{}, gives: []reply{{status: 204, what: "Deleted"}},
			kinds: []edged.Kind{edged.StreamNotFound, edged.Invalid, edged.Unavailable, edged.DiskFull}, handler: s.deleteStream,
		},
		{
			method: http.MethodGet, path: path + "/digest", id: "getStreamDigest", tag: tagStreams,
			summary: "Sum up a stream's content", about: "Nodes with equal vectors must show equal digests.",
			params: streamPath{}, gives: []reply{{status: 200, what: "Vector and digest", content: both(digestView{})}},
			kinds: []edged.Kind{edged.StreamNotFound, edged.NotAcceptable, edged.Invalid}, handler: s.digest,
		},
	}
}

func (s *Server) eventRoutes() []*route {
	const path = "/v1/streams/{stream}/events"
	return []*route{s.publishRoute(path), s.readRoute(path), {
		method: http.MethodGet, path: "/v1/live", id: "live", tag: tagEvents, feeds: true,
		summary: "Many streams over one WebSocket",
		about: "Upgrade with subprotocol edged.v1.json or edged.v1.msgpack. A frame is an object with an op and an id of the client's, " +
			"which comes back in the answer: subscribe (stream and the parameters of a read, credit), watch (collection and the parameters of " +
			"its changes, or function and the parameters of its rows as a feed, credit), unsubscribe (sub), credit (sub, add), publish (stream, events, ack, timeout, idempotency_key), ping. " +
			"The node sends subscribed, event, change, row, published, gap, lagged, reset, " +
			"up_to_date, drain, pong, and error with a problem. Close codes 4000, 4002 and 4003 mean: come back; 45xx: do not.",
		gives: []reply{{status: 101, what: "The WebSocket is open"}},
		kinds: []edged.Kind{edged.BadRequest, edged.Draining}, handler: s.live,
	}}
}

func (s *Server) publishRoute(path string) *route {
	return &route{
		method: http.MethodPost, path: path, id: "publish", tag: tagEvents, appends: true,
		summary: "Publish events", about: "The content type says what the body is: a batch of envelopes, lines, CloudEvents, or, with any other type, the data of one event. Stored whole or not at all.",
		params: publishParams{},
		takes: map[string]any{
			typeJSON: nil, typeMsgpack: nil, "text/plain": "", typeNDJSON: "", "application/octet-stream": "",
			"application/vnd.edged.events+json": []draftView{}, "application/vnd.edged.events+msgpack": []draftView{},
			"application/cloudevents+json": cloudEventView{}, "application/cloudevents-batch+json": []cloudEventView{},
		},
		gives: []reply{{status: 201, what: "Stored, at the ack level that was asked for", content: both(receiptView{})}},
		kinds: []edged.Kind{
			edged.BadRequest, edged.BadCursor, edged.StreamNotFound, edged.NotAcceptable, edged.TooLarge,
			edged.UnsupportedMediaType, edged.Invalid, edged.IdempotencyMismatch, edged.Overloaded,
			edged.Unavailable, edged.Draining, edged.LevelUnreachable, edged.IdentityConflict, edged.AckTimeout, edged.DiskFull,
		},
		handler: s.publish,
	}
}

func (s *Server) readRoute(path string) *route {
	return &route{
		method: http.MethodGet, path: path, id: "read", tag: tagEvents, feeds: true,
		summary: "Read or follow a stream", about: "One page as JSON or msgpack; an endless feed as NDJSON, server-sent events, or, by an upgrade, a WebSocket. " +
			"Server-sent events of the stream have no name, their id is the cursor after them; subscribed, up_to_date, gap, lagged, drain " +
			"and problem are named. A cursor is good at every node.",
		params: readParams{},
		gives: []reply{
			{status: 200, what: "A page, or a feed", content: map[string]any{
				typeJSON: eventPage{}, typeMsgpack: eventPage{}, typeNDJSON: eventItem{}, typeSSE: "",
			}},
			{status: 101, what: "The WebSocket is open"},
		},
		kinds: []edged.Kind{
			edged.BadRequest, edged.BadCursor, edged.StreamNotFound, edged.NotAcceptable, edged.CursorExpired,
			edged.Invalid, edged.FilterInvalid, edged.Draining,
		},
		handler: s.read,
	}
}

func (s *Server) clusterRoutes() []*route {
	return []*route{
		{
			method: http.MethodGet, path: "/v1/cluster", id: "getCluster", tag: tagCluster,
			summary: "Show the mesh", about: "This node, and every node that it knows.",
			gives: []reply{{status: 200, what: "The mesh as this node sees it", content: both(clusterView{})}},
			kinds: []edged.Kind{edged.NotAcceptable}, handler: s.cluster,
		},
		{
			method: http.MethodGet, path: "/v1/cluster/replication", id: "getReplication", tag: tagCluster,
			summary: "Show how far the peers are", about: "Replication with each other node.",
			gives: []reply{{status: 200, what: "The peers", content: both(replicationView{})}},
			kinds: []edged.Kind{edged.NotAcceptable}, handler: s.replication,
		},
		{
			method: http.MethodPost, path: "/v1/cluster/seal", id: "sealOrigin", tag: tagCluster,
			summary: "End an origin whose node will not return", about: "For a node whose disk is lost: the nodes that are connected agree where each of " +
				"its logs ends, so that reads with order=stable and windows no longer wait for it. It cannot be undone. A node that comes back with " +
				"its disk takes a new origin; what it holds past the ends stays with it, and no other node takes it. Asking again is safe: the answer " +
				"says whether all have agreed.",
			takes: both(sealRequest{}), needsBody: true,
			gives: []reply{{status: 200, what: "All nodes of the roll agree; the origin has ended", content: both(sealView{})}},
			kinds: []edged.Kind{
				edged.NotAcceptable, edged.BadRequest, edged.TooLarge, edged.UnsupportedMediaType, edged.Invalid, edged.NotFound,
				edged.Conflict, edged.SealPending, edged.Unavailable, edged.DiskFull,
			},
			try:     `curl -d '{"origin":"us-1~0123456789abcdef0123"}' 127.0.0.1:8080/v1/cluster/seal`,
			handler: s.seal,
		},
	}
}

// linkRoutes are there without emulated links too, to say why not.
func (s *Server) linkRoutes() []*route {
	const path = "/v1/links/{target}"
	const about = "Only with --emulate-links. What a node sends to the region or node and takes from there is treated so, its gossip included."
	kinds := []edged.Kind{edged.NotFound, edged.NotAcceptable, edged.Invalid}
	return []*route{
		{
			method: http.MethodGet, path: "/v1/links", id: "listLinks", tag: tagCluster,
			summary: "List emulated links", about: about,
			gives: []reply{{status: 200, what: "Every policy in force", content: both(linkList{})}},
			kinds: kinds, handler: s.listLinks,
		},
		{
			method: http.MethodGet, path: path, id: "getLink", tag: tagCluster,
			summary: "Show an emulated link", about: about, params: linkPath{},
			gives: []reply{{status: 200, what: "The policy in force, or one that does nothing", content: both(linkView{})}},
			kinds: kinds, handler: s.getLink,
		},
		{
			method: http.MethodPut, path: path, id: "putLink", tag: tagCluster,
			summary: "Emulate a link", about: about + " Replaces the policy: what is left out has its default, and no body ends it.",
			params: linkPath{}, takes: both(linkView{}),
			gives: []reply{{status: 200, what: "The policy, now in force", content: both(linkView{})}},
			kinds: append(kinds, edged.BadRequest, edged.TooLarge, edged.UnsupportedMediaType), handler: s.putLink,
		},
	}
}

func (s *Server) nodeRoutes() []*route {
	healthy := []reply{{status: 200, what: "All is well", content: both(healthView{})}}
	unwell := []edged.Kind{edged.NotAcceptable, edged.Starting, edged.Draining, edged.Unavailable}
	ready := append(unwell, edged.Invalid)
	plain := func(contentType string) map[string]any { return map[string]any{contentType: ""} }
	return []*route{
		{
			method: http.MethodGet, path: "/livez", id: "getLive", tag: tagNode, untimed: true,
			summary: "Is the process alive", about: "Fails only when the process is wedged, never because of peers or a full disk.",
			params: healthParams{}, gives: healthy, kinds: unwell, handler: s.livez,
		},
		{
			method: http.MethodGet, path: "/readyz", id: "getReady", tag: tagNode, untimed: true,
			summary: "Should requests be sent here", about: "Fails while starting, recovering or draining, and below the free space that is kept. A node cut off from the mesh is ready.",
			params: readyParams{}, gives: healthy, kinds: ready, handler: s.readyz,
		},
		{
			method: http.MethodGet, path: "/healthz", id: "getHealth", tag: tagNode, untimed: true,
			summary: "The same as /readyz", params: readyParams{}, gives: healthy, kinds: ready, handler: s.readyz,
		},
		{
			method: http.MethodGet, path: "/metrics", id: "getMetrics", tag: tagNode, untimed: true,
			summary: "Metrics", about: "In Prometheus's text form.",
			gives: []reply{{status: 200, what: "The metrics as they stand", content: plain("text/plain")}}, handler: s.metrics,
		},
		{
			method: http.MethodGet, path: "/v1/version", id: "getVersion", tag: tagNode, untimed: true,
			summary: "The build", gives: []reply{{status: 200, what: "The build", content: both(versionView{})}},
			kinds: []edged.Kind{edged.NotAcceptable}, handler: s.version,
		},
		{
			method: http.MethodGet, path: "/openapi.json", id: "getOpenAPI", tag: tagNode, untimed: true,
			summary: "This contract as OpenAPI 3.1",
			gives:   []reply{{status: 200, what: "The document", content: map[string]any{typeJSON: map[string]any{}}}}, handler: s.openAPI,
		},
		{
			method: http.MethodGet, path: "/docs", id: "getDocs", tag: tagNode, untimed: true,
			summary: "This contract as a page", gives: []reply{{status: 200, what: "The page", content: plain("text/html")}}, handler: s.docs,
		},
	}
}
