package main

import (
	"context"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/cmd/edged/config"
	"github.com/edgedhq/edged/cmd/edged/node"
)

// serveCommand runs a node; it is also what edged does without a command.
type serveCommand struct {
	app   *app
	flags settingFlags
}

func (s *serveCommand) command(name string) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: "Run a node",
		Long: "Runs a node: without any configuration on 127.0.0.1:8080, with its data in ./edged-data.\n" +
			"A first SIGINT or SIGTERM drains it, a second ends it at once.",
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.flags.load(cmd.Flags())
			if err != nil {
				return err
			}
			return s.run(cmd.Context(), c)
		},
	}
	s.flags.app = s.app
	s.flags.add(cmd.Flags())
	return cmd
}

func (s *serveCommand) run(ctx context.Context, c *config.Config) error {
	a := s.app
	log := newLogger(a.errs, c.Text("log.level"), c.Text("log.format"))
	cfg := nodeConfig(c)
	cfg.Log = log
	cfg.MemoryBytes = limitMemory()
	warnOfMesh(log, c)
	n, err := node.Open(cfg)
	if err != nil {
		return err
	}
	crash := noteCrashes(c.Text("node.data"))
	defer crash()
	if c.Text("log.format") != "json" {
		s.greet(n, c)
	}
	log.Info("serving", "node", cfg.Name, "region", cfg.Region, "url", n.URL(), "data", cfg.Data, "origin", n.Origin().String())
	stopping := context.AfterFunc(ctx, func() { log.Info("draining", "node", cfg.Name) })
	defer stopping()
	if err := n.Run(ctx); err != nil {
		_ = n.Close() // what ended the run is the cause to tell
		return err
	}
	if err := n.Close(); err != nil {
		return err
	}
	log.Info("stopped", "node", cfg.Name)
	return nil
}

// warnOfMesh says what an operator of a real mesh would not want.
func warnOfMesh(log *slog.Logger, c *config.Config) {
	if c.Bool("mesh.emulate_links") {
		log.Warn("links are emulated: whoever reaches /v1/links can delay, lose and cut mesh packets")
	}
	path := c.Text("mesh.secret_file")
	if path == "" {
		return
	}
	const beyondOwner = 0o077
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&beyondOwner != 0 {
		log.Warn("others on this machine may read the mesh secret; chmod 600 keeps it to its owner", "file", path)
	}
}

// nodeConfig puts settings where the parts look for them.
func nodeConfig(c *config.Config) node.Config {
	cfg := node.Config{
		Name: c.Text("node.name"), Region: c.Text("node.region"), Data: c.Text("node.data"),
		Version: buildVersion(), Listen: c.Text("http.listen"),
		CertFile: c.Text("http.tls.cert"), KeyFile: c.Text("http.tls.key"),
		MeshSecret: c.MeshSecret(), MeshListen: c.Text("mesh.listen"), Advertise: c.Text("mesh.advertise"),
		Join: c.List("mesh.join"), EmulateLinks: c.Bool("mesh.emulate_links"),
	}
	cfg.Storage.MaxBytes = c.Size("storage.max_bytes")
	if cfg.Storage.MinFree = c.Size("storage.min_free"); cfg.Storage.MinFree == 0 {
		cfg.Storage.MinFree = -1 // nothing is kept free
	}
	auto := c.Bool("streams.auto_create")
	cfg.Streams.RefuseUnknown = !auto
	cfg.Streams.Retention = edged.Retention{
		Age: c.Duration("streams.defaults.retention.age"), Bytes: c.Size("streams.defaults.retention.bytes"),
	}
	cfg.Streams.PendingBytesMax = c.Size("limits.pending_bytes")
	cfg.Streams.DedupeWindow = c.Duration("limits.dedupe_window")
	cfg.HTTP.Commit = buildCommit()
	cfg.HTTP.Mesh = c.Text("mesh.name")
	cfg.HTTP.Ack = c.Ack("streams.defaults.ack")
	cfg.HTTP.AutoCreate = auto
	cfg.HTTP.CORS, cfg.HTTP.Hosts = c.List("http.cors"), c.List("http.hosts")
	cfg.HTTP.Limits.EventBytesMax = c.Size("limits.event_bytes")
	cfg.HTTP.Limits.BatchBytesMax = c.Size("limits.batch_bytes")
	cfg.HTTP.Limits.BatchEventsMax = c.Count("limits.batch_events")
	cfg.HTTP.Limits.WaitMax = c.Duration("limits.wait")
	return cfg
}

// greet says where the node is and what to try.
func (s *serveCommand) greet(n *node.Node, c *config.Config) {
	url := n.URL()
	s.app.note("edged %s: node %s in region %s, data in %s", buildVersion(), c.Text("node.name"), c.Text("node.region"), c.Text("node.data"))
	s.app.note("listening on %s, its documentation is at %s/docs\n", url, url)
	s.app.note("Try:\n" +
		"  curl -H 'Content-Type: application/json' -d '{\"hello\":\"world\"}' " + url + "/v1/streams/demo/events\n" +
		"  curl '" + url + "/v1/streams/demo/events?from=earliest'\n" +
		"  curl -N -H 'Accept: text/event-stream' '" + url + "/v1/streams/demo/events?from=earliest'\n")
}

// limitMemory finds the bound of this process's memory, if there is one. Where only the control
// group knows it, the garbage collector is told, with a reserve for what is not on its heap.
func limitMemory() int64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return limit
	}
	group := groupMemory()
	if group > 0 {
		debug.SetMemoryLimit(group / 100 * 85)
	}
	return group
}

// groupMemory is the memory bound of this process's control group (v2, then v1), or 0.
func groupMemory() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n < 1<<50 {
			return n
		}
	}
	return 0
}

// noteCrashes lets a crash leave its reason in the data directory. What it returns takes the file
// away again, if nothing came to stand in it.
func noteCrashes(dir string) func() {
	path := filepath.Join(dir, "crash")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return func() {} // standard error has it all the same
	}
	defer f.Close()
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return func() { os.Remove(path) }
	}
	return func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		if st, err := os.Stat(path); err == nil && st.Size() == 0 {
			os.Remove(path)
		}
	}
}
