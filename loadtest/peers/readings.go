package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// readings makes events as devices send them: JSON with the same names, few places, numbers that
// move a little and a time that goes on, filled up to the events' size with an identity, which is
// as random as such are.
func (b *bench) readings(client, n int) [][]byte {
	r := rand.New(rand.NewPCG(uint64(client), 1))
	at := time.Date(2026, 1, 1, 0, 0, client, 0, time.UTC)
	level := 20 + r.Float64()
	all := make([][]byte, n)
	for i := range all {
		at = at.Add(time.Duration(1+r.IntN(2000)) * time.Millisecond)
		level += r.NormFloat64() / 10
		e := fmt.Appendf(nil, `{"device":"sensor-%04d","room":"room-%d","at":%q,"celsius":%.2f,"humidity":%d,"battery":%d,"ok":true`,
			r.IntN(500), r.IntN(40), at.Format(time.RFC3339Nano), level, 40+r.IntN(20), r.IntN(101))
		if left := b.eventBytes - len(e) - len(`,"id":""}`); left >= 0 {
			e = append(e, `,"id":"`...)
			for range left {
				e = append(e, "0123456789abcdef"[r.IntN(16)])
			}
			e = append(e, '"')
		}
		all[i] = append(e, '}')
	}
	return all
}
