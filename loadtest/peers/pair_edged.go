package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/lean"
)

// meetTime bounds how long two nodes may take to find each other.
const meetTime = 15 * time.Second

// edgedPair is two nodes of a mesh, in two regions.
type edgedPair struct {
	b      *bench
	eu, us *server
	usArgs argsMaker
	door   *client.Client // of us, where it is now
}

func openEdgedPair(ctx context.Context, b *bench, s shape) (pair, error) {
	dir, err := b.fresh("mesh")
	if err != nil {
		return nil, err
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("secret of a benchmark ", 3)), 0o600); err != nil {
		return nil, err
	}
	euMesh, usMesh, err := packetPorts()
	if err != nil {
		return nil, err
	}
	emulated := s.delay > 0 || s.loss > 0
	p := &edgedPair{b: b, usArgs: meshArgs("us", usMesh, euMesh, secret, emulated)}
	if p.eu, err = b.start(ctx, "edged", meshArgs("eu", euMesh, usMesh, secret, emulated)); err != nil {
		return nil, err
	}
	if err := p.join(ctx, s, emulated); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

func meshArgs(region, mesh, other, secret string, emulated bool) argsMaker {
	return func(port int, dir string) ([]string, error) {
		args := []string{
			"serve", "--name", region + "-1", "--region", region, "--data", filepath.Join(dir, "data"),
			"--http", "127.0.0.1:" + strconv.Itoa(port), "--mesh", mesh, "--join", other, "--mesh-secret-file", secret,
		}
		if emulated {
			args = append(args, "--emulate-links")
		}
		return args, nil
	}
}

// packetPorts finds two addresses of loopback for packets.
func packetPorts() (first, second string, err error) {
	a, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = a.Close() }()
	b, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer func() { _ = b.Close() }()
	return a.LocalAddr().String(), b.LocalAddr().String(), nil
}

// join starts the second node and waits until events cross, then emulates the link.
func (p *edgedPair) join(ctx context.Context, s shape, emulated bool) error {
	if err := p.back(ctx); err != nil {
		return err
	}
	eu, err := client.New(client.Options{URL: "http://" + p.eu.address})
	if err != nil {
		return err
	}
	if err := p.meet(ctx, eu); err != nil {
		return err
	}
	if emulated {
		// The policy is for both ways, so one side sets it.
		if err := eu.SetLink(ctx, "us", client.Link{Delay: s.delay.String(), Loss: s.loss}); err != nil {
			return err
		}
	}
	return joined(ctx, p)
}

func (p *edgedPair) meet(ctx context.Context, eu *client.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, meetTime, fmt.Errorf("the nodes have not met within %v", meetTime))
	defer cancel()
	return p.eu.Await(ctx, "a connected peer", func() bool {
		peers, err := eu.Peers(ctx)
		return err == nil && len(peers) == 1 && peers[0].Connected
	})
}

func (p *edgedPair) publisher(ctx context.Context, _ int, events [][][]byte) (loadtest.Exchange, error) {
	var bodies [][]byte
	for _, batch := range events {
		var body []byte
		for _, event := range batch {
			body = append(append(body, event...), '\n')
		}
		bodies = append(bodies, body)
	}
	return dialRequests(ctx, p.eu.address, "/v1/streams/bench/events?ack=disk", "application/x-ndjson", bodies)
}

// socketSender publishes on one WebSocket; its answers are read and dropped.
type socketSender struct {
	*lean.Socket
	out []byte
}

func (p *edgedPair) sender(ctx context.Context) (sender, error) {
	s, err := lean.DialSocket(ctx, lean.Upgrade{Address: p.eu.address, Path: "/v1/live", Subprotocol: "edged.v1.json"})
	if err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(io.Discard, s.TCP()) }() // ends when the sender is closed
	return &socketSender{Socket: s}, nil
}

func (s *socketSender) send(event []byte) error {
	s.out = lean.AppendFrame(s.out[:0], lean.Text,
		fmt.Appendf(nil, `{"op":"publish","id":1,"stream":"bench","ack":"disk","events":[{"data":%s}]}`, event))
	return s.Write(s.out)
}

func (p *edgedPair) follow(ctx context.Context, ready func(), take func(event []byte)) error {
	s, err := lean.DialSocket(ctx, lean.Upgrade{
		Address: p.us.address, Path: "/v1/streams/bench/events?from=earliest&envelope=data", Subprotocol: "edged.v1.json",
	})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	ready()
	for {
		event, err := s.Next()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		take(event)
	}
}

func (p *edgedPair) held(ctx context.Context) (int64, error) {
	info, err := p.door.Stream(ctx, "bench")
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == 404 {
		return 0, nil // its definition has not come yet
	}
	return info.Events, err
}

// crossed is what the second node counts; its peer counts the same from the other side.
func (p *edgedPair) crossed(ctx context.Context) (int64, error) {
	peers, err := p.door.Peers(ctx)
	if err != nil {
		return 0, err
	}
	if len(peers) != 1 {
		return 0, fmt.Errorf("%d peers, want 1", len(peers))
	}
	return peers[0].BytesIn + peers[0].BytesOut, nil
}

func (p *edgedPair) cpu() (time.Duration, error) { return cpuOf(p.eu, p.us) }

func (p *edgedPair) away() { p.us.halt() }

// back starts the second node, at first on a fresh directory. Its door may be another each time.
func (p *edgedPair) back(ctx context.Context) error {
	dir := ""
	if p.us != nil {
		dir = p.us.dir
	}
	us, err := p.b.startIn(ctx, "edged", dir, p.usArgs)
	if err != nil {
		return err
	}
	p.us = us
	p.door, err = client.New(client.Options{URL: "http://" + us.address})
	return err
}

func (p *edgedPair) end() { endAll(p.us, p.eu) }
