package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/process"
)

// natsPair is a nats-server and a leaf node of it that mirrors its stream.
type natsPair struct {
	b         *bench
	hub, leaf *server
	leafArgs  argsMaker
	link      *proxy // nil when the leaf node is connected directly
}

// leafConfig is a side of the pair: what JetStream and the leaf node connection are to be.
func leafConfig(name, syncInterval, leafnodes string) argsMaker {
	return func(port int, dir string) ([]string, error) {
		config := fmt.Sprintf("listen: \"127.0.0.1:%d\"\nwrite_deadline: \"30s\"\nserver_name: %s\n", port, name) +
			fmt.Sprintf("jetstream { store_dir: %q, sync_interval: %s, domain: %s }\n", filepath.Join(dir, "js"), syncInterval, name) +
			"leafnodes { " + leafnodes + " }\n"
		path := filepath.Join(dir, "nats.conf")
		return []string{"-c", path}, os.WriteFile(path, []byte(config), 0o644)
	}
}

func openNATSPair(ctx context.Context, b *bench, s shape) (pair, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	syncInterval, compression := "2m", "s2_auto"
	if s.durable {
		syncInterval = "always"
	}
	if s.compression != "" {
		compression = s.compression
	}
	p := &natsPair{b: b}
	p.hub, err = b.start(ctx, "nats-server", leafConfig("hub", syncInterval,
		fmt.Sprintf("listen: \"127.0.0.1:%d\", compression: %s", port, compression)))
	if err != nil {
		return nil, err
	}
	if err := p.join(ctx, fmt.Sprintf("127.0.0.1:%d", port), syncInterval, compression, s); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// join starts the leaf node, through a proxy where the link is to be emulated or counted.
func (p *natsPair) join(ctx context.Context, hub, syncInterval, compression string, s shape) (err error) {
	if s.delay > 0 || s.metered {
		if p.link, err = startProxy(hub, s.delay); err != nil {
			return err
		}
		hub = p.link.address()
	}
	p.leafArgs = leafConfig("leaf", syncInterval,
		fmt.Sprintf("reconnect: 1, remotes [ { url: \"nats-leaf://%s\", compression: %s } ]", hub, compression))
	if p.leaf, err = p.b.start(ctx, "nats-server", p.leafArgs); err != nil {
		return err
	}
	if err := createJetStream(ctx, p.hub.address); err != nil {
		return err
	}
	const mirror = `{"name":"bench","storage":"file","num_replicas":1,"mirror":{"name":"bench","external":{"api":"$JS.hub.API"}}}`
	if _, err := natsAsk(ctx, p.leaf.address, "$JS.API.STREAM.CREATE.bench", mirror); err != nil {
		return err
	}
	return joined(ctx, p)
}

// natsAsk sends a request on a connection of its own and gives the answer.
func natsAsk(ctx context.Context, address, subject, body string) ([]byte, error) {
	conn, _, err := natsHello(ctx, address, "SUB _INBOX.ask 1\r\n")
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := fmt.Fprintf(conn, "PUB %s _INBOX.ask %d\r\n%s\r\n", subject, len(body), body); err != nil {
		return nil, err
	}
	answer, err := natsMessage(bufio.NewReader(conn))
	if err == nil && bytes.Contains(answer, []byte(`"error"`)) {
		err = fmt.Errorf("nats: %s answered %s", subject, answer)
	}
	return answer, err
}

// natsMessage reads up to the next message and gives its payload.
func natsMessage(r *bufio.Reader) ([]byte, error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(line, "-ERR") {
			return nil, errors.New("nats: " + strings.TrimSpace(line))
		}
		if !strings.HasPrefix(line, "MSG ") {
			continue
		}
		fields := strings.Fields(line)
		size, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil {
			return nil, fmt.Errorf("nats: %q: %w", line, err)
		}
		payload := make([]byte, size+2)
		_, err = io.ReadFull(r, payload)
		return payload[:size], err
	}
}

func (p *natsPair) publisher(ctx context.Context, client int, events [][][]byte) (loadtest.Exchange, error) {
	all := make([][]byte, len(events))
	for i := range events {
		all[i] = natsBatch(nil, "bench", "_INBOX."+strconv.Itoa(client)+" ", events[i])
	}
	return dialJetStream(ctx, p.hub.address, client, batches{wire: all, size: len(events[0])})
}

// natsSender publishes with acknowledgements that are read and dropped.
type natsSender struct {
	net.Conn
	out []byte
}

func (p *natsPair) sender(ctx context.Context) (sender, error) {
	conn, _, err := natsHello(ctx, p.hub.address, "SUB _INBOX.0 1\r\n")
	if err != nil {
		return nil, err
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }() // ends when the sender is closed
	return &natsSender{Conn: conn}, nil
}

func (s *natsSender) send(event []byte) error {
	s.out = natsBatch(s.out[:0], "bench", "_INBOX.0 ", [][]byte{event})
	_, err := s.Write(s.out)
	return err
}

func (p *natsPair) follow(ctx context.Context, ready func(), take func(event []byte)) error {
	conn, early, err := natsHello(ctx, p.leaf.address, "SUB follower 1\r\n")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	const consumer = `{"stream_name":"bench","config":{"deliver_subject":"follower","deliver_policy":"all","ack_policy":"none","replay_policy":"instant"}}`
	if _, err := natsAsk(ctx, p.leaf.address, "$JS.API.CONSUMER.CREATE.bench", consumer); err != nil {
		return err
	}
	ready()
	for r := bufio.NewReader(io.MultiReader(bytes.NewReader(early), conn)); ; {
		event, err := natsMessage(r)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		take(event)
	}
}

func (p *natsPair) held(ctx context.Context) (int64, error) {
	answer, err := natsAsk(ctx, p.leaf.address, "$JS.API.STREAM.INFO.bench", "")
	if err != nil {
		return 0, err
	}
	var info struct {
		State struct {
			Messages int64 `json:"messages"`
		} `json:"state"`
	}
	err = json.Unmarshal(answer, &info)
	return info.State.Messages, err
}

func (p *natsPair) crossed(context.Context) (int64, error) {
	if p.link == nil {
		return 0, errors.New("the link is not metered")
	}
	return p.link.bytes.Load(), nil
}

func (p *natsPair) cpu() (time.Duration, error) { return cpuOf(p.hub, p.leaf) }

func (p *natsPair) away() { p.leaf.halt() }

func (p *natsPair) back(ctx context.Context) error {
	again, err := p.b.startIn(ctx, "nats-server", p.leaf.dir, p.leafArgs)
	if err != nil {
		return err
	}
	p.leaf = again
	return nil
}

func (p *natsPair) end() {
	endAll(p.leaf, p.hub)
	if p.link != nil {
		p.link.close()
	}
}
