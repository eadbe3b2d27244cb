package sim

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// plan is what a seed asks for. Each seed looks at one thing above all, and at some others by
// chance.
type plan struct {
	focus                string
	nodes, regions       int
	streams              []string
	partitions           int
	every                time.Duration // between publishes
	storm, calm, quiet   time.Duration
	rowsMax              int // of a session; 0: as in production
	keep                 int // blocks of a log that retention leaves; 0: all
	encode               bool
	memory               bool // publishes are shown before the disk has them
	deletes              bool
	clocks, jumps        bool
	grain                time.Duration // of clocks
	damage               bool
	crowd                int  // logs of one shard at each origin; 0: as they come
	chain                bool // nodes know their neighbours only
	cuts, crashes        int
	clones, copies, lost int
	types                []string // of collections
	truncate             bool     // their logs are truncated
	takes                bool     // nodes take over states at random, beside those that they have to
}

// The things that a seed looks at.
func focuses() []string {
	return []string{"cuts", "retention", "deletes", "rows", "crowd", "memory", "clocks", "clones", "copies", "lost", "values", "joins", "years"}
}

func planOf(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 0xb1a4))
	names := focuses()
	p := plan{
		focus: names[seed%uint64(len(names))],
		nodes: 2 + r.IntN(4), regions: 1 + r.IntN(3), partitions: 1 + r.IntN(2),
		every: 40*time.Millisecond + time.Duration(r.Int64N(int64(200*time.Millisecond))),
		storm: 40*time.Second + time.Duration(r.Int64N(int64(50*time.Second))),
		calm:  25 * time.Second, quiet: 100 * time.Second,
		cuts: 2 + r.IntN(6), crashes: r.IntN(4),
	}
	for i := range 1 + r.IntN(4) {
		p.streams = append(p.streams, fmt.Sprintf("s%d", i))
	}
	also := func(focus string) bool { return p.focus == focus || r.IntN(8) == 0 }
	p.encode = also("cuts")
	p.chain = also("cuts")
	p.damage = also("cuts")
	p.deletes = also("deletes")
	p.memory = also("memory")
	p.clocks = also("clocks")
	p.jumps = p.focus == "clocks"
	if also("retention") {
		p.keep = 3 + r.IntN(10)
		p.quiet = 6 * time.Minute // one hole of an origin that is away takes a minute, and there are several in a row
	}
	if also("rows") {
		p.rowsMax, p.partitions = 2+r.IntN(3), 4
	}
	if also("clones") {
		p.clones, p.chain = 1, false // of twins at two ends of a chain none knows both
	}
	if p.focus == "clones" {
		p.clones = 0 // its script makes one; twins of all nodes would be two meshes that never meet
	}
	if also("copies") {
		p.copies = 1 + r.IntN(2)
	}
	if also("lost") {
		p.lost = 1 + r.IntN(2)
	}
	if p.focus == "memory" {
		p.crashes += 3
	}
	p.collect(r)
	if p.focus == "crowd" {
		p.crowd, p.nodes, p.every = 200, 2+r.IntN(2), 20*time.Millisecond
	}
	return p
}

// collect chooses the collections: all types where a seed looks at them, some of them in half of the
// others.
func (p *plan) collect(r *rand.Rand) {
	all := []string{"counter", "register", "set", "map", "flag", "bounded_counter", "hyperloglog", "quantiles", "topk"}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	p.truncate = r.IntN(2) == 0
	p.grain = time.Duration(r.IntN(2)) * 50 * time.Millisecond
	switch p.focus {
	case "values":
		p.types, p.crashes = all, p.crashes+5
	case "joins", "years":
		p.types, p.truncate = all[:3], true
		p.lost, p.copies = r.IntN(2), r.IntN(2)
		if p.focus == "joins" {
			p.takes, p.nodes, p.every = true, 4, 40*time.Millisecond
			p.types = []string{all[0], "set", "register"}
		}
	default:
		p.types = all[:r.IntN(3)*r.IntN(2)]
	}
}

// joins says whether a host knows another's address from the start.
func (p *plan) joins(a, b int) bool { return !p.chain || a-b == 1 || b-a == 1 }
