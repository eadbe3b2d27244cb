package crdttest

// Dice are numbers that a seed decides (Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", 2014).
type Dice struct{ state uint64 }

// NewDice starts the numbers of a seed.
func NewDice(seed uint64) *Dice { return &Dice{seed} }

// Next is any number.
func (d *Dice) Next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// N is a number below n.
func (d *Dice) N(n int) int { return int(d.Next() % uint64(n)) }

// One says yes once in n times.
func (d *Dice) One(n int) bool { return d.N(n) == 0 }

// pick is one of several.
func pick[T any](d *Dice, from ...T) T { return from[d.N(len(from))] }
