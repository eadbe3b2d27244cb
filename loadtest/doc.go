// Package loadtest drives nodes from outside, over HTTP only: it publishes, reads back and fans
// out as fast as a node allows, and measures what users would see and what it costs the node.
// `edged bench` is its door on the command line.
//
//	r, err := loadtest.Publish(ctx, loadtest.Options{Server: "http://127.0.0.1:8080", Clients: 16})
//	r.Rate        events a second
//	r.ServerCPU   CPU seconds that the node spent on a million events
//
// Each run warms up first, then measures between two instants; nothing is counted outside them.
// All that is sent is made before the run, and answers are only counted (package lean), so
// that a generator on the node's own machine takes little from it.
//
//	publish     Clients ──batches──▶ node ──acks──▶ counted at the ack level asked for
//	subscribe   node ──everything held──▶ Clients, until nothing more comes
//	fan-out     one publisher ──▶ node ──▶ Clients subscribers; the publisher stays Window
//	            events ahead of what they have got, so that a backlog is always there
//
// # Not here
//
// Side-by-side runs with other servers: loadtest/peers. kill -9: loadtest/crash. The judge of
// what was lost or doubled: loadtest/history.
package loadtest
