package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/lean"
)

// startNATS runs nats-server, with JetStream where a sync interval is given.
func startNATS(ctx context.Context, b *bench, syncInterval string) (*server, error) {
	return b.start(ctx, "nats-server", natsArgs(syncInterval))
}

func natsArgs(syncInterval string) argsMaker {
	return func(port int, dir string) ([]string, error) {
		config := fmt.Sprintf("listen: \"127.0.0.1:%d\"\nwrite_deadline: \"30s\"\n", port)
		if syncInterval != "" {
			config += fmt.Sprintf("jetstream { store_dir: %q, sync_interval: %s }\n", filepath.Join(dir, "js"), syncInterval)
		}
		path := filepath.Join(dir, "nats.conf")
		return []string{"-c", path}, os.WriteFile(path, []byte(config), 0o644)
	}
}

// jetStream publishes to a stream on disk; each publish is acknowledged by itself, a batch is
// sent as one write.
func jetStream(syncInterval string, batch int) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startNATS(ctx, b, syncInterval)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		if err := createJetStream(ctx, s.address); err != nil {
			return figures{}, err
		}
		o := b.options()
		o.Batch, o.PID = batch, s.PID()
		return loadFigures(loadtest.Drive(ctx, loadtest.Driving{Options: o, Dial: func(ctx context.Context, client int) (loadtest.Exchange, error) {
			return dialJetStream(ctx, s.address, client, pubs("bench", "_INBOX.", b.eventBytes, batch, client))
		}}))
	}
}

// pubs makes batches of PUB commands; with an inbox prefix they ask for acknowledgements.
func pubs(subject, inbox string, size, batch, client int) batches {
	if inbox != "" {
		inbox += strconv.Itoa(client) + " "
	}
	events := loadtest.MakeEvents(size, client, batch*variants)
	all := make([][]byte, variants)
	for i := range all {
		all[i] = natsBatch(nil, subject, inbox, events[i*batch:(i+1)*batch])
	}
	return batches{wire: all, size: batch}
}

// natsBatch appends a PUB command for each event; inbox is "" or ends with a blank.
func natsBatch(dst []byte, subject, inbox string, events [][]byte) []byte {
	for _, event := range events {
		dst = fmt.Appendf(dst, "PUB %s %s%d\r\n%s\r\n", subject, inbox, len(event), event)
	}
	return dst
}

// batches are what a client sends in turn.
type batches struct {
	wire [][]byte
	size int
	next int
}

func (b *batches) take() []byte {
	b.next++
	return b.wire[b.next%len(b.wire)]
}

// natsHello opens the protocol: the server says INFO, and PONG once it has taken all before.
func natsHello(ctx context.Context, address, commands string) (net.Conn, []byte, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	hello := `CONNECT {"verbose":false,"pedantic":false,"headers":false,"no_responders":false}` + "\r\n" + commands + "PING\r\n"
	_, err = conn.Write([]byte(hello))
	r := bufio.NewReader(conn)
	for err == nil {
		var line string
		if line, err = r.ReadString('\n'); strings.HasPrefix(line, "PONG") {
			rest, _ := r.Peek(r.Buffered())
			return conn, bytes.Clone(rest), nil
		}
		if strings.HasPrefix(line, "-ERR") {
			err = errors.New("nats: " + strings.TrimSpace(line))
		}
	}
	_ = conn.Close() // the first error says more
	return nil, nil, err
}

func createJetStream(ctx context.Context, address string) error {
	const config = `{"name":"bench","subjects":["bench"],"storage":"file","retention":"limits","num_replicas":1,"duplicate_window":120000000000}`
	conn, _, err := natsHello(ctx, address, "SUB _INBOX.create 1\r\n")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "PUB $JS.API.STREAM.CREATE.bench _INBOX.create %d\r\n%s\r\n", len(config), config); err != nil {
		return err
	}
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.Contains(line, `"error"`) {
			return errors.New("nats: " + strings.TrimSpace(line))
		}
		if strings.HasPrefix(line, "{") {
			return nil
		}
	}
}

