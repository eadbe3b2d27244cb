package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/process"
)

// node is one running node.
type node struct {
	name   string
	client *client.Client
	life   *process.Process
}

// world is the nodes of one check or bench.
type world struct{ nodes []*node }

// start runs so many nodes, each in a region of its own, and waits until all know each other.
func (s settings) start(ctx context.Context, nodes int) (*world, error) {
	dir, err := os.MkdirTemp(s.dir, "world-")
	if err != nil {
		return nil, err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(hex.EncodeToString(key[:])+"\n"), 0o600); err != nil {
		return nil, err
	}
	meshes := make([]string, nodes)
	for i := range meshes {
		port, err := process.FreePacketPort()
		if err != nil {
			return nil, err
		}
		meshes[i] = fmt.Sprintf("127.0.0.1:%d", port)
	}
	w := &world{}
	for i := range nodes {
		region := []string{"eu", "us", "ap"}[i%3]
		args := []string{"--region", region}
		if nodes > 1 {
			args = append(args, "--mesh", meshes[i], "--mesh-secret-file", secret)
			for j, other := range meshes {
				if j != i {
					args = append(args, "--join", other)
				}
			}
		}
		n, err := s.startNode(ctx, fmt.Sprintf("%s-%d", region, i+1), dir, args)
		if err != nil {
			return nil, errors.Join(err, w.end())
		}
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		err := within(ctx, 20*time.Second, n.name+" to meet the others", func() (bool, error) { return n.meets(ctx, nodes-1) })
		if err != nil {
			return nil, errors.Join(err, w.end())
		}
	}
	return w, nil
}

func (s settings) startNode(ctx context.Context, name, dir string, args []string) (*node, error) {
	dir = filepath.Join(dir, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	n := &node{name: name}
	if n.client, err = client.New(client.Options{URL: "http://" + address, Timeout: time.Minute}); err != nil {
		return nil, err
	}
	args = append([]string{"serve", "--name", name, "--data", filepath.Join(dir, "data"), "--http", address}, args...)
	if n.life, err = process.Start(process.Command{Path: s.edged, Args: args, Dir: dir}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("not ready within 20 s"))
	defer cancel()
	if err := n.life.Await(ctx, "readiness of "+name, func() bool { return n.client.Ready(ctx, nil) == nil }); err != nil {
		return nil, errors.Join(err, n.life.Stop())
	}
	return n, nil
}

// meets says whether the node replicates with as many peers.
func (n *node) meets(ctx context.Context, peers int) (bool, error) {
	if peers == 0 {
		return true, nil
	}
	all, err := n.client.Peers(ctx)
	for _, p := range all {
		if p.Connected {
			peers--
		}
	}
	return peers <= 0, err
}

// end stops what runs.
func (w *world) end() error {
	var all []error
	for _, n := range w.nodes {
		if err := n.life.Stop(); err != nil {
			all = append(all, fmt.Errorf("%s was asked to end: %w\n%s", n.name, err, n.life.Tail()))
		}
	}
	return errors.Join(all...)
}

// within asks every 50 ms until the answer is yes; the last error is told if it never is.
func within(ctx context.Context, limit time.Duration, what string, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("waited %v for %s", limit, what))
	defer cancel()
	for {
		ok, err := ask()
		if ok && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
