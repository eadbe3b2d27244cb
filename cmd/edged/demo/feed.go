package demo

import (
	"context"
	"encoding/json"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// feed publishes a reading of this machine at one node and counts a visit there, again and again,
// until ctx ends. What cannot be written is lost: there will be a newer one.
func feed(ctx context.Context, p Place, first time.Duration, opts Options) error {
	m := meter{root: "/proc"}
	next := time.NewTimer(first)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-next.C:
			next.Reset(opts.FeedEvery)
			r := m.read(now)
			r.Node, r.Region = p.Name, p.Region
			if err := publish(ctx, p, r, now); err != nil && ctx.Err() == nil {
				opts.Log.Warn("reading not published", "node", p.Name, "err", err)
			}
			if err := visit(ctx, p); err != nil && ctx.Err() == nil {
				opts.Log.Warn("visit not counted", "node", p.Name, "err", err)
			}
		}
	}
}

func publish(ctx context.Context, p Place, r reading, now time.Time) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = p.door.Publish(ctx, Stream, []client.Draft{{Key: r.Node, Type: "machine.reading", Time: now, Data: data}}, client.PublishOptions{})
	return err
}
