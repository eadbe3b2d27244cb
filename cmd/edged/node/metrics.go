package node

import (
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// metrics is what the parts and the operating system measure; the door adds its own.
type metrics struct{ n *Node }

// Samples gives the figures as they stand, those of one name together.
func (m metrics) Samples() iter.Seq[edged.Sample] {
	return func(yield func(edged.Sample) bool) {
		_ = m.n.brokerSamples(yield) && m.n.storageSamples(yield) && m.n.fsyncSamples(yield) && m.n.collectionSamples(yield) && m.n.functionSamples(yield) && m.n.meshSamples(yield) && m.n.processSamples(yield)
	}
}

// figure is a sample without labels.
type figure struct {
	name, kind, help string
	value            float64
}

const (
	counter = "counter"
	gauge   = "gauge"
)

// each yields the figures that are known; negative ones are not.
func each(figures []figure, yield func(edged.Sample) bool) bool {
	for _, f := range figures {
		if f.value < 0 {
			continue
		}
		if !yield(edged.Sample{Name: f.name, Help: f.help, Type: f.kind, Value: f.value}) {
			return false
		}
	}
	return true
}

// eachOf yields one figure by the values of a label.
func eachOf(f figure, label string, values iter.Seq2[string, float64], yield func(edged.Sample) bool) bool {
	for of, v := range values {
		if !yield(edged.Sample{Name: f.name, Help: f.help, Type: f.kind, Labels: [][2]string{{label, of}}, Value: v}) {
			return false
		}
	}
	return true
}

func (n *Node) brokerSamples(yield func(edged.Sample) bool) bool {
	st := n.broker.Stats()
	return each([]figure{
		{"edged_events_appended_total", counter, "Events that were given a place.", float64(st.EventsAppended)},
		{"edged_dedupe_hits_total", counter, "Events whose id was held already.", float64(st.Duplicates)},
		{"edged_publishes_overloaded_total", counter, "Publications refused because too much was waiting.", float64(st.Refused)},
		{"edged_feeds", gauge, "Places in streams that readers hold.", float64(st.Readers)},
		{"edged_feeds_fell_behind_total", counter, "Times that a reader went from memory to disk.", float64(st.FellBehind)},
		{"edged_events_ingested_total", counter, "Events taken in from other nodes.", float64(st.EventsIngested)},
		{"edged_stable_late_total", counter, "Events given in stable order after later ones.", float64(st.EventsLate)},
		{"edged_retirements_total", counter, "Logs whose start retention has moved.", float64(st.Retirements)},
		{"edged_streams_active", gauge, "Streams with an object in memory.", float64(st.StreamsActive)},
		{"edged_pending_bytes", gauge, "Bytes of publications that wait for their place.", float64(st.PendingBytes)},
		{"edged_ring_bytes", gauge, "Bytes of recent blocks kept in memory.", float64(st.RingBytes)},
		{"edged_dedupe_bytes", gauge, "Bytes of remembered ids.", float64(st.DedupeBytes)},
		{"edged_ingest_bytes", gauge, "Bytes of other nodes' blocks that wait for the disk.", float64(st.IngestBytes)},
	}, yield) && n.reasonSamples(&st, yield)
}

// reasonSamples gives what is counted by a reason.
func (n *Node) reasonSamples(st *streams.Stats, yield func(edged.Sample) bool) bool {
	gaps := func(yield func(string, float64) bool) {
		for _, reason := range slices.Sorted(maps.Keys(st.GapsBy)) {
			if !yield(reason, float64(st.GapsBy[reason])) {
				return
			}
		}
	}
	refused := func(yield func(string, float64) bool) {
		for o := edged.Crowded; o <= edged.Version; o++ {
			if !yield(o.String(), float64(st.Landings[o])) {
				return
			}
		}
	}
	return eachOf(figure{name: "edged_gaps_total", kind: counter, help: "Gap notices given to readers."}, "reason", gaps, yield) &&
		eachOf(figure{name: "edged_ingest_refused_total", kind: counter, help: "Blocks of other nodes that were not taken in."}, "reason", refused, yield)
}

func (n *Node) storageSamples(yield func(edged.Sample) bool) bool {
	st := n.store.Stats()
	amplification := -1.0
	if st.Bytes > 0 {
		amplification = float64(st.Written) / float64(st.Bytes)
	}
	full := 0.0
	if st.Full {
		full = 1
	}
	return each([]figure{
		{"edged_commits_total", counter, "Groups of publications that became durable together.", float64(st.Groups)},
		{"edged_blocks_total", counter, "Blocks committed.", float64(st.Blocks)},
		{"edged_block_bytes_total", counter, "Bytes of blocks committed.", float64(st.Bytes)},
		{"edged_storage_bytes", gauge, "Size of the database on disk.", float64(st.DatabaseBytes)},
		{"edged_storage_free_bytes", gauge, "Free space of the data directory's file system.", float64(st.FreeBytes)},
		{"edged_storage_full", gauge, "1 while publishes are refused for want of space.", full},
		{"edged_storage_written_bytes_total", counter, "Bytes that the database has written, upkeep included.", float64(st.Written)},
		{"edged_storage_write_amplification", gauge, "Bytes written for one byte of blocks.", amplification},
		{"edged_storage_stalls_total", counter, "Times that writes were held back for upkeep.", float64(st.Stalls)},
		{"edged_storage_corruptions_total", counter, "Damaged places found.", float64(st.Corruptions)},
		{"edged_storage_background_errors_total", counter, "Failures of the database's upkeep.", float64(st.BackgroundErrors)},
		{"edged_storage_waiting_seconds", gauge, "How long the oldest write has waited for the disk.", st.WaitingFor.Seconds()},
	}, yield)
}

func (n *Node) fsyncSamples(yield func(edged.Sample) bool) bool {
	st := n.store.Stats()
	sample := edged.Sample{Name: "edged_fsync_seconds_bucket", Type: "histogram", Help: "Time that one fsync of the log took."}
	sum := int64(0)
	for i, count := range st.Fsyncs {
		sum += count
		bound := "+Inf"
		if i < storage.FsyncBuckets-1 {
			bound = strconv.FormatFloat(storage.FsyncBound(i).Seconds(), 'g', -1, 64)
		}
		sample.Labels, sample.Value = [][2]string{{"le", bound}}, float64(sum)
		if !yield(sample) {
			return false
		}
	}
	sample.Labels = nil
	sample.Name, sample.Value = "edged_fsync_seconds_sum", st.FsyncTime.Seconds()
	if !yield(sample) {
		return false
	}
	sample.Name, sample.Value = "edged_fsync_seconds_count", float64(sum)
	return yield(sample)
}

func (n *Node) processSamples(yield func(edged.Sample) bool) bool {
	p := readProcess()
	figures := []figure{
		{"edged_process_resident_bytes", gauge, "Memory that the process holds.", float64(p.rssBytes)},
		{"edged_process_cpu_seconds_total", counter, "Processor time, user and system.", p.cpu.Seconds()},
		{"edged_process_open_files", gauge, "Open file descriptors.", float64(p.files)},
		{"edged_process_open_files_max", gauge, "Most file descriptors that may be open.", float64(p.filesMax)},
	}
	if n.door != nil {
		figures = append(figures,
			figure{"edged_connections", gauge, "Open connections of the door.", float64(n.door.listener.open.Load())},
			figure{"edged_connections_refused_total", counter, "Connections closed because too many were open.", float64(n.door.listener.refused.Load())})
	}
	return each(figures, yield)
}
