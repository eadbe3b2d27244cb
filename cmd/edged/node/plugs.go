package node

import (
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/httpapi"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// The wiring: which type plugs into which seam.
var (
	_ httpapi.Streams = (*streams.Broker)(nil)
	_ httpapi.Catalog = (*streams.Broker)(nil)
	_ httpapi.Cluster = cluster{}
	_ httpapi.Health  = health{}
	_ httpapi.Metrics = metrics{}
	_ storage.Clock   = (*hlc.Clock)(nil)
)