// natsExchange sends a batch and counts the acknowledgements. Each is "MSG ... \r\n{...}\r\n".
type natsExchange struct {
	net.Conn
	batches
	buf []byte
}

func dialJetStream(ctx context.Context, address string, client int, b batches) (loadtest.Exchange, error) {
	conn, _, err := natsHello(ctx, address, fmt.Sprintf("SUB _INBOX.%d 1\r\n", client))
	if err != nil {
		return nil, err
	}
	return &natsExchange{Conn: conn, batches: b, buf: make([]byte, 64<<10)}, nil
}

// Exchange implements loadtest.Exchange.
func (x *natsExchange) Exchange() (int, error) {
	out := x.take()
	if _, err := x.Write(out); err != nil {
		return 0, err
	}
	for ends := 2 * x.size; ends > 0; {
		n, err := x.Read(x.buf)
		if err != nil {
			return 0, err
		}
		got := x.buf[:n]
		if bytes.Contains(got, []byte("-ERR")) || bytes.Contains(got, []byte(`"error"`)) {
			return 0, fmt.Errorf("nats answered %s", got)
		}
		ends -= bytes.Count(got, []byte{'\n'})
		if bytes.HasPrefix(got, []byte("PING")) {
			ends++
			if _, err := x.Write([]byte("PONG\r\n")); err != nil {
				return 0, err
			}
		}
	}
	return len(out), nil
}

// natsFanout spreads core NATS messages, which are kept nowhere.
func natsFanout(subscribers int) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startNATS(ctx, b, "")
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		publisher, _, err := natsHello(ctx, s.address, "")
		if err != nil {
			return figures{}, err
		}
		defer func() { _ = publisher.Close() }()
		o := b.options()
		o.Clients, o.Batch, o.PID = subscribers, b.batch, s.PID()
		out := pubs("bench", "", b.eventBytes, o.Batch, 0)
		return loadFigures(loadtest.Spread(ctx, loadtest.Spreading{
			Options: o,
			Join:    func(ctx context.Context, crowd *lean.Crowd) error { return joinNATS(ctx, crowd, s.address) },
			Publish: func() error { _, err := publisher.Write(out.take()); return err },
		}))
	}
}

func joinNATS(ctx context.Context, crowd *lean.Crowd, address string) error {
	conn, early, err := natsHello(ctx, address, "SUB bench 1\r\n")
	if err != nil {
		return err
	}
	return crowd.Join(conn.(*net.TCPConn), new(natsCounter), early)
}

// natsCounter counts MSG commands.
type natsCounter struct {
	line []byte // of a command, cut off
	left int    // of a payload, with its line end
}

// Count implements lean.Counter.
func (c *natsCounter) Count(p []byte) (events int, reply []byte, err error) {
	for len(p) > 0 {
		if c.left > 0 {
			n := min(c.left, len(p))
			p, c.left = p[n:], c.left-n
			if c.left == 0 {
				events++
			}
			continue
		}
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			c.line = append(c.line, p...)
			return events, reply, nil
		}
		line := p[:end]
		if len(c.line) > 0 {
			line = append(c.line, line...)
			c.line = c.line[:0]
		}
		p = p[end+1:]
		if reply, err = c.command(line, reply); err != nil {
			return events, reply, err
		}
	}
	return events, reply, nil
}

// command takes one line without its end. Of "MSG subject sid size" only the size matters.
func (c *natsCounter) command(line, reply []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(line, []byte("MSG ")):
		size := 0
		for _, digit := range line[bytes.LastIndexByte(line, ' ')+1 : len(line)-1] {
			size = size*10 + int(digit-'0')
		}
		c.left = size + 2
	case bytes.HasPrefix(line, []byte("PING")):
		reply = append(reply, "PONG\r\n"...)
	case bytes.HasPrefix(line, []byte("-ERR")):
		return reply, errors.New("nats: " + string(line))
	}
	return reply, nil
}
