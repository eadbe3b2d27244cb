package httpapi

import (
	"net/http"
	"runtime"
	"time"

	"github.com/edgedhq/edged"
)

// clusterView is the mesh as this node sees it.
type clusterView struct {
	Node    nodeView     `json:"node" doc:"The node that answers"`
	Members []memberView `json:"members" nullable:"false" doc:"Every known node, this one included"`
	Stable  stableView   `json:"stable" doc:"How far reads with order=stable come"`
}

type nodeView struct {
	Name          string `json:"name"`
	Region        string `json:"region"`
	Origin        string `json:"origin" doc:"The identity that it writes under now"`
	Version       string `json:"version"`
	Mesh          string `json:"mesh,omitempty" doc:"Name of the mesh"`
	LinksEmulated bool   `json:"links_emulated"`
}

// stableView names the origins that readers in stable order wait for.
type stableView struct {
	Frontier   string         `json:"frontier,omitempty" format:"date-time" doc:"Every event with an earlier HLC is held here; absent in a mesh of one"`
	HeldBackBy []heldBackView `json:"held_back_by" nullable:"false" doc:"Origins that have not been heard of for 5 s and more, the longest away first"`
}

type heldBackView struct {
	Origin string `json:"origin"`
	Since  string `json:"since" format:"date-time" doc:"Every event of the origin with an earlier HLC is held here"`
}

type memberView struct {
	Name    string  `json:"name"`
	Region  string  `json:"region"`
	Address string  `json:"address"`
	State   string  `json:"state" enum:"alive,suspect,dead,left"`
	Self    bool    `json:"self"`
	Origin  string  `json:"origin"`
	RTT     float64 `json:"rtt_ms" doc:"Round-trip time from this node"`
	Version string  `json:"version"`
}

// replicationView is how far each other node is.
type replicationView struct {
	Peers []peerView `json:"peers" nullable:"false"`
}

type peerView struct {
	Name         string  `json:"name"`
	Region       string  `json:"region"`
	Connected    bool    `json:"connected"`
	LagEvents    int64   `json:"lag_events" doc:"Events of this node that the peer has not acknowledged"`
	Lag          float64 `json:"lag_ms" doc:"Age of the oldest of them"`
	NeedEvents   int64   `json:"need_events" doc:"Events that the peer holds and this node lacks"`
	LastProgress string  `json:"last_progress,omitempty" format:"date-time"`
	BytesIn      int64   `json:"bytes_in"`
	BytesOut     int64   `json:"bytes_out"`
	RTT          float64 `json:"rtt_ms" doc:"Round-trip time; 0 while unknown"`
	Skew         float64 `json:"skew_ms" doc:"How far the peer's clock is ahead of this node's"`
	LastEqual    string  `json:"last_equal,omitempty" format:"date-time" doc:"The newest time at which both are known to have held the same"`
	Rows         int     `json:"rows" doc:"Logs not known to be equal at both ends"`
	Lagging      bool    `json:"lagging" doc:"Too far behind to be told of single logs"`
}

// versionView is the build.
type versionView struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// originText leaves out an origin that is not known.
func originText(o edged.Origin) string {
	if o == (edged.Origin{}) {
		return ""
	}
	return o.String()
}

// timeText is a time in Unix nanoseconds as answers have it.
func timeText(nanos int64) string { return string(edged.AppendTime(nil, nanos)) }

// stableOf names those that have been away for longer than promises take on any link.
func stableOf(held []edged.HeldBack, now time.Time) stableView {
	const usual = 5 * time.Second
	v := stableView{HeldBackBy: []heldBackView{}}
	for i, h := range held {
		since := max(h.Held, 0) // of an origin never heard of, far below it
		if i == 0 {
			v.Frontier = timeText(since)
		}
		if now.UnixNano()-since >= int64(usual) {
			v.HeldBackBy = append(v.HeldBackBy, heldBackView{Origin: originText(h.Origin), Since: timeText(since)})
		}
	}
	return v
}

func (s *Server) cluster(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		v := clusterView{
			Node: nodeView{
				Name: s.opts.Node, Region: s.opts.Region, Version: s.opts.Version,
				Mesh: s.opts.Mesh, LinksEmulated: s.parts.Links != nil,
			},
			Members: []memberView{}, Stable: stableOf(s.parts.Cluster.HeldBack(), s.opts.Now()),
		}
		for _, m := range s.parts.Cluster.Members() {
			if m.Self {
				v.Node.Origin = originText(m.Origin)
			}
			v.Members = append(v.Members, memberView{
				Name: m.Name, Region: m.Region, Address: m.Address, State: m.State, Self: m.Self,
				Origin: originText(m.Origin), RTT: millis(m.RTT), Version: m.Version,
			})
		}
		return v, nil
	})
}

func (s *Server) replication(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		v := replicationView{Peers: []peerView{}}
		for _, p := range s.parts.Cluster.Peers() {
			peer := peerView{
				Name: p.Name, Region: p.Region, Connected: p.Connected, LagEvents: p.LagEvents,
				Lag: millis(p.Lag), NeedEvents: p.NeedEvents, BytesIn: p.BytesIn, BytesOut: p.BytesOut,
				RTT: millis(p.RTT), Skew: millis(p.Skew), Rows: p.Rows, Lagging: p.Lagging,
			}
			if !p.LastProgress.IsZero() {
				peer.LastProgress = timeText(p.LastProgress.UnixNano())
			}
			if !p.LastEqual.IsZero() {
				peer.LastEqual = timeText(p.LastEqual.UnixNano())
			}
			v.Peers = append(v.Peers, peer)
		}
		return v, nil
	})
}

func (s *Server) version(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		return versionView{Version: s.opts.Version, Commit: s.opts.Commit, Go: runtime.Version()}, nil
	})
}
