package node

import (
	"github.com/edgedhq/edged/crdt/collections"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/httpapi"
	"github.com/edgedhq/edged/replication"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/function"
	"github.com/edgedhq/edged/streams/storage"
)

// The wiring: which type plugs into which seam.
var (
	_ httpapi.Streams     = (*streams.Broker)(nil)
	_ httpapi.Catalog     = (*streams.Broker)(nil)
	_ httpapi.Collections = (*collections.Keeper)(nil)
	_ httpapi.Entries     = (*collections.Keeper)(nil)
	_ httpapi.Functions   = (*function.Runner)(nil)
	_ httpapi.Cluster     = cluster{}
	_ httpapi.Health      = health{}
	_ httpapi.Metrics     = metrics{}

	_ collections.Journal = (*streams.Broker)(nil)
	_ collections.Catalog = (*streams.Broker)(nil)
	_ collections.Store   = (*storage.Keyspace)(nil)
	_ collections.Peers   = peers{}

	_ function.Journal = (*streams.Broker)(nil)
	_ function.Catalog = (*streams.Broker)(nil)
	_ function.Store   = (*streams.Keyspace)(nil)
	_ function.Mesh    = (*outlook)(nil)

	_ replication.Snapshots = (*collections.Keeper)(nil)

	_ storage.Clock = (*hlc.Clock)(nil)
)
