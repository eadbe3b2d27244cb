package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// pubFlags say how events are published.
type pubFlags struct {
	batch    int
	key      string
	keyFrom  string
	timeFrom string
	ack      string
	rate     float64
	kind     string
	retryFor time.Duration
}

func (a *app) pubCommand() *cobra.Command {
	var p pubFlags
	cmd := &cobra.Command{
		Use: "pub STREAM [DATA|-]", Short: "Publish an event, or standard input line by line",
		Long: "Publishes DATA as one event, or standard input, an event a line. A line that is JSON is\n" +
			"published as JSON, any other as text. Lines go in batches, one after the other, each with\n" +
			"a key of its own, so that a batch is sent again after a loss of connection and is stored once.",
		Example: "  edged pub orders '{\"total\":42}'\n" +
			"  edged pub orders --key-from /user --time-from /at < orders.ndjson\n" +
			"  tail -f /var/log/syslog | edged pub log -",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return exactly(2, "a stream and the data, or - for standard input")(cmd, args)
			}
			return streamName(args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.pub(cmd.Context(), p, args) },
	}
	f := cmd.Flags()
	f.IntVar(&p.batch, "batch", 1000, "most `lines` of one batch")
	f.StringVar(&p.key, "key", "", "`key` of every event")
	f.StringVar(&p.keyFrom, "key-from", "", "JSON `pointer` to the key in each line, such as /user")
	f.StringVar(&p.timeFrom, "time-from", "", "JSON `pointer` to the event time in each line")
	f.StringVar(&p.ack, "ack", "", "`level` to wait for: memory, disk, region or regions:N; default: the node's")
	f.Float64Var(&p.rate, "rate", 0, "most `events` a second; 0: as fast as it goes")
	f.StringVar(&p.kind, "type", "", "`type` of every event")
	f.DurationVar(&p.retryFor, "retry-for", 2*time.Minute, "how `long` one batch is tried again")
	return cmd
}

func (p *pubFlags) check() error {
	if p.batch < 1 || p.batch > 10_000 {
		return usage("--batch %d: want 1 to 10,000", p.batch)
	}
	if p.rate < 0 {
		return usage("--rate %g: want a number of events a second, or 0", p.rate)
	}
	if p.key != "" && p.keyFrom != "" {
		return usage("want --key or --key-from, not both")
	}
	for flag, text := range map[string]string{"--key-from": p.keyFrom, "--time-from": p.timeFrom} {
		if text != "" && text[0] != '/' {
			return usage("%s %q: want a JSON Pointer, such as /user", flag, text)
		}
	}
	if _, err := edged.ParseAck(p.ack); err != nil {
		return usage("--ack %q: want memory, disk, region or regions:N", p.ack)
	}
	return nil
}

