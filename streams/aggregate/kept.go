package aggregate

import (
	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// kept is a value with the stamp of its event, and with the value to order by where there is one.
type kept struct {
	value, by expr.Value // they point into data
	stamp     Stamp
	data      []byte // the value, and by; none is nothing kept
}

// set keeps copies of the arguments of an event.
func (k *kept) set(args []expr.Value, at *Stamp) {
	k.data = k.data[:0]
	for i := range args {
		k.data = expr.Append(k.data, args[i])
	}
	var rest []byte
	k.value, rest, _ = expr.Read(k.data)
	if len(args) > 1 {
		k.by, _, _ = expr.Read(rest)
	}
	k.stamp = *at
}

func (k *kept) bytes() int { return keptBytes + cap(k.data) }
func (k *kept) reset()     { k.data = k.data[:0] }

// keptBytes is the size of a kept without its data.
const keptBytes = 144

// append writes what is kept: the value, that to order by if there is one, and the stamp after another.
func (k *kept) append(dst []byte, before *Stamp) []byte {
	return k.stamp.append(append(dst, k.data...), before)
}

// readKept reads what append wrote into args, and gives the stamp. No NULL is kept.
func readKept(r *sketch.Reader, args []expr.Value, before *Stamp) Stamp {
	for i := range args {
		if args[i] = readValue(r); args[i].IsNull() {
			r.Fail()
		}
	}
	return readStamp(r, before)
}
