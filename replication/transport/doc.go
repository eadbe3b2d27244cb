// Package transport is the node's one UDP port: links of lanes to other nodes, and the packets and
// streams of gossip, all over QUIC between members of one mesh.
//
// A Link is one QUIC connection inside a region and several between regions, since each has a
// congestion window of its own: over 100 ms and 1 % loss each carries 0.2 MB/s. Each side opens the
// eight lanes once. Lane 0 is one unidirectional stream; each of the others is one on every
// connection, its strands, so that a single log gets the windows of all of them:
//
//	strand     ED | lane | connection | connections | link id (8 bytes) | bytes or pieces ...
//	piece      number (4 bytes) | length - 1 (2 bytes) | bytes     where there are several strands
//	gossip     'g' | bytes ...                                   a bidirectional stream
//	packet     first two bits zero                               not QUIC's; memberlist's
//
//	dial ──▶ TLS ──▶ lanes out ──▶ lanes in ──▶ Link ──▶ Done: closed, or 10 s without a packet on lane 0's connection
//	                                  └── not complete in 5 s: given up
//
// The side that dials draws the link id and opens its lanes at once; the other answers each lane
// with as many strands, when all of them are there.
//
// Who is a member is settled by certificates alone. The mesh's authority is derived from the mesh
// secret, so every node signs its own leaf, which names it spiffe://MESH/node/NODE; NODE is the hash
// of the node's key. Times of certificates are compared with the wall clock or the time of the
// build, whichever is later.
//
// # Invariants
//
// Nothing of a peer is read before its certificate has been verified. A connection's receive window
// is never less than the sum of its lanes', so lanes that nobody reads cannot starve lane 0. All
// queues are bounded: what does not fit is dropped, counted or closed.
//
// # Not here
//
// Frames: replication/wire. Which of two links stays, and when to dial again: replication. Members:
// gossip. Links that are slow on purpose: replication/link.
package transport