func (a *app) pub(ctx context.Context, p pubFlags, args []string) error {
	if err := p.check(); err != nil {
		return err
	}
	if len(args) == 1 && terminal(a.in) {
		return usage("want the data of the event, or - to read lines from standard input")
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	// A node that is not there from the start is a mistake to tell at once, not a loss to outlast.
	if _, err := c.Version(ctx); err != nil {
		return err
	}
	run := make([]byte, 8)
	_, _ = rand.Read(run) // never fails
	out := &publisher{app: a, client: c, stream: args[0], flags: p, run: hex.EncodeToString(run), began: time.Now()}
	if len(args) == 2 && args[1] != "-" {
		d, err := p.draft([]byte(args[1]))
		if err != nil {
			return err
		}
		if err := out.send(ctx, []client.Draft{d}); err != nil {
			return err
		}
		return out.end()
	}
	if err := out.pump(ctx, a.in); err != nil {
		return out.broken(err)
	}
	return out.end()
}

// draft makes an event of one line: JSON when it is that, else text.
func (p *pubFlags) draft(line []byte) (client.Draft, error) {
	d := client.Draft{Key: p.key, Type: p.kind, Data: line}
	switch {
	case json.Valid(line):
	case utf8.Valid(line):
		d.ContentType = "text/plain"
	default:
		d.ContentType = "application/octet-stream"
	}
	if p.keyFrom == "" && p.timeFrom == "" {
		return d, nil
	}
	if d.ContentType != "" {
		return d, fmt.Errorf("it is not JSON, so --key-from and --time-from find nothing in it")
	}
	return d, p.point(&d, line)
}

// point takes key and time out of a line.
func (p *pubFlags) point(d *client.Draft, line []byte) error {
	if p.keyFrom != "" {
		v, err := pointed(line, p.keyFrom)
		if err != nil {
			return err
		}
		if d.Key, err = keyText(v); err != nil {
			return fmt.Errorf("%s: %w", p.keyFrom, err)
		}
	}
	if p.timeFrom != "" {
		v, err := pointed(line, p.timeFrom)
		if err != nil {
			return err
		}
		if d.Time, err = timeOf(v); err != nil {
			return fmt.Errorf("%s: %w", p.timeFrom, err)
		}
	}
	return nil
}

// publisher sends batches one after the other and counts what is acknowledged.
type publisher struct {
	app    *app
	client *client.Client
	stream string
	flags  pubFlags
	run    string // names this run in idempotency keys
	began  time.Time

	batches    int
	sent       int64 // acknowledged, known ones included
	duplicates int64
	receipt    client.Receipt
	progress   progress
}

// send publishes one batch and returns when it is acknowledged.
func (p *publisher) send(ctx context.Context, drafts []client.Draft) error {
	p.pace(ctx)
	p.batches++
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	receipt, err := p.client.Publish(ctx, p.stream, drafts, client.PublishOptions{
		Ack: p.flags.ack, IdempotencyKey: fmt.Sprintf("%s-%d", p.run, p.batches), RetryFor: p.flags.retryFor,
		OnRetry: func(err error, pause time.Duration) {
			// Nodes that have gone may come back; a level that was never reached is a mistake.
			if p.sent == 0 && errors.Is(err, edged.LevelUnreachable) {
				stop()
				return
			}
			p.progress.clear(p.app)
			p.app.note("batch %d: %s; again in %s", p.batches, plain(err), pause.Round(time.Millisecond))
		},
	})
	if err != nil {
		return err
	}
	p.sent += int64(receipt.Count + receipt.Duplicates)
	p.duplicates += int64(receipt.Duplicates)
	p.receipt = receipt
	p.progress.show(p.app, p.sent, p.began)
	return nil
}

// pace waits until what was sent is no more than --rate allows.
func (p *publisher) pace(ctx context.Context) {
	if p.flags.rate <= 0 {
		return
	}
	due := p.began.Add(time.Duration(float64(p.sent) / p.flags.rate * float64(time.Second)))
	wait := time.NewTimer(time.Until(due))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// end says what was done.
func (p *publisher) end() error {
	p.progress.clear(p.app)
	took := time.Since(p.began)
	if p.app.json() {
		return p.app.printJSON(map[string]any{
			"stream": p.stream, "published": p.sent, "duplicates": p.duplicates,
			"seconds": took.Seconds(), "cursor": p.receipt.Cursor,
		})
	}
	known := ""
	if p.duplicates > 0 {
		known = fmt.Sprintf(" (%s of them in an earlier try)", countText(p.duplicates))
	}
	p.app.note("published %s %s to %s in %s%s", countText(p.sent), plural(int(p.sent), "event"), p.stream, took.Round(time.Millisecond), known)
	return nil
}

// broken says how far it got.
func (p *publisher) broken(err error) error {
	p.progress.clear(p.app)
	p.app.note("%s %s acknowledged before it failed", countText(p.sent), plural(int(p.sent), "event"))
	return err
}

// progress is a line on a terminal that is written over.
type progress struct {
	last  time.Time
	shown bool
}

func (p *progress) show(a *app, n int64, began time.Time) {
	if a.globals.quiet || !terminal(a.errs) || time.Since(p.last) < 200*time.Millisecond || time.Since(began) < time.Second {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(a.errs, "\r\x1b[K%s events, %s/s", countText(n), countText(int64(float64(n)/time.Since(began).Seconds())))
}

func (p *progress) clear(a *app) {
	if p.shown {
		_, _ = io.WriteString(a.errs, "\r\x1b[K")
		p.shown = false
	}
}
