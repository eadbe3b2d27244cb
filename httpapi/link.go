package httpapi

import (
	"net/http"
	"time"

	"github.com/edgedhq/edged"
)

// linkView is a policy, as it is asked for and as it is shown.
type linkView struct {
	Delay  string    `json:"delay" required:"false" default:"0s" pattern:"^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m))+$" patternDescription:"a Go duration such as 40ms" doc:"How long each packet waits, each way"`
	Jitter string    `json:"jitter" required:"false" default:"0s" pattern:"^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m))+$" patternDescription:"a Go duration such as 5ms" doc:"How much longer it may wait, at random"`
	Loss   float64   `json:"loss" required:"false" default:"0" minimum:"0" maximum:"1" doc:"Share of the packets that are lost"`
	Rate   sizeValue `json:"rate,omitempty" doc:"Bytes a second. Default: no bound."`
	Cut    bool      `json:"cut" required:"false" default:"false" doc:"Nothing passes"`
}

// linkList is every policy in force.
type linkList struct {
	Links map[string]linkView `json:"links" doc:"By the region or node that they stand for"`
}

// linkPath is what the path of a link holds.
type linkPath struct {
	Target string `path:"target" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$" doc:"Name of a region or of a node"`
}

// errLinksReal answers for links where none are emulated.
func errLinksReal() error {
	return edged.Refuse(edged.NotFound, "links are emulated only by a node that runs with --emulate-links, in a mesh")
}

// policy makes the policy in the root's words.
func (v *linkView) policy() (p edged.LinkPolicy, err error) {
	p.Loss, p.Cut = v.Loss, v.Cut
	if p.Delay, err = linkTime("body.delay", v.Delay); err != nil {
		return p, err
	}
	if p.Jitter, err = linkTime("body.jitter", v.Jitter); err != nil {
		return p, err
	}
	p.Rate, err = v.Rate.bytes("body.rate")
	return p, err
}

// linkTime reads a delay. One past a minute is a cut with more to keep in memory.
func linkTime(location, text string) (time.Duration, error) {
	const delayMax = time.Minute
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > delayMax {
		return 0, edged.RefuseField(edged.Invalid, location, cut(text, 40),
			"want a duration such as 40ms, at most %s; a link that passes nothing is cut", durationText(delayMax))
	}
	return d, nil
}

func linkOf(p edged.LinkPolicy) linkView {
	return linkView{Delay: p.Delay.String(), Jitter: p.Jitter.String(), Loss: p.Loss, Rate: sizeOf(p.Rate), Cut: p.Cut}
}

func (s *Server) listLinks(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		if s.parts.Links == nil {
			return nil, errLinksReal()
		}
		v := linkList{Links: map[string]linkView{}}
		for target, p := range s.parts.Links.List() {
			v.Links[target] = linkOf(p)
		}
		return v, nil
	})
}

func (s *Server) getLink(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		if s.parts.Links == nil {
			return nil, errLinksReal()
		}
		target, err := nameIn(r, "target")
		return linkOf(s.parts.Links.List()[target]), err
	})
}

func (s *Server) putLink(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		if s.parts.Links == nil {
			return nil, errLinksReal()
		}
		target, err := nameIn(r, "target")
		if err != nil {
			return nil, err
		}
		var given linkView
		if err := s.linkDef.read(w, r, &given); err != nil {
			return nil, err
		}
		p, err := given.policy()
		if err == nil {
			err = s.parts.Links.Set(target, p)
		}
		return linkOf(p), err
	})
}
