package wire

import "github.com/edgedhq/edged"

// The lanes of a link. LaneLive is the first of four.
const (
	LaneControl  = 0
	LaneLive     = 1
	LaneHidden   = 5
	LaneFetch    = 6
	LaneSnapshot = 7
	Lanes        = 8
)

// LaneOf is the lane that carries the live blocks of a log.
func LaneOf(log edged.LogID, hidden bool) int {
	if hidden {
		return LaneHidden
	}
	return LaneLive + int(log[1]%(LaneHidden-LaneLive))
}
