// Package session thinks about replication with the other nodes: whom to send which blocks, what
// to fetch from whom, when two nodes are equal, what is held of each origin and which events are
// on how many nodes. It does nothing itself: each input returns Work.
//
//	blocks durable here ──▶ Durable ──▶ rows ──▶ Wake ──▶ Writable ──▶ LOG, SendBlocks, PROMISE
//	frames from a peer ───▶ Receive ──▶ Ingest ──▶ Landed ──▶ acks due ──▶ ACK
//	each second ──────────▶ Tick ─────▶ TICK; roots differ ──▶ DIGEST ──▶ ROWS ──▶ needs ──▶ FETCH
//	events that are gone ─▶ Join ─────▶ SNAPSHOT ──▶ Provide ──▶ Provided ──▶ PART ──▶ Take ──▶ Took
//
// A Table is the whole of it for one node: all its sessions, and what they share (needs, held
// times, publishers that wait). A session is one link to one node that has said HELLO.
//
// # Invariants
//
// Heads, acks, promises and held times only rise. A need is fetched from one peer at a time. What
// is kept for a log that is equal on both sides is nothing; for a peer that is away, a few counters.
// The same inputs give the same work in the same order.
//
// # Not here
//
// Sockets, goroutines, locks and clocks: package replication in production, the simulation of
// cmd/edged/node/sim in tests. The form of frames: replication/wire.
package session
