package collections

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// typeAsk is the type of a record that asks for rights to a bounded counter: its data is how many,
// as a uvarint. Who has some to spare hands half of them on, at most what is asked for. So a
// refusal as LimitReached is often followed by a success a moment later.
const typeAsk = "ask"

const (
	askEvery = time.Second      // of one key
	askAlive = 10 * time.Second // an older one has given up
	askedMax = 10_000           // keys whose last ask is remembered
)

// ask is a record of typeAsk.
type ask struct {
	key    string
	taker  edged.OriginID
	amount int64
	at     int64
}

func appendAsk(dst []byte, amount int64) []byte { return binary.AppendUvarint(dst, uint64(amount)) }

func askIn(e *edged.Event) ask {
	amount, n := binary.Uvarint(e.Data)
	if n != len(e.Data) || amount > math.MaxInt64 {
		amount = 0
	}
	return ask{e.Key, e.Origin.ID, int64(amount), e.HLC.Wall}
}

// wanted is how many rights operations may take.
func wanted(ops []crdt.Op) (amount int64) {
	for i := range ops {
		n := ops[i].Number
		if n < 0 {
			n = -max(n, -math.MaxInt64)
		}
		amount += min(n, math.MaxInt64-amount)
	}
	return amount
}

// mayAsk says whether it is time to ask for rights to a key, and notes it.
func (c *collection) mayAsk(key string, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, asked := c.asked[key]; asked && now-at < int64(askEvery) {
		return false
	}
	if len(c.asked) >= askedMax {
		clear(c.asked)
	}
	c.asked[key] = now
	return true
}

// answer hands rights on to those who ask.
func (c *collection) answer(asks []ask) {
	now := c.k.opts.Now().UnixNano()
	for _, a := range asks {
		if a.amount <= 0 || now-a.at > int64(askAlive) || a.taker == c.k.catalog.Origin().ID ||
			edged.CheckKey("key", a.key) != nil {
			continue
		}
		// Refused when too much waits: whoever lacks rights asks again.
		_ = c.submit(newRequest(change{key: a.key, make: a.transfer}))
	}
}

// transfer is what hands rights on: none when there is nothing to spare.
func (a ask) transfer(b *bench, w *work) []crdt.Op {
	value, ok := w.Value().(crdt.Escrow)
	if !ok || a.taker == b.own {
		return nil
	}
	spare := value.Spare(b.own)
	n := min(a.amount, spare-spare/2)
	if n <= 0 {
		return nil
	}
	return []crdt.Op{{Verb: crdt.Transfer, Number: n, Taker: a.taker}}
}
