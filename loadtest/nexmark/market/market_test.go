package market

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"
)

type fields struct {
	ID, Auction, Bidder, Price, Seller, Category int64
	InitialBid, Reserve, DateTime, Expires       int64
	Channel, URL, Extra, Name, City, State       string
}

func decode(t *testing.T, e Event) fields {
	t.Helper()
	var f fields
	if err := json.Unmarshal(e.Data, &f); err != nil {
		t.Fatalf("%s: %v", e.Data, err)
	}
	return f
}

func TestOneSeedOneMarket(t *testing.T) {
	all := func(seed uint64) []byte {
		var b bytes.Buffer
		for _, e := range New(Options{Seed: seed, Events: 500}).All() {
			b.Write(append(e.Data, '\n'))
		}
		return b.Bytes()
	}
	if !bytes.Equal(all(1), all(1)) {
		t.Error("one seed gave two markets")
	}
	if bytes.Equal(all(1), all(2)) {
		t.Error("two seeds gave one market")
	}
}

func TestProportions(t *testing.T) {
	const events = 50_000
	counts, sizes := map[Kind]int{}, map[Kind]int{}
	for _, e := range New(Options{Events: events}).All() {
		counts[e.Kind]++
		sizes[e.Kind] += len(e.Data)
	}
	for kind, want := range map[Kind]int{Person: events / 50, Auction: events * 3 / 50, Bid: events * 46 / 50} {
		if counts[kind] != want {
			t.Errorf("%d of %s, want %d", counts[kind], kind.Stream(), want)
		}
	}
	// The specification's sizes are those of the values; JSON adds names.
	for kind, want := range map[Kind]float64{Person: 290, Auction: 600, Bid: 240} {
		if mean := float64(sizes[kind]) / float64(counts[kind]); math.Abs(mean-want) > 0.1*want {
			t.Errorf("a %s has %.0f bytes, want about %.0f", kind.Stream(), mean, want)
		}
	}
}

func TestHotSpots(t *testing.T) {
	var bids, hotAuction, hotBidder, hotChannel, withID, other float64
	var sales, hotSeller float64
	for n, e := range New(Options{Events: 100_000}).All() {
		switch f := decode(t, e); e.Kind {
		case Bid:
			bids++
			hotAuction += truth(f.Auction == int64(lastAuction(n)/100*100+1000))
			hotBidder += truth(f.Bidder == int64(lastPerson(n)/100*100+1001))
			if slices.Contains(hotNames, f.Channel) {
				hotChannel++
				continue
			}
			other++
			withID += truth(bytes.Contains(e.Data, []byte("&channel_id=")))
		case Auction:
			sales++
			hotSeller += truth(f.Seller == int64(lastPerson(n)/100*100+1000))
		}
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"bids on the hot auction", hotAuction / bids, 0.5}, {"bids by the hot bidder", hotBidder / bids, 0.75},
		{"bids by hot channels", hotChannel / bids, 0.5}, {"addresses with an id", withID / other, 0.9},
		{"auctions of the hot seller", hotSeller / sales, 0.75},
	} {
		if math.Abs(c.got-c.want) > 0.02 {
			t.Errorf("%s: %.3f, want %.2f", c.what, c.got, c.want)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestIdsAndPrices(t *testing.T) {
	people, sales := int64(firstPerson), int64(firstAuction)
	for _, e := range New(Options{Events: 20_000}).All() {
		switch f := decode(t, e); e.Kind {
		case Person:
			if f.ID != people || f.Name == "" || f.City == "" || f.State == "" {
				t.Fatalf("%s: want id %d and all fields", e.Data, people)
			}
			people++
		case Auction:
			if f.ID != sales || f.Reserve <= f.InitialBid || f.Expires <= f.DateTime || f.Category < 10 || f.Category > 14 {
				t.Fatalf("%s: want id %d, a reserve past the first bid, an end past the beginning", e.Data, sales)
			}
			sales++
		case Bid:
			if f.Price < 100 || f.Price > 100_000_000 || f.Auction < firstAuction || f.Auction >= sales+lead {
				t.Fatalf("%s: with %d auctions", e.Data, sales)
			}
			if f.Bidder < firstPerson || f.Bidder >= people+lead {
				t.Fatalf("%s: with %d people", e.Data, people)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	o := Options{Events: 3000, Rate: 200, Grain: 10 * time.Millisecond, Breaks: 2, Break: time.Hour}
	all := New(o).All()
	for i, e := range all {
		if f := decode(t, e); f.DateTime != e.Time {
			t.Fatalf("%s is at %d", e.Data, e.Time)
		}
		want := int64(i/2)*10 + int64(i/1000)*time.Hour.Milliseconds()
		if got := e.Time - all[0].Time; got != want {
			t.Fatalf("event %d after %d ms, want %d", i, got, want)
		}
	}
}

func TestDeal(t *testing.T) {
	all := New(Options{Events: 20_000}).All()
	dealt := Deal(all, 3, 2*time.Second, 7)
	var back []Event
	late := 0
	for node, events := range dealt {
		if len(events) < 6000 {
			t.Errorf("node %d got %d of 20000", node, len(events))
		}
		newest := events[0].Time
		for _, e := range events {
			if newest-e.Time >= 2000 {
				t.Fatalf("an event is %d ms behind", newest-e.Time)
			}
			if e.Time < newest {
				late++
			}
			newest = max(newest, e.Time)
		}
		back = append(back, events...)
	}
	if late < 5000 {
		t.Errorf("only %d events out of order", late)
	}
	sorted := func(events []Event) []string {
		var s []string
		for _, e := range events {
			s = append(s, string(e.Data))
		}
		slices.Sort(s)
		return s
	}
	if !slices.Equal(sorted(all), sorted(back)) {
		t.Error("what was dealt is not what there was")
	}
	if order := Deal(all, 1, 0, 7)[0]; !slices.EqualFunc(order, all, func(a, b Event) bool { return &a.Data[0] == &b.Data[0] }) {
		t.Error("without disorder the order changed")
	}
}
