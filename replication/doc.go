// Package replication carries the logs of every node to every other: it drives the thinking of
// package session with links, frames and the node's store.
//
//	store ──heads──▶ queue ──▶ ┌─────────────┐ ──Wake──▶ lane writers ──blocks──▶ links
//	links ──frames──▶ readers ▶│ session.Table│ ──Send──▶ lane 0
//	clock ──────────▶ loop ───▶│  (one mutex) │ ──Ingest─▶ store ──landings──▶ queue
//	                           └─────────────┘ ──chores─▶ lists, skips, new origins, records
//
// A Replicator is made by New and lives in Run. Every link has a reader and a writer a lane; a
// writer holds one write of blocks at a time, so a peer that is far behind costs a place in the
// log and nothing else. A reader that finds the store full waits, and its lane with it.
//
// An origin whose node will not return is sealed: Seal draws up a roll of the connected nodes in the
// mesh's records, each node of it says there what it holds, and the sealer of every node ends the
// origin in its store at what all have said (roster).
//
// # Invariants
//
// The mutex is never held while anything waits: not for the network, the disk or the store.
// What the store moved, promised and landed is told to the Table in the order in which it was.
//
// # Not here
//
// What to send to whom and why: replication/session. Frames: replication/wire. Connections:
// replication/transport. What the mesh remembers of its nodes: replication/roster.
package replication
