package session

import "time"

// awayAfter is how long a member that is not heard of still counts, where Self does not say.
const awayAfter = 7 * 24 * time.Hour

// Everywhere is the time, in Unix nanoseconds, below which the other members of the mesh held all
// that this node did when it was last found equal to each; now, where there are none. It is 0 as
// long as one was not compared with in this run. A member that was not heard for Self.AwayAfter does
// not count: what it lacks then, it takes over as state.
func (t *Table) Everywhere(now Now, members []string) int64 {
	least, away := now.Wall, t.self.AwayAfter
	if away <= 0 {
		away = awayAfter
	}
	for _, node := range members {
		heard, equal := t.began, int64(0)
		if p := t.peers[node]; p != nil {
			heard, equal = max(heard, p.heard), p.lastEqual*second
			if p.session != nil {
				heard = now.Mono
			}
		}
		if now.Mono-heard < away {
			least = min(least, equal)
		}
	}
	return least
}
