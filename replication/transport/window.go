package transport

import (
	"time"

	"github.com/quic-go/quic-go"
)

const (
	laneWindowMin = 256 << 10
	laneWindowMax = 16 << 20
)

// config is QUIC's, for one more connection. Of the idle times of both sides the shorter counts.
//
// Windows are fixed when a connection begins. QUIC would let a lane's window grow when the
// connection's may not; then lanes that nobody reads could starve lane 0. So the connection's
// window is that of all lanes, once more for gossip, and 64 KiB.
func (t *Transport) config(idle time.Duration) *quic.Config {
	t.mu.Lock()
	open := len(t.conns)
	t.mu.Unlock()
	lane := laneWindow(t.opts.WindowBytesMax, open)
	all := (lanes+1)*lane + 64<<10
	config := &quic.Config{
		Versions:                       []quic.Version{quic.Version1},
		HandshakeIdleTimeout:           handshakeTime,
		MaxIdleTimeout:                 idle,
		KeepAlivePeriod:                keepAlive,
		InitialPacketSize:              1200, // QUIC's least; the default of 1280 does not pass a path of MTU 1280
		InitialStreamReceiveWindow:     lane,
		MaxStreamReceiveWindow:         lane,
		InitialConnectionReceiveWindow: all,
		MaxConnectionReceiveWindow:     all,
		MaxIncomingStreams:             peerStreams,
		MaxIncomingUniStreams:          peerStreams,
	}
	config.GetConfigForClient = func(*quic.ClientInfo) (*quic.Config, error) { return t.config(idle), nil }
	return config
}

// laneWindow is the window of a lane when so many connections are open: each takes an eighth of
// what those before it left, so their sum stays below the budget until the least windows add up.
func laneWindow(budget uint64, open int) uint64 {
	for range min(open, 64) {
		budget -= budget / 8
	}
	return min(max(budget/8/(lanes+1), laneWindowMin), laneWindowMax)
}
