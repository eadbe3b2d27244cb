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

// redis runs Redis Streams: XADD of one field, batches pipelined. Without rewriting of its file,
// which would only cost it.
func redis(appendfsync string, batch int) func(context.Context, *bench) (figures, error) {
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
			return dialRedis(ctx, s.address, xadds(b.eventBytes, batch, client), batch)
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

// redisExchange sends a pipeline and counts the replies, each an entry id: "$15\r\nID\r\n".
type redisExchange struct {
	net.Conn
	batches [][]byte
	batch   int
	next    int
	buf     []byte
}

func dialRedis(ctx context.Context, address string, batches [][]byte, batch int) (loadtest.Exchange, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return &redisExchange{Conn: conn, batches: batches, batch: batch, buf: make([]byte, 16<<10)}, nil
}

// Exchange implements loadtest.Exchange.
func (x *redisExchange) Exchange() (int, error) {
	out := x.batches[x.next%len(x.batches)]
	x.next++
	if _, err := x.Write(out); err != nil {
		return 0, err
	}
	for ends := 2 * x.batch; ends > 0; {
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
