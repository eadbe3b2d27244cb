package node

import (
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/collections"
	"github.com/edgedhq/edged/streams/storage"
)

// openCollections takes up what is kept of collections. In a mesh of one every record is everywhere
// and stable at once, and nobody has another state.
func (n *Node) openCollections() (undo func() error, err error) {
	opts := n.cfg.Collections
	if n.cfg.MeshSecret != nil {
		opts.Peers = peers{n}
		opts.Everywhere = func() int64 { return n.mesh.Load().repl.Everywhere() }
		opts.StandsIn = func(origin edged.OriginID) bool { return n.mesh.Load().repl.StandsIn(origin) }
		opts.Frontier = func() int64 { return n.mesh.Load().repl.Frontier() }
	}
	n.keeper, err = collections.Open(n.broker, n.broker, n.store.Lend(storage.Collections), opts)
	return nil, err
}

// peers plugs replication into collections, which are opened before it.
type peers struct{ n *Node }

func (p peers) Join(stream string, generation edged.Generation, partition edged.Partition) {
	p.n.mesh.Load().repl.Join(stream, generation, partition)
}

// checkCollections holds readers off until the values are as new as the journal, and as those of
// the peers where the journal has holes. A node that was so once stays ready: what it lacks later
// comes while it serves. One that finds no peer serves what it has.
func (n *Node) checkCollections() edged.Check {
	c := edged.Check{Name: "collections", OK: n.folded.Load()}
	if c.OK {
		return c
	}
	st := n.keeper.Stats()
	m := n.mesh.Load()
	if m != nil && !m.connected() {
		c.OK = st.Behind == 0
	} else {
		c.OK = st.Behind == 0 && st.Torn == 0 && (m == nil || !m.repl.Filling())
		n.folded.Store(c.OK)
	}
	if !c.OK {
		c.Detail = fmt.Sprintf("%d collections are being brought up to date from the journal, %d partitions from peers; ask again in a second",
			st.Behind, st.Torn)
	}
	return c
}

func (n *Node) collectionSamples(yield func(edged.Sample) bool) bool {
	st := n.keeper.Stats()
	return each([]figure{
		{"edged_collections", gauge, "Collections kept here.", float64(st.Collections)},
		{"edged_collection_keys", gauge, "Keys that have a value, over all collections.", float64(st.Keys)},
		{"edged_collection_bytes", gauge, "Bytes of keys and values, about.", float64(st.Bytes)},
		{"edged_collection_updates_waiting", gauge, "Updates that wait for their turn.", float64(st.Waiting)},
		{"edged_collections_behind", gauge, "Collections not yet brought up to date from the journal since the start.", float64(st.Behind)},
		{"edged_collection_partitions_torn", gauge, "Partitions that wait for the state of another node.", float64(st.Torn)},
		{"edged_collection_watchers", gauge, "Places in collections that watchers hold.", float64(st.Watchers)},
		{"edged_collection_updates_total", counter, "Updates that had their turn.", float64(st.Updates)},
		{"edged_collection_appends_total", counter, "Appends that carried updates.", float64(st.Appends)},
		{"edged_collection_folds_total", counter, "Records of updates folded into values.", float64(st.Folded)},
		{"edged_collection_skipped_total", counter, "Records of updates that are of another type or cannot be read.", float64(st.Skipped)},
		{"edged_collection_flushes_total", counter, "Writes of values to the database.", float64(st.Flushes)},
		{"edged_collection_expired_total", counter, "Keys removed because their time was over.", float64(st.Expired)},
		{"edged_collection_joins_total", counter, "States of other nodes merged in place of records that are gone.", float64(st.Joins)},
		{"edged_collection_lost_total", counter, "Records of updates that no node holds any more.", float64(st.Lost)},
		{"edged_collection_truncations_total", counter, "Times that the journal was asked to let records go.", float64(st.Truncations)},
	}, yield)
}
