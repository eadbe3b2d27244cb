package link

import (
	"container/heap"
	"net"
	"time"
)

// Packet is a datagram under way.
type Packet struct {
	Bytes []byte
	Addr  net.Addr
	Due   time.Time // when it arrives

	order uint64
}

// Queue holds packets until they are due. It gives them in the order of their times, and those of
// one time in the order they came. The zero value is ready for use, by one goroutine at a time.
type Queue struct {
	waiting packets
	pushed  uint64
}

// Push takes a packet over.
func (q *Queue) Push(p Packet) {
	p.order = q.pushed
	q.pushed++
	heap.Push(&q.waiting, p)
}

// Pop gives the next packet that is due at now.
func (q *Queue) Pop(now time.Time) (p Packet, ok bool) {
	if len(q.waiting) == 0 || q.waiting[0].Due.After(now) {
		return Packet{}, false
	}
	return heap.Pop(&q.waiting).(Packet), true
}

// Next is when the next packet is due; the zero time when there is none.
func (q *Queue) Next() time.Time {
	if len(q.waiting) == 0 {
		return time.Time{}
	}
	return q.waiting[0].Due
}

// Len is how many packets wait.
func (q *Queue) Len() int { return len(q.waiting) }

// packets is a heap.
type packets []Packet

func (p packets) Len() int      { return len(p) }
func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *packets) Push(x any)   { *p = append(*p, x.(Packet)) }

func (p packets) Less(i, j int) bool {
	if !p[i].Due.Equal(p[j].Due) {
		return p[i].Due.Before(p[j].Due)
	}
	return p[i].order < p[j].order
}

func (p *packets) Pop() any {
	last := (*p)[len(*p)-1]
	(*p)[len(*p)-1] = Packet{}
	*p = (*p)[:len(*p)-1]
	return last
}
