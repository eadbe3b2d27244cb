// Package config brings a node's settings together: defaults, a YAML file, the environment and
// flags, each over the one before it. Every value keeps where it came from, and every mistake is
// named with its place and the nearest right word.
//
//	defaults ─▶ file (--config) ─▶ environment (EDGED_HTTP__LISTEN) ─▶ flags (--http) ─▶ Config
//
// The table of settings in this file is the only list: flags, file keys, names of variables,
// checks and `edged config show` are made from it.
//
// # Not here
//
// What the settings do: cmd/edged/node.
package config

// Setting is one value that a user may choose.
type Setting struct {
	Key     string // its path in the file, "http.listen"
	Flag    string // of `edged serve`; empty: none
	Kind    Kind
	Default string
	Help    string
	check   func(text string) error
	filled  bool // an empty text breaks the rule; elsewhere it means: none
}

// What an address may look like, of HTTP and of the mesh.
const (
	doorExample = "127.0.0.1:8080"
	meshExample = "127.0.0.1:7946"
)

// Kind is the form of a setting's value.
type Kind uint8

// The kinds.
const (
	Text     Kind = iota
	List          // texts: a YAML list, a repeated flag, or a variable with commas
	Size          // bytes, or 64MiB
	Duration      // as Go writes it, 24h
	Bool
	Count
)

// Settings is the table, in the order of the file's sections.
func Settings() []Setting { return settings }

var settings = []Setting{ // read-only
	{Key: "node.name", Flag: "name", Help: "name of this node; default: the host's", check: checkName, filled: true},
	{Key: "node.region", Flag: "region", Default: "local", Help: "place of this node; crossing it costs a wide-area round trip", check: checkName, filled: true},
	{Key: "node.data", Flag: "data", Default: "./edged-data", Help: "directory that holds everything the node keeps"},

	{Key: "http.listen", Flag: "http", Default: "127.0.0.1:8080", Help: "address that serves HTTP", check: address(doorExample)},
	{Key: "http.tls.cert", Flag: "tls-cert", Help: "file with the certificate chain, PEM; with a key the node serves HTTPS"},
	{Key: "http.tls.key", Flag: "tls-key", Help: "file with the certificate's private key, PEM"},
	{Key: "http.cors", Flag: "cors", Kind: List, Help: "origin whose pages may call this node, or *; repeatable"},
	{Key: "http.hosts", Flag: "host", Kind: List, Help: "name by which a proxy asks for this node; repeatable"},

	{Key: "mesh.listen", Flag: "mesh", Default: "127.0.0.1:7946", Help: "UDP address of the mesh; taken by a node that has a secret", check: address(meshExample)},
	{Key: "mesh.advertise", Flag: "advertise", Help: "HOST:PORT by which other nodes reach the mesh port; default: as it listens", check: address(meshExample)},
	{Key: "mesh.join", Flag: "join", Kind: List, Help: "mesh address of a node to join; repeatable", check: address(meshExample)},
	{Key: "mesh.name", Help: "name of the mesh, for people", check: checkName},
	{Key: "mesh.secret_file", Flag: "mesh-secret-file", Help: "file with the secret that makes nodes one mesh; without one the node is alone"},
	{Key: "mesh.emulate_links", Flag: "emulate-links", Kind: Bool, Default: "false", Help: "take delays, losses and cuts for mesh packets at /v1/links, for demos and tests"},

	{Key: "storage.max_bytes", Kind: Size, Default: "0", Help: "bound of the database; 0: none but min_free"},
	{Key: "storage.min_free", Flag: "min-free", Kind: Size, Default: "256MiB", Help: "free disk space below which publishes are refused; 0: none"},

	{Key: "limits.event_bytes", Kind: Size, Default: "1MiB", Help: "most data of one event"},
	{Key: "limits.batch_bytes", Kind: Size, Default: "8MiB", Help: "largest body of a batch, inflated"},
	{Key: "limits.batch_events", Kind: Count, Default: "10000", Help: "most events of a batch"},
	{Key: "limits.wait", Kind: Duration, Default: "60s", Help: "longest wait of a long poll"},
	{Key: "limits.pending_bytes", Kind: Size, Default: "64MiB", Help: "most that publishers may wait for; past it they are refused as overloaded"},
	{Key: "limits.dedupe_window", Kind: Duration, Default: "10m", Help: "how long the id of an event is known"},

	{Key: "streams.defaults.retention.age", Flag: "retention-age", Kind: Duration, Default: "0s", Help: "age past which new streams let events go; 0s: never"},
	{Key: "streams.defaults.retention.bytes", Flag: "retention-bytes", Kind: Size, Default: "0", Help: "size past which new streams let events go; 0: never"},
	{Key: "streams.defaults.ack", Default: "disk", Help: "ack level of a publish that names none", check: checkAck},
	{Key: "streams.auto_create", Flag: "auto-create", Kind: Bool, Default: "true", Help: "let a publish create its stream"},

	{Key: "log.level", Flag: "log-level", Default: "info", Help: "debug, info, warn or error", check: oneOf("debug", "info", "warn", "error")},
	{Key: "log.format", Flag: "log-format", Default: "auto", Help: "text, json, or auto: text on a terminal", check: oneOf("auto", "text", "json")},
}

// find gives the setting of a key.
func find(key string) (Setting, bool) {
	for _, s := range settings {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}

// keys gives every key, to find the nearest in.
func keys() []string {
	out := make([]string, len(settings))
	for i, s := range settings {
		out[i] = s.Key
	}
	return out
}
