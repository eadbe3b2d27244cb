package httpapi

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/edgedhq/edged"
)

// healthView is the answer of a healthy node.
type healthView struct {
	Status string      `json:"status" enum:"ok"`
	Checks []checkView `json:"checks,omitempty" nullable:"false" doc:"With verbose: every condition"`
}

type checkView struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// livez fails only when the process is wedged: whoever asks would restart it.
func (s *Server) livez(w http.ResponseWriter, r *http.Request) {
	check := edged.Check{Name: "process", OK: true}
	if err := s.parts.Health.Alive(); err != nil {
		check.OK, check.Detail = false, err.Error()
	}
	s.writeHealth(w, r, []edged.Check{check})
}

// readyz says whether a load balancer should send requests here.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	checks, err := s.readiness(r.URL.Query())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.writeHealth(w, r, checks)
}

func (s *Server) readiness(q url.Values) ([]edged.Check, error) {
	const lagMax, peersMax = 1000 * time.Hour, 10_000
	checks := s.parts.Health.Checks()
	if s.draining.Load() {
		checks = append(checks, edged.Check{Name: string(edged.Draining), Detail: "this node is going away"})
	}
	if q.Has("max_lag") {
		most, err := durationParam(q, "max_lag", 0, lagMax)
		if err != nil {
			return nil, err
		}
		checks = append(checks, s.lagCheck(most))
	}
	if text := q.Get("min_peers"); q.Has("min_peers") {
		least, err := strconv.Atoi(text)
		if err != nil || least < 0 || least > peersMax {
			return nil, edged.RefuseField(edged.Invalid, "query.min_peers", cut(text, 40), "want a number of peers from 0 to %d", peersMax)
		}
		checks = append(checks, s.peerCheck(least))
	}
	return checks, nil
}

func (s *Server) lagCheck(most time.Duration) edged.Check {
	worst := edged.Peer{}
	for _, p := range s.parts.Cluster.Peers() {
		if p.Lag >= worst.Lag {
			worst = p
		}
	}
	check := edged.Check{Name: "lag", OK: worst.Lag <= most, Detail: "no peer"}
	if worst.Name != "" {
		check.Detail = worst.Name + " is " + worst.Lag.String() + " behind"
	}
	return check
}

func (s *Server) peerCheck(least int) edged.Check {
	n := 0
	for _, p := range s.parts.Cluster.Peers() {
		if p.Connected {
			n++
		}
	}
	return edged.Check{
		Name: "peers", OK: n >= least,
		Detail: strconv.Itoa(n) + " connected, " + strconv.Itoa(least) + " wanted",
	}
}

// writeHealth answers 200 when every check holds, else 503 with those that do not.
func (s *Server) writeHealth(w http.ResponseWriter, r *http.Request, checks []edged.Check) {
	refusal := &edged.Refusal{Kind: edged.Unavailable}
	for _, c := range checks {
		if c.OK {
			continue
		}
		if k := edged.Kind(c.Name); k == edged.Starting || k == edged.Draining {
			refusal.Kind = k
		}
		if refusal.Detail != "" {
			refusal.Detail += "; "
		}
		refusal.Detail += c.Name + ": " + c.Detail
		refusal.Fields = append(refusal.Fields, edged.Field{Location: "check." + c.Name, Message: c.Detail})
	}
	if len(refusal.Fields) > 0 {
		s.fail(w, r, refusal)
		return
	}
	s.answer(w, r, func() (any, error) {
		v := healthView{Status: "ok"}
		if q := r.URL.Query(); q.Has("verbose") && q.Get("verbose") != "false" {
			for _, c := range checks {
				v.Checks = append(v.Checks, checkView(c))
			}
		}
		return v, nil
	})
}
