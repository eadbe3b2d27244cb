package gossip

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/edgedhq/edged"
)

// keyBytes is the length of an AES-256 key.
const keyBytes = 32

// Options say who this node is, and whom it knows. Node, Advertise and Key are needed.
type Options struct {
	Node      string // node id
	Name      string // a label for people
	Region    string
	Version   string       // of the release
	Origin    edged.Origin // see Update
	Nonce     [8]byte      // drawn at this start
	HTTP      string       // host:port of the HTTP door; empty when there is none
	Advertise string       // host:port where others reach the mesh port
	Key       []byte       // 32 bytes; who has it may gossip

	Join    []string               // addresses given by hand
	Known   func() []string        // addresses remembered elsewhere; nil: none
	Evicted func(node string) bool // whom never to list; called often; nil: nobody

	Log *slog.Logger     // nil discards
	Now func() time.Time // nil asks the wall clock
}

func (o Options) withDefaults() (Options, error) {
	if !isNodeID(o.Node) {
		return o, fmt.Errorf("gossip: node %q: want 26 characters of lower-case base 32", o.Node)
	}
	if len(o.Key) != keyBytes {
		return o, fmt.Errorf("gossip: key of %d bytes: want %d", len(o.Key), keyBytes)
	}
	if host, port, err := net.SplitHostPort(o.Advertise); err != nil || host == "" || port == "" || port == "0" {
		return o, fmt.Errorf("gossip: advertised address %q: want host:port", o.Advertise)
	}
	if o.Known == nil {
		o.Known = func() []string { return nil }
	}
	if o.Evicted == nil {
		o.Evicted = func(string) bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// isNodeID says whether a name has the form of a node id: 26 characters of lower-case base 32.
func isNodeID(name string) bool {
	return len(name) == 26 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
