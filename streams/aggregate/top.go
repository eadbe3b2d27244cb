package aggregate

import (
	"strconv"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// top counts how often values come, by their keys. The object is an items.
type top struct{ most int }

type items struct {
	sketch.Top
	key []byte // scratch
}

func (i *items) bytes() int { return i.Bytes() + cap(i.key) }
func (i *items) reset()     { i.Reset() }

// followed is how many candidates there are for each item that is asked for.
const followed = 4

func (top) words() int  { return 0 }
func (top) grows() bool { return true }

func (top) object(o *object) *items {
	i, ok := (*o).(*items)
	if !ok {
		i = new(items)
		*o = i
	}
	return i
}

func (s top) fold(_ []uint64, o *object, args []expr.Value, _ *Stamp) bool {
	i := s.object(o)
	i.key = expr.AppendKey(i.key[:0], args[0])
	i.Put(i.key, followed*s.most)
	return true
}

// append writes what Top.Append does.
func (s top) append(dst []byte, _ []uint64, o object) []byte { return s.object(&o).Append(dst) }

func (s top) merge(_ []uint64, o *object, r *sketch.Reader) { s.object(o).Merge(r) }

// result is an array of {"item":…,"count":…}, with "error" where the count may be so much too high.
func (s top) result(_ []uint64, o object, c *Call, text *expr.Arena) (expr.Value, float64) {
	leaders, estimated := s.object(&o).Leaders(c.n)
	if len(leaders) == 0 {
		return expr.Value{}, 0
	}
	v := expr.OfJSON(text.Write(func(dst []byte) []byte {
		for i, l := range leaders {
			dst = append(dst, "[{\"item\":"[min(i, 1):]...)
			item, _, _ := expr.ReadKey([]byte(l.Key))
			dst = expr.AppendJSON(dst, item)
			dst = append(dst, `,"count":`...)
			dst = strconv.AppendUint(dst, l.Count, 10)
			if estimated {
				dst = append(dst, `,"error":`...)
				dst = strconv.AppendUint(dst, l.Error, 10)
			}
			dst = append(dst, "},"...)
		}
		dst[len(dst)-1] = ']'
		return dst
	}))
	if estimated {
		return v, sketch.TopError
	}
	return v, 0
}
