package httpapi

import "time"

// Liveness of sockets.
const (
	pingEvery   = 25 // seconds
	silentAfter = 8  // seconds after a ping
	wheelSlots  = 32 // more than either
)

// wheel asks each socket now and then whether it still lives, with one goroutine for all. A
// socket stands in the slot of the second in which it is looked at next. It is guarded by the
// mutex of its feeds.
type wheel struct {
	slots [wheelSlots]*socket // doubly linked, by socket.next and prev
	now   int
	count int
	stop  chan struct{} // ends the goroutine that turns it; nil when there is none
}

func (w *wheel) add(so *socket, seconds int) {
	so.slot = (w.now + seconds) % wheelSlots
	so.prev, so.next = nil, w.slots[so.slot]
	if so.next != nil {
		so.next.prev = so
	}
	w.slots[so.slot] = so
	so.listed = true
	w.count++
}

func (w *wheel) remove(so *socket) {
	if !so.listed {
		return
	}
	if so.prev != nil {
		so.prev.next = so.next
	} else {
		w.slots[so.slot] = so.next
	}
	if so.next != nil {
		so.next.prev = so.prev
	}
	so.prev, so.next, so.listed = nil, nil, false
	w.count--
}

// all lists the sockets.
func (w *wheel) all() []*socket {
	var all []*socket
	for _, so := range w.slots {
		for ; so != nil; so = so.next {
			all = append(all, so)
		}
	}
	return all
}

// turn moves on by a second and gives the sockets whose second it is: to ask them, or to see
// whether they have answered. They stand in their next slot already.
func (w *wheel) turn(due []inquiry) []inquiry {
	w.now = (w.now + 1) % wheelSlots
	for so := w.slots[w.now]; so != nil; so = w.slots[w.now] {
		due = append(due, inquiry{so, !so.asked})
		w.remove(so)
		if so.asked = !so.asked; so.asked {
			w.add(so, silentAfter)
		} else {
			w.add(so, pingEvery-silentAfter)
		}
	}
	return due
}

// inquiry is what is due for a socket: to be asked, or to have answered.
type inquiry struct {
	socket *socket
	ask    bool
}

// enlist puts a socket on the wheel, which turns while there is one, and says whether Drain has
// gone over the sockets already.
func (f *feeds) enlist(so *socket) (late bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wheel.add(so, pingEvery)
	if f.wheel.stop == nil {
		f.wheel.stop = make(chan struct{})
		go f.spin(f.wheel.stop)
	}
	return f.draining
}

func (f *feeds) delist(so *socket) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wheel.remove(so)
	if f.wheel.count == 0 && f.wheel.stop != nil {
		close(f.wheel.stop)
		f.wheel.stop = nil
	}
}

// spin turns the wheel until no socket is left on it.
func (f *feeds) spin(stop <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var due []inquiry
	for {
		select {
		case <-stop:
			return
		case <-second.C:
		}
		f.mu.Lock()
		due = f.wheel.turn(due[:0])
		f.mu.Unlock()
		for _, d := range due {
			if d.ask {
				d.socket.ping()
			} else {
				d.socket.answered()
			}
		}
		clear(due)
	}
}
