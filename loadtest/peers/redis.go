package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/edgedhq/edged/loadtest"
)

// redis runs Redis Streams: XADD of one field, batches pipelined.
func redis(appendfsync string, batch int) func(context.Context, *bench) (figures, error) {
	return redisDriven(appendfsync, batch, pipeline{replyLines: 2, batches: func(b *bench, client int) [][]byte {
		return xadds(b.eventBytes, batch, client)
	}})
}

// pipeline is what a client of Redis sends.
type pipeline struct {
	replyLines int                                 // of one command's reply
	batches    func(b *bench, client int) [][]byte // sent in turn
}

// redisDriven runs Redis under a load. Its file is not rewritten, which would only cost it.
func redisDriven(appendfsync string, batch int, send pipeline) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := b.start(ctx, "redis-server", func(port int, dir string) ([]string, error) {
			return []string{
				"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "",
				"--appendonly", "yes", "--appendfsync", appendfsync, "--auto-aof-rewrite-percentage", "0",
			}, nil
		})
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		o := b.options()
		o.Batch, o.PID = batch, s.PID()
		return loadFigures(loadtest.Drive(ctx, loadtest.Driving{Options: o, Dial: func(ctx context.Context, client int) (loadtest.Exchange, error) {
			return dialRedis(ctx, s.address, send.batches(b, client), send.replyLines*batch)
		}}))
	}
}

// xadds makes pipelines of batch XADD commands.
func xadds(size, batch, client int) [][]byte {
	events := loadtest.MakeEvents(size, client, batch*variants)
	all := make([][]byte, variants)
	for i := range all {
		for _, event := range events[i*batch : (i+1)*batch] {
			all[i] = fmt.Appendf(all[i], "*5\r\n$4\r\nXADD\r\n$5\r\nbench\r\n$1\r\n*\r\n$1\r\nd\r\n$%d\r\n%s\r\n", len(event), event)
		}
	}
	return all
}

// variants is how many different batches a client sends in turn.
const variants = 32

// redisExchange sends a pipeline and counts the lines of its replies: an entry id has two,
// "$15\r\nID\r\n", a number one, ":7\r\n".
type redisExchange struct {
	net.Conn
	batches [][]byte
	lines   int // of the replies to a batch
	next    int
	buf     []byte
}

func dialRedis(ctx context.Context, address string, batches [][]byte, lines int) (loadtest.Exchange, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return &redisExchange{Conn: conn, batches: batches, lines: lines, buf: make([]byte, 16<<10)}, nil
}

// Exchange implements loadtest.Exchange.
func (x *redisExchange) Exchange() (int, error) {
	out := x.batches[x.next%len(x.batches)]
	x.next++
	if _, err := x.Write(out); err != nil {
		return 0, err
	}
	for ends := x.lines; ends > 0; {
		n, err := x.Read(x.buf)
		if err != nil {
			return 0, errors.Join(err, io.ErrUnexpectedEOF)
		}
		if bytes.IndexByte(x.buf[:n], '-') == 0 {
			return 0, fmt.Errorf("redis answered %s", x.buf[:n])
		}
		ends -= bytes.Count(x.buf[:n], []byte{'\n'})
	}
	return len(out), nil
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	return d.DialContext(ctx, "tcp", address)
}
