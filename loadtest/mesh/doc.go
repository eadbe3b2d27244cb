// Mesh runs three nodes of the release binary on loopback, one each in the regions eu, us and ap,
// and does to them what happens to nodes: links are cut, processes killed and stopped, disks lost,
// copied, restored and sealed, and strangers knock. It knows nothing of them but what HTTP tells.
//
//	go run ./loadtest/mesh                 every scenario
//	go run ./loadtest/mesh -short          without those that wait for minutes
//	go run ./loadtest/mesh -only cut       those with this in their name
//	go run ./loadtest/mesh -only converge  measures how soon nodes are equal after a cut: -cut, -events, -rounds
//	go run ./loadtest/mesh -only idle      measures what quiet streams cost: -streams, -quiet
//	go run ./loadtest/mesh -only million   measures what a million keys of a collection cost: -keys
//
// Those that measure run only by their whole names. A scenario has three fresh nodes to itself:
//
//	start ──▶ all know each other ──▶ traffic, and the fault ──▶ all faults off ──▶ equal ──▶ judge
//
// Equal means: the same vector and the same digest of every stream at every node. Then each node
// is read from the first event on, and loadtest/history judges: every acknowledged event is there
// once, nothing that was refused, in each log no hole and no second event at one place.
//
// Collections are judged by loadtest/keyed: each key is changed by one client on each side of a
// cut, so what it has to show is known without asking a node. COLLECTIONS.md is played as it stands.
//
// The directory of a scenario that fails is kept; the message names it.
package main
