package main

import (
	"context"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/httpapi/client"
)

func (a *app) subCommand() *cobra.Command {
	var s subscriber
	cmd := &cobra.Command{
		Use: "sub STREAM", Short: "Follow a stream",
		Long: "Follows a stream and goes on by its cursor after a loss of connection. On a terminal each\n" +
			"event is one short line, also with -o table; piped, or with -o json, it is the whole envelope\n" +
			"as NDJSON.",
		Example: "  edged sub orders\n" +
			"  edged sub orders --from earliest --limit 10 -o json\n" +
			"  edged sub log --from -10m --data-only | grep failed",
		Args: streamArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.app, s.again, s.show = a, "edged sub "+args[0], s.line
			s.open = func(ctx context.Context, c *client.Client, opts client.FollowOptions) iter.Seq2[client.Delivery, error] {
				return c.Follow(ctx, args[0], s.query, opts)
			}
			return s.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.query.From, "from", "latest", "`place` to begin: earliest, latest, an RFC 3339 time, or -10m")
	f.StringVar(&s.query.Cursor, "cursor", "", "go on after this `cursor`, from any node")
	f.StringArrayVar(&s.query.Keys, "key", nil, "only events with this `key`; repeatable")
	f.StringVar(&s.query.KeyPrefix, "key-prefix", "", "only events whose key has this `prefix`")
	f.StringArrayVar(&s.query.Types, "type", nil, "only events of this `type`; repeatable")
	f.StringVar(&s.query.Filter, "filter", "", "only events for which this SQL `expression` over their data is true")
	f.BoolVar(&s.dataOnly, "data-only", false, "print the data of events and nothing else")
	s.flags(f, "events")
	return cmd
}

// subscriber prints a stream.
type subscriber struct {
	follower
	query    client.Query
	dataOnly bool
}

// line is an event as it is printed.
func (s *subscriber) line(d *client.Delivery, people bool) ([]byte, error) {
	if !people && !s.dataOnly {
		return withCursor(d), nil
	}
	e, err := d.Event()
	switch {
	case err != nil:
		return nil, err
	case s.dataOnly && people && terminal(s.app.out):
		return []byte(harmless(string(e.Bytes()))), nil
	case s.dataOnly:
		return e.Bytes(), nil
	}
	line := s.app.paint(s.app.out, dim, e.Time.Local().Format("15:04:05.000")) + "  "
	for _, word := range []string{e.Key, e.Type} {
		if word != "" {
			line += s.app.paint(s.app.out, green, harmless(word)) + "  "
		}
	}
	return []byte(line + harmless(string(e.Bytes()))), nil
}

// withCursor gives the envelope with its cursor as the last member, also where the transport
// carried that beside it.
func withCursor(d *client.Delivery) []byte {
	body, ok := strings.CutSuffix(string(d.Data), "}")
	if !ok || d.Cursor == "" || strings.HasSuffix(body, `"cursor":"`+d.Cursor+`"`) {
		return d.Data
	}
	return []byte(body + `,"cursor":"` + d.Cursor + `"}`)
}
