// Package gossip says which nodes are there: who was seen, who was lost, where each is reached.
// It is memberlist (SWIM) over the mesh's one port, which it sees as a Carrier.
//
//	known addresses ──▶ rejoin loop ──▶ push/pull ──▶ alive ──▶ suspect ──▶ dead ──▶ forgotten
//	      ▲                                             ▲ │                   │         by memberlist,
//	      └──────────── of members that were lost ◀─────┘ └──▶ left           │         not by us
//	                         └────────────────────────────────────────────────┘
//
// A Gossip is made by New and lives in Run. Members lists what is known, Watch tells changes,
// Knock asks one node whether it can be reached, be it a member or not.
//
// # Addresses
//
// memberlist refuses a node whose address has changed until it has been dead for a while. So it
// is never told one: every node is 0.0.0.0:0 there, its mesh address stands in its metadata, and
// the transport looks it up by the node's id. An answer to a packet goes where the packet came
// from. An address to join travels in the place of a name; a host name in it is resolved by the
// Carrier at each dial.
//
// # Invariants
//
// Every packet is encrypted, and its first two bits are zero, so it is never taken for QUIC. A
// member has the name of a node id and metadata that can be read, and is not evicted. Whoever is
// known and not alive is dialled for ever. Gossip proposes: no session ends, and nothing is
// deleted, because of what is said here.
//
// # Not here
//
// Packets and streams: replication/transport. Sessions and who is a peer: replication. What the
// mesh remembers of its nodes: replication/roster.
package gossip
