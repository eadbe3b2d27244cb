package market

import "math/rand/v2"

// channels is how many ways to a bid there are that are not hot.
const channels = 10_000

var hotNames = []string{"Google", "Facebook", "Baidu", "Apple"} // read-only

var firstNames = []string{"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"} // read-only

var lastNames = []string{"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"} // read-only

var cities = []string{"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"} // read-only

var states = []string{"AZ", "CA", "ID", "OR", "WA", "WY"} // read-only

func (g *Generator) one(of []string) string { return of[g.rand.IntN(len(of))] }

// appendWords appends 3 to most-1 letters, one in 13 of which is a space, without spaces at the ends.
func (g *Generator) appendWords(b []byte, most int, space byte) []byte {
	return appendWords(g.rand, b, most, space)
}

func appendWords(r *rand.Rand, b []byte, most int, space byte) []byte {
	from := len(b)
	for range 3 + r.IntN(most-3) {
		if r.IntN(13) == 0 {
			if len(b) > from {
				b = append(b, space)
			}
			continue
		}
		b = append(b, byte('a'+r.IntN(26)))
	}
	for len(b) > from && b[len(b)-1] == space {
		b = b[:len(b)-1]
	}
	return b
}

// appendAddress appends the address that belongs to a channel, which is the same at each bid.
func (g *Generator) appendAddress(b []byte, channel uint64) []byte {
	r := rand.New(rand.NewPCG(g.opts.Seed, ^channel))
	b = append(b, "https://www.nexmark.com/"...)
	for range 3 {
		b = append(appendWords(r, b, 5, '_'), '/')
	}
	return append(b, "item.htm?query=1"...)
}

// mixed is a number that belongs to a channel, whatever was drawn before.
func mixed(seed, channel uint64) uint64 {
	return rand.New(rand.NewPCG(seed, channel)).Uint64()
}

// appendExtra ends an event with as many letters as make it mean bytes long, give or take a fifth
// of what is missing. Six letters come from one number.
func (g *Generator) appendExtra(b []byte, size, mean int) []byte {
	b = append(b, `,"extra":"`...)
	if missing := mean - size; missing > 0 {
		delta := (missing + 2) / 5
		length := missing - delta
		if delta > 0 {
			length += g.rand.IntN(2 * delta)
		}
		for ; length > 0; length -= 6 {
			bits := g.rand.Uint32()
			for range min(length, 6) {
				b = append(b, byte('a'+bits%26))
				bits /= 26
			}
		}
	}
	return append(b, `"}`...)
}
