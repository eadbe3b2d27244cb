package codec

import "strconv"

// What a live frame starts with is written for subscription 1, the first of a socket and most
// often the only one, so that its frames are sent as they are.
const (
	liveText   = `{"op":"event","sub":1,`
	liveBinary = "\xa2op\xa5event\xa3sub\x01" // after the map's header
)

// AppendLive appends the frames from, up to, not including, to, for subscription sub. For
// subscription 1 Range gives the same bytes without a copy.
func (f *Frames) AppendLive(dst []byte, from, to, sub int) []byte {
	var room [32]byte
	prefix, skip := append(room[:0], liveText[:len(liveText)-2]...), len(liveText)
	if f.form == LiveBinary {
		prefix, skip = append(room[:0], 0), 1+len(liveBinary)
		prefix = appendUint(append(prefix, liveBinary[:len(liveBinary)-1]...), uint64(sub))
	} else {
		prefix = append(strconv.AppendInt(prefix, int64(sub), 10), ',')
	}
	for i := from; i < to; i++ {
		frame := f.Range(i, i+1)
		header, n := frameSizes(frame)
		dst = AppendFrameHeader(dst, frame[0], n-skip+len(prefix))
		if f.form == LiveBinary {
			prefix[0] = frame[header] // how many members the map has
		}
		dst = append(dst, prefix...)
		dst = append(dst, frame[header+skip:]...)
	}
	return dst
}
