package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/process"
)

// node is one node through its lives: its place, its addresses and its disk stay.
type node struct {
	name, region string
	dir          string // of its own; the data lies below
	binary       string
	secretFile   string
	http, mesh   string // addresses
	join         []string
	client       *client.Client
	life         *process.Process // nil when it does not run
}

func newNode(name, region, dir, binary, secretFile string) (*node, error) {
	door, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	mesh, err := process.FreePacketPort()
	if err != nil {
		return nil, err
	}
	n := &node{
		name: name, region: region, dir: dir, binary: binary, secretFile: secretFile,
		http: fmt.Sprintf("127.0.0.1:%d", door), mesh: fmt.Sprintf("127.0.0.1:%d", mesh),
	}
	n.client, err = client.New(client.Options{URL: "http://" + n.http, Timeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	return n, os.MkdirAll(dir, 0o755)
}

func (n *node) data() string { return filepath.Join(n.dir, "data") }

// start runs the node and waits until it is ready.
func (n *node) start(ctx context.Context) error {
	args := []string{
		"serve", "--name", n.name, "--region", n.region, "--data", n.data(), "--http", n.http,
		"--mesh", n.mesh, "--mesh-secret-file", n.secretFile, "--emulate-links",
	}
	for _, other := range n.join {
		args = append(args, "--join", other)
	}
	life, err := process.Start(process.Command{Path: n.binary, Args: args, Dir: n.dir})
	if err != nil {
		return err
	}
	n.life = life
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("not ready within 20 s"))
	defer cancel()
	return life.Await(ctx, "readiness of "+n.name, func() bool { return n.client.Ready(ctx, nil) == nil })
}

// kill ends the node at once, as a crash would.
func (n *node) kill() {
	if n.life != nil {
		n.life.Kill()
		n.life = nil
	}
}

// stop asks the node to end, which it has to do with exit code 0.
func (n *node) stop() error {
	if n.life == nil {
		return nil
	}
	life := n.life
	n.life = nil
	if err := life.Stop(); err != nil {
		return fmt.Errorf("%s was asked to end: %w\n%s", n.name, err, life.Tail())
	}
	return nil
}

func (n *node) suspend() error { return n.life.Signal(syscall.SIGSTOP) }

func (n *node) resume() error { return n.life.Signal(syscall.SIGCONT) }

// link sets an emulated link, both ways, to a region or a node. The client library has no word for it.
func (n *node) link(ctx context.Context, to string, policy map[string]any) error {
	body, err := json.Marshal(policy)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	at := "http://" + n.http + "/v1/links/" + url.PathEscape(to)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, at, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		answer, err := io.ReadAll(resp.Body)
		return errors.Join(fmt.Errorf("PUT %s: %s: %s", at, resp.Status, answer), err)
	}
	return nil
}

// origin is the one under which the node appends now.
func (n *node) origin(ctx context.Context) (string, error) {
	c, err := n.client.Cluster(ctx)
	return c.Node.Origin, err
}

// meets says whether the node replicates with as many peers.
func (n *node) meets(ctx context.Context, peers int) bool {
	all, err := n.client.Peers(ctx)
	if err != nil {
		return false
	}
	for _, p := range all {
		if p.Connected {
			peers--
		}
	}
	return peers <= 0
}
