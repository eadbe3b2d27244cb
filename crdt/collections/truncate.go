package collections

import (
	"context"
)

// truncater lets the journal retire the records that every node holds, that are flushed here, and
// that are too old for a watcher who comes back.
func (k *Keeper) truncater(ctx context.Context) {
	done := map[*collection]int64{} // the newest stamp that was let go
	every(ctx, k.opts.TruncateEvery, func() {
		before := min(k.opts.Everywhere(), k.opts.Now().Add(-k.opts.KeepLog).UnixNano())
		still := map[*collection]int64{}
		for _, c := range k.collections() {
			newest := c.newest.Load()
			let, known := done[c]
			if !known || let <= newest {
				if err := k.journal.Truncate(ctx, c.stream, before, c.vector(true)); err != nil {
					if ctx.Err() == nil {
						k.opts.Log.Warn("records not retired", "collection", c.name, "err", err)
					}
					continue
				}
				k.stats.truncations.Add(1)
				let = before
			}
			still[c] = let
		}
		done = still
	})
}
