// Package nodetest runs whole nodes, several in one process, in a bubble of testing/synctest: the
// product from the door to the disk, with time, network, disks and door in memory.
//
//	writers, readers ──pipes──▶ door ─▶ streams ─▶ storage ─▶ storagetest.Disk  (loses power)
//	                                       │
//	                                  replication, gossip ─▶ linktest.Network    (loses, cuts)
//
// A world has nodes, faults and a history (loadtest/history). Every scenario ends the same way:
// faults off, a quiet time, then all nodes have equal vectors and digests, hold each acknowledged
// event once, give one list in stable order, and cursors that moved from node to node have met
// every event once. What is done to keys of collections is told to a plain account (loadtest/keyed)
// as well, and all nodes have to show what that says.
//
// The faults follow a seed. The order of goroutines does not, so a run that failed is likely to
// fail again with its seed, not certain. With -seeds N each scenario runs N times; -seed names one;
// with -full long faults last as long as the design says.
//
// # Not here
//
// The thinking alone, exact to the byte: cmd/edged/node/sim. Processes and real disks: loadtest.
package nodetest
