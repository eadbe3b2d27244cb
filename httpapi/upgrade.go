package httpapi

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/edgedhq/edged"
)

// The WebSocket subprotocols. A client that names none is spoken to in JSON.
const (
	protocolJSON    = "edged.v1.json"
	protocolMsgpack = "edged.v1.msgpack"
)

// wantsSocket says whether the request asks for a WebSocket.
func wantsSocket(r *http.Request) bool { return hasToken(r.Header, "Upgrade", "websocket") }

// hasToken looks for a word in a header that is a list.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h[name] {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}

// handshake is what a request for a WebSocket has been found to ask.
type handshake struct {
	protocol string // chosen; empty when none is named
}

func (h handshake) packed() bool { return h.protocol == protocolMsgpack }

// checkUpgrade refuses what must not become a WebSocket, while it can still be told why: the
// library takes the connection before it looks at the request.
func (s *Server) checkUpgrade(r *http.Request) (handshake, error) {
	if err := s.allowedOrigin(r); err != nil {
		return handshake{}, err
	}
	key := r.Header.Get("Sec-WebSocket-Key")
	switch {
	case r.ProtoMajor != 1:
		return handshake{}, edged.Refuse(edged.BadRequest, "WebSockets are served over HTTP/1.1; over HTTP/2 ask for text/event-stream")
	case !hasToken(r.Header, "Connection", "upgrade"):
		return handshake{}, edged.RefuseField(edged.BadRequest, "header.Connection", nil, "want Upgrade")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return handshake{}, edged.RefuseField(edged.BadRequest, "header.Sec-WebSocket-Version", nil, "want 13")
	case len(key) != 24:
		return handshake{}, edged.RefuseField(edged.BadRequest, "header.Sec-WebSocket-Key", nil, "want 16 bytes in base64")
	}
	offered := r.Header["Sec-Websocket-Protocol"]
	for _, line := range offered {
		for item := range strings.SplitSeq(line, ",") {
			if p := strings.TrimSpace(item); p == protocolJSON || p == protocolMsgpack {
				return handshake{p}, nil
			}
		}
	}
	if len(offered) > 0 {
		return handshake{}, edged.RefuseField(edged.BadRequest, "header.Sec-WebSocket-Protocol", cut(offered[0], 100),
			"want %s or %s", protocolJSON, protocolMsgpack)
	}
	return handshake{}, nil
}

// upgrade takes the connection over. What the client has sent ahead is returned with it; the
// buffers of the HTTP server are not kept.
func upgrade(w http.ResponseWriter, r *http.Request, h handshake) (conn net.Conn, ahead []byte, err error) {
	u := ws.HTTPUpgrader{
		Timeout:  slowAfter,
		Protocol: func(p string) bool { return p == h.protocol },
	}
	conn, rw, _, err := u.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, nil, err
	}
	if n := rw.Reader.Buffered(); n > 0 {
		ahead = make([]byte, n)
		_, err = rw.Read(ahead)
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, ahead, err
}
