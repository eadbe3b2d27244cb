package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/lean"
)

// The packets of MQTT 3.1.1 that are needed here, as the high half of the first byte.
const (
	mqttConnect    = 0x10
	mqttPublish    = 0x30
	mqttSubscribe  = 0x82
	mqttDisconnect = 0xe0
)

// mosquitto spreads messages of QoS 0, which are kept nowhere. Its queues are unbounded, so
// that it drops nothing.
func mosquitto(subscribers int) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := b.start(ctx, "mosquitto", func(port int, dir string) ([]string, error) {
			path := filepath.Join(dir, "mosquitto.conf")
			config := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\nmax_queued_bytes 0\nuser root\n", port)
			return []string{"-c", path}, os.WriteFile(path, []byte(config), 0o644)
		})
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		publisher, err := dialMQTT(ctx, s.address, "publisher")
		if err != nil {
			return figures{}, err
		}
		defer func() { _ = publisher.Close() }()
		o := b.options()
		o.Clients, o.Batch, o.PID = subscribers, b.batch, s.PID()
		out := mqttBatches(b.eventBytes, o.Batch)
		return loadFigures(loadtest.Spread(ctx, loadtest.Spreading{
			Options: o,
			Join: func(ctx context.Context, crowd *lean.Crowd) error {
				return joinMQTT(ctx, crowd, s.address)
			},
			Publish: func() error { _, err := publisher.Write(out.take()); return err },
		}))
	}
}

// packet frames a body: first byte, length in groups of seven bits, body.
func packet(first byte, body []byte) []byte {
	b := []byte{first}
	for n := len(body); ; {
		digit := byte(n & 127)
		if n >>= 7; n > 0 {
			b = append(b, digit|128)
			continue
		}
		return append(append(b, digit), body...)
	}
}

func mqttText(b []byte, s string) []byte {
	return append(append(b, byte(len(s)>>8), byte(len(s))), s...)
}

func mqttBatches(size, batch int) batches {
	events := loadtest.MakeEvents(size, 0, batch*variants)
	all := make([][]byte, variants)
	for i := range all {
		for _, event := range events[i*batch : (i+1)*batch] {
			all[i] = append(all[i], packet(mqttPublish, append(mqttText(nil, "bench"), event...))...)
		}
	}
	return batches{wire: all, size: batch}
}

// dialMQTT connects with a clean session and no keep-alive.
func dialMQTT(ctx context.Context, address, id string) (net.Conn, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	body := mqttText(nil, "MQTT")
	body = mqttText(append(body, 4, 2, 0, 0), id)
	_, err = conn.Write(packet(mqttConnect, body))
	answer := make([]byte, 4)
	if err == nil {
		_, err = io.ReadFull(conn, answer)
	}
	if err == nil && !bytes.Equal(answer, []byte{0x20, 2, 0, 0}) {
		err = fmt.Errorf("mosquitto: connect answered %x", answer)
	}
	if err != nil {
		_ = conn.Close() // the first error says more
		return nil, err
	}
	return conn, nil
}

func joinMQTT(ctx context.Context, crowd *lean.Crowd, address string) error {
	conn, err := dialMQTT(ctx, address, fmt.Sprintf("subscriber-%d", crowd.Len()))
	if err != nil {
		return err
	}
	body := append(mqttText([]byte{0, 1}, "bench"), 0)
	if _, err := conn.Write(packet(mqttSubscribe, body)); err != nil {
		return errors.Join(err, conn.Close())
	}
	return crowd.Join(conn.(*net.TCPConn), new(mqttCounter), nil)
}

// mqttCounter counts PUBLISH packets; the answer to SUBSCRIBE is passed over.
type mqttCounter struct {
	state mqttState
	first byte
	left  int
	shift int
}

type mqttState uint8

const (
	atFirst mqttState = iota
	atLength
	atBody
)

// Count implements lean.Counter.
func (c *mqttCounter) Count(p []byte) (events int, reply []byte, err error) {
	for len(p) > 0 {
		switch c.state {
		case atFirst:
			c.first, c.left, c.shift, c.state = p[0], 0, 0, atLength
			p = p[1:]
		case atLength:
			c.left |= int(p[0]&127) << c.shift
			c.shift += 7
			if p[0] < 128 {
				c.state = atBody
			}
			p = p[1:]
		case atBody:
			n := min(c.left, len(p))
			p, c.left = p[n:], c.left-n
		}
		if c.state == atBody && c.left == 0 {
			c.state = atFirst
			if c.first&0xf0 == mqttPublish {
				events++
			}
			if c.first&0xf0 == mqttDisconnect {
				return events, nil, errors.New("mosquitto disconnected a subscriber")
			}
		}
	}
	return events, nil, nil
}
