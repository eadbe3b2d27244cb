package jsonscan

// Kind is the kind of a value.
type Kind uint8

// The kinds. None is no value at all.
const (
	None Kind = iota
	Object
	Array
	String
	Number
	True
	False
	Null
)

// Value is where a value stands in a text.
type Value struct {
	From, To int
	Kind     Kind
	Marks    Marks
}

// Bytes cuts the value out of its text.
func (v Value) Bytes(text []byte) []byte { return text[v.From:v.To:v.To] }

// Content cuts a string's content out of its text, without the quotes and as it is escaped. Of no
// value at all there is none.
func (v Value) Content(text []byte) []byte {
	if v.Kind != String {
		return nil
	}
	return text[v.From+1 : v.To-1 : v.To-1]
}

// kindOf tells a value's kind by its first byte; a number is what is nothing else.
func kindOf(c byte) Kind {
	switch c {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't':
		return True
	case 'f':
		return False
	case 'n':
		return Null
	}
	return Number
}

// Check holds a whole text, one value with whitespace around it, to the rules and tells where the
// value stands. The error is a *Fault.
func Check(text []byte) (Value, error) {
	r := NewReader(text)
	v := r.Value()
	r.End()
	return v, r.Err()
}

// Reader pulls values out of a text in order, and checks what it passes. After the first fault
// all its methods return nothing; Err tells it.
//
//	r := NewReader(text)
//	if r.Open('{') {
//		for r.More('}') {
//			name, value := r.Name(), r.Value()
//		}
//	}
//	r.End()
//	return r.Err()
type Reader struct {
	scan  scan
	at    int
	fresh bool // a container has been opened and nothing read of it
}

// NewReader begins at the start of the text.
func NewReader(text []byte) Reader { return Reader{scan: scan{text: text}} }

// ReaderAt begins at a place in the text, as to enter a value that has been passed.
func ReaderAt(text []byte, at int) Reader { return Reader{scan: scan{text: text}, at: at} }

// Err is the first fault, a *Fault, or nil.
func (r *Reader) Err() error {
	if r.scan.why == none {
		return nil
	}
	return r.scan.fault()
}

// Failed says whether there has been a fault.
func (r *Reader) Failed() bool { return r.scan.why != none }

// At is the place that the reader has come to.
func (r *Reader) At() int { return r.at }

// next passes over whitespace and says whether there is a byte to read.
func (r *Reader) next() bool {
	text := r.scan.text
	if r.scan.why != none {
		return false
	}
	if r.at < len(text) && text[r.at] > ' ' {
		return true
	}
	r.at = r.scan.space(r.at)
	return r.at < len(text)
}

func (r *Reader) stop(why reason) {
	if r.scan.why == none {
		r.scan.stop(r.at, why)
	}
}

// Peek is the kind of the value that comes next; None at the end of the text.
func (r *Reader) Peek() Kind {
	if !r.next() {
		return None
	}
	return kindOf(r.scan.text[r.at])
}

// Open enters an object ('{') or an array ('['); a fault when something else comes.
func (r *Reader) Open(bracket byte) bool {
	if !r.next() || r.scan.text[r.at] != bracket {
		if bracket == '{' {
			r.stop(wantObject)
		} else {
			r.stop(wantArray)
		}
		return false
	}
	r.at++
	r.fresh = true
	return true
}

// More says whether another member or element comes; if not, it leaves the container whose
// closing bracket is given.
func (r *Reader) More(bracket byte) bool {
	if !r.next() {
		r.stop(wantNext(bracket == '}'))
		return false
	}
	c, fresh := r.scan.text[r.at], r.fresh
	r.fresh = false
	switch {
	case c == bracket:
		r.at++
		return false
	case fresh:
		return true
	case c != ',':
		r.stop(wantNext(bracket == '}'))
		return false
	}
	r.at++
	return true
}

// Name reads a member's name and its colon: the content of the string, still escaped if so marked.
func (r *Reader) Name() (name []byte, marks Marks) {
	v := r.NameValue()
	return v.Content(r.scan.text), v.Marks
}

// NameValue reads a member's name and its colon, and tells where the string stands.
func (r *Reader) NameValue() Value {
	r.next()
	if r.scan.why != none {
		return Value{}
	}
	r.scan.marks = 0
	text, from := r.scan.text, r.at
	end := r.scan.name(from)
	if end < 0 {
		return Value{}
	}
	r.at = end
	to := end - 1 // the colon
	for text[to-1] != '"' {
		to--
	}
	return Value{From: from, To: to, Kind: String, Marks: r.scan.marks & Escaped}
}

// Value reads one value, whatever it is, to its end.
func (r *Reader) Value() Value {
	if !r.next() {
		r.stop(wantValue)
		return Value{}
	}
	r.scan.marks = 0
	end := r.scan.value(r.at, DepthMax)
	if end < 0 {
		return Value{}
	}
	v := Value{From: r.at, To: end, Kind: kindOf(r.scan.text[r.at]), Marks: r.scan.marks}
	r.at = end
	return v
}

// End makes anything but whitespace from here on a fault.
func (r *Reader) End() {
	if r.next() {
		r.stop(wantEnd)
	}
}
