package function

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
)

// BenchmarkEvent folds events whose columns are there, 100,000 in a second of event time and of 1,000
// devices; ns/op is an event's.
func BenchmarkEvent(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"project", `SELECT device, temperature * 1.8 + 32 AS fahrenheit, humidity FROM s WHERE battery >= 5 WITH (into='o')`},
		{"tumble", `SELECT device, COUNT(*) AS n FROM s GROUP BY device, TUMBLE(_time, INTERVAL '1 second')`},
		{"hop", `SELECT device, COUNT(*) AS n, AVG(temperature) AS mean FROM s
GROUP BY device, HOP(_time, INTERVAL '1 second', INTERVAL '5 seconds')`},
		{"view", `SELECT device, MAX(humidity) AS most FROM s GROUP BY device`},
	} {
		b.Run(c.name, func(b *testing.B) {
			q, bound := querying(b, &commits{}, c.text)
			r := rand.New(rand.NewPCG(1, 2))
			events, columns := make([]edged.Event, 1000), make([][]expr.Value, 1000)
			var text expr.Arena
			for i := range events {
				events[i].Data = fmt.Appendf(nil, `{"device":"device-%03d","temperature":%d.%d,"humidity":%d,"battery":%d}`,
					r.IntN(1000), 15+r.IntN(20), r.IntN(10), 30+r.IntN(60), r.IntN(100))
				columns[i] = make([]expr.Value, len(bound.columns))
				bound.extractor.Event(&events[i], columns[i], &text)
			}
			l := q.core.lane(source{})
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				i := n % len(events)
				e := &events[i]
				e.Sequence, e.Time, e.HLC.Wall = edged.Sequence(n+1), int64(n)*10_000, int64(n)*10_000
				if err := q.event(l, e, columns[i], ""); err != nil {
					b.Fatal(err)
				}
				if i > 0 {
					continue
				}
				switch { // as a flush does
				case q.mapper != nil:
					q.mapper.reset()
				default:
					for _, i := range q.core.table.dirty {
						q.core.table.all[i].dirty = false
					}
					q.core.table.dirty = q.core.table.dirty[:0]
					q.release()
				}
			}
		})
	}
}
