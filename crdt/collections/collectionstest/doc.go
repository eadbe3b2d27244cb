// Package collectionstest is a mesh in memory for tests of collections: nodes with journals and
// stores, links that are cut and heal, crashes that take back what was not synced.
//
//	mesh := collectionstest.NewMesh(now)
//	a, b := mesh.Node("a"), mesh.Node("b")
//	keeper, err := collections.Open(a, a, a.Store, collections.Options{})
//	mesh.Cut("b") ... mesh.Heal("b")
//
// A Node is the Journal and the Catalog of one Keeper. What it appends reaches the nodes that are
// not cut off before Append returns.
//
// # Not here
//
// Blocks, files and sockets: the real parts run together in cmd/edged/node/nodetest.
package collectionstest
