package market

import (
	"math"
	"math/bits"
	"strconv"
)

func (g *Generator) appendPerson(b []byte, n int, at int64) []byte {
	from := len(b)
	b = number(b, `{"id":`, int64(lastPerson(n)+firstPerson))
	b = append(b, `,"name":"`...)
	b = append(append(append(b, g.one(firstNames)...), ' '), g.one(lastNames)...)
	b = g.appendWords(append(b, `","emailAddress":"`...), 7, ' ')
	b = append(g.appendWords(append(b, '@'), 5, ' '), `.com","creditCard":"`...)
	for i := range 4 {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, strconv.Itoa(10_000 + g.rand.IntN(10_000))[1:]...)
	}
	b = append(append(b, `","city":"`...), g.one(cities)...)
	b = append(append(b, `","state":"`...), g.one(states)...)
	size := len(b) - from - len(`{"id":,"name":"","emailAddress":"","creditCard":"","city":"","state":"`)
	b = number(b, `","dateTime":`, at)
	return g.appendExtra(b, size, personBytes)
}

func (g *Generator) appendAuction(b []byte, n int, at int64) []byte {
	from := len(b)
	seller := g.somePerson(n)
	if g.rand.IntN(hotSellers) > 0 {
		seller = lastPerson(n) / hundred * hundred
	}
	first := g.price()
	b = number(b, `{"id":`, int64(lastAuction(n)+firstAuction))
	b = g.appendWords(append(b, `,"itemName":"`...), 20, ' ')
	b = g.appendWords(append(b, `","description":"`...), 100, ' ')
	b = number(b, `","initialBid":`, first)
	b = number(b, `,"reserve":`, first+g.price())
	size := len(b) - from - len(`{"id":,"itemName":"","description":"","initialBid":,"reserve":`) + 32
	b = number(b, `,"dateTime":`, at)
	b = number(b, `,"expires":`, at+g.length())
	b = number(b, `,"seller":`, int64(seller+firstPerson))
	b = number(b, `,"category":`, int64(firstCategory+g.rand.IntN(categories)))
	return g.appendExtra(b, size, auctionBytes)
}

// length is how long an auction lasts, in milliseconds: on average until as many others have been
// opened as are in flight at a time.
func (g *Generator) length() int64 {
	ahead := int64(inFlight) * total / auctions * 1000 / int64(g.opts.Rate)
	return 1 + g.rand.Int64N(max(2*ahead, 1))
}

func (g *Generator) appendBid(b []byte, n int, at int64) []byte {
	auction, bidder := g.someAuction(n), g.somePerson(n)
	if g.rand.IntN(hotAuctions) > 0 {
		auction = lastAuction(n) / hundred * hundred
	}
	if g.rand.IntN(hotBidders) > 0 {
		bidder = lastPerson(n)/hundred*hundred + 1 // the second, so that it is not the hot seller
	}
	b = number(b, `{"auction":`, int64(auction+firstAuction))
	b = number(b, `,"bidder":`, int64(bidder+firstPerson))
	b = number(b, `,"price":`, g.price())
	b = append(b, `,"channel":"`...)
	if g.rand.IntN(hotChannels) > 0 {
		hot := g.rand.IntN(len(hotNames))
		b = append(append(b, hotNames[hot]...), `","url":"`...)
		b = g.appendAddress(b, uint64(hot))
	} else {
		channel := g.rand.IntN(channels)
		b = append(strconv.AppendInt(append(b, "channel-"...), int64(channel), 10), `","url":"`...)
		b = g.appendAddress(b, uint64(len(hotNames)+channel))
		if mixed(g.opts.Seed, uint64(channel))%10 > 0 {
			id := int32(bits.Reverse32(uint32(channel)))
			b = number(b, "&channel_id=", max(int64(id), -int64(id)))
		}
	}
	b = number(b, `","dateTime":`, at)
	return g.appendExtra(b, 32, bidBytes)
}

// price is spread evenly by its logarithm, from 100 to 100 million cents.
func (g *Generator) price() int64 {
	return int64(math.Round(math.Pow(10, g.rand.Float64()*6) * 100))
}

func number(b []byte, name string, v int64) []byte {
	return strconv.AppendInt(append(b, name...), v, 10)
}
