package sim

import (
	"container/heap"
	"time"
)

// queue holds what happens later. Events of one instant happen in the order in which they were
// put.
type queue struct {
	now  time.Duration
	made uint64
	list eventList
}

type event struct {
	at    time.Duration
	order uint64
	do    func()
}

func (q *queue) put(at time.Duration, do func()) {
	q.made++
	heap.Push(&q.list, event{at: max(at, q.now), order: q.made, do: do})
}

// runUntil lets everything up to an instant happen.
func (q *queue) runUntil(end time.Duration) {
	for len(q.list) > 0 && q.list[0].at <= end {
		e := heap.Pop(&q.list).(event)
		q.now = e.at
		e.do()
	}
	q.now = end
}

type eventList []event

func (l eventList) Len() int { return len(l) }

func (l eventList) Less(i, j int) bool {
	if l[i].at != l[j].at {
		return l[i].at < l[j].at
	}
	return l[i].order < l[j].order
}

func (l eventList) Swap(i, j int) { l[i], l[j] = l[j], l[i] }

func (l *eventList) Push(x any) { *l = append(*l, x.(event)) }

func (l *eventList) Pop() any {
	last := len(*l) - 1
	e := (*l)[last]
	(*l)[last] = event{}
	*l = (*l)[:last]
	return e
}
