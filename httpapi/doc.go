// Package httpapi is the door of a node: it turns HTTP requests into the words of the root
// package, hands them to the parts that are plugged in, and turns what comes back into JSON,
// msgpack, server-sent events, NDJSON or WebSocket frames. It keeps nothing itself.
//
//	request ─▶ door: Host, Origin, CORS ─▶ chi ─▶ one handler a route ─▶ answer or problem
//	                     │                           │
//	                     └── 403 problem             ├─ Streams      publish, read, live, after=
//	                                                 ├─ Catalog      definitions, digests
//	                                                 ├─ Collections  the same of collections
//	                                                 ├─ Entries      update, read, watch, after=
//	                                                 ├─ Functions    continuous queries, rows, completeness
//	                                                 ├─ Cluster      members, peers, Links
//	                                                 └─ Health, Metrics
//
// [New] takes the parts and gives a [Server]; [Server.Handler] is what it serves, and
// [Server.HTTPServer] is an http.Server with the time limits and protocols that a door to
// strangers needs. [Server.Drain] says goodbye to the live readers before a shutdown.
//
// The table of routes (route.go) is the single source of what is served: chi is filled from it
// and so is the OpenAPI 3.1 document, whose schemas are made from the Go types of the answers
// and whose request schemas are the ones that bodies are held to. A route that is not in the
// document, or the other way round, cannot be written.
//
// # Refusals
//
// Every error, the router's own included, is a problem (RFC 9457) made by problem.go from the
// [edged.Kind] in the error's chain; one table there maps a kind to its status, its title and
// what it says about whether anything was stored. A handler never chooses a status for an error.
//
// # Feeds
//
// A watch of a collection is a read of a stream with another [codec.Shape]: one pump, one set of
// pages, server-sent events, lines and sockets serves both, and readers of one run share its frames.
//
// # Invariants
//
// A refusal that says "stored": false means it. So a handler calls begun before it hands a
// publication or an update over; from then on an error that is not a known refusal, and any panic,
// closes the connection with no status at all.
//
// A path is never cleaned, joined or redirected: names are taken as they stand, decoded once,
// and held to the grammar of names. Nothing in this package opens a file.
//
// A request that names a foreign Origin, or on a loopback listener a foreign Host, reaches no
// handler unless the configuration lists it.
//
// # Not here
//
// Bodies to drafts and updates: httpapi/intake. Events to bytes: httpapi/codec. The other side of the
// door, for programs: httpapi/client. What a stream is: streams. What an operation means: crdt.
package httpapi
