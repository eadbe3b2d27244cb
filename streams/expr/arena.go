package expr

// Arena is memory for texts that are made while events are read: those with escapes, and results of
// functions. What was made is valid until Reset. The zero Arena is ready.
type Arena struct {
	buf  []byte
	used int // bytes made since Reset, in this buffer and in those before it
	most int // that may be made; 0 is arenaBytesMax
}

// arenaBytesMax bounds what one event may make of texts, so that REPLACE of REPLACE of REPLACE
// stays small.
const arenaBytesMax = 8 << 20

// Reset forgets all texts and keeps the memory.
func (a *Arena) Reset() {
	if a.used > cap(a.buf) {
		a.buf = make([]byte, 0, a.used+a.used/4)
	}
	a.buf, a.used = a.buf[:0], 0
}

// open begins a text: append to it, then close it. Only one is open at a time.
func (a *Arena) open() []byte { return a.buf[len(a.buf):] }

// close ends a text.
func (a *Arena) close(b []byte) string {
	a.used += len(b)
	if cap(b) == cap(a.buf)-len(a.buf) {
		at := len(a.buf)
		a.buf = a.buf[:at+len(b)]
		return view(a.buf[at:])
	}
	a.buf = b
	return view(b)
}

// Write makes a text of what write appends, valid until Reset.
func (a *Arena) Write(write func(dst []byte) []byte) string { return a.close(write(a.open())) }

// room says whether n more bytes may be made.
func (a *Arena) room(n int) bool {
	most := arenaBytesMax
	if a.most > 0 {
		most = a.most
	}
	return n <= most-a.used
}
