package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/edgedhq/edged"
)

// sealFor is how long a request waits for the nodes to agree.
const sealFor = 10 * time.Second

// sealRequest says which origin ends.
type sealRequest struct {
	Origin string `json:"origin" maxLength:"150" doc:"As /v1/cluster shows it, LABEL~ and 20 hexadecimal digits"`
	Anew   bool   `json:"anew" required:"false" default:"false" doc:"Ask the nodes that are connected now, when one that was asked before is lost as well"`
}

// sealView is how far that is.
type sealView struct {
	Origin string           `json:"origin"`
	State  string           `json:"state" enum:"sealed" doc:"Until all agree the answer is 503 seal_pending"`
	Roll   []sealMemberView `json:"roll" nullable:"false" doc:"The nodes that agreed; none where the origin's own node had ended it"`
	Away   []string         `json:"away" nullable:"false" doc:"Nodes that were not connected and were not asked: what they alone hold of the origin does not count"`
}

type sealMemberView struct {
	Name   string `json:"name"`
	Origin string `json:"origin"`
}

func (s *Server) seal(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func() (any, error) {
		var given sealRequest
		if err := s.sealDef.read(w, r, &given); err != nil {
			return nil, err
		}
		origin, err := edged.ParseOrigin(given.Origin)
		if err != nil {
			return nil, edged.RefuseField(edged.Invalid, "body.origin", cut(given.Origin, 100),
				"want an origin as /v1/cluster shows it: LABEL~ and 20 hexadecimal digits")
		}
		ctx, cancel := context.WithTimeout(r.Context(), sealFor)
		defer cancel()
		state, err := s.parts.Cluster.Seal(ctx, origin.ID, given.Anew)
		if err != nil {
			return nil, err
		}
		v := sealView{Origin: originText(state.Origin), State: "sealed", Roll: []sealMemberView{}, Away: append([]string{}, state.Away...)}
		for _, m := range state.Roll {
			v.Roll = append(v.Roll, sealMemberView{Name: m.Name, Origin: originText(m.Origin)})
		}
		return v, nil
	})
}
