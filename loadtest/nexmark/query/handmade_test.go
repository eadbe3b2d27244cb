package query

import "strings"

// handmade is a query over a few events whose answer is known.
type handmade struct{ query, events, want string }

func windowsByHand() []handmade {
	return []handmade{
		// 4 windows begin before noon; the two auctions share the first place in some.
		{"q5", `bid 0 {"auction":1}
			bid 1999 {"auction":2}
			bid 2000 {"auction":2}`,
			`-8000 2000 1 1 ; -8000 2000 2 1 ; -6000 4000 2 2 ; -4000 6000 2 2 ; -2000 8000 2 2 ; 0 10000 2 2 ; 2000 12000 2 1`},
		{"q7", `bid 0 {"auction":1,"bidder":1,"price":7}
			bid 1 {"auction":2,"bidder":2,"price":9}
			bid 1 {"auction":3,"bidder":3,"price":9}
			bid 9999 {"auction":4,"bidder":4,"price":9}
			bid 10000 {"auction":5,"bidder":5,"price":1}`,
			`0 10000 9 2 2 1772366400001 ; 10000 20000 1 5 5 1772366410000`},
		{"q8", `person 0 {"id":1,"name":"Ann"}
			auction 9999 {"id":1,"seller":1}
			auction 9999 {"id":2,"seller":1}
			person 9000 {"id":2,"name":"Bob"}
			auction 10000 {"id":3,"seller":2}
			auction 0 {"id":4,"seller":3}`, `0 10000 1 Ann`},
		{"q11", `bid 0 {"bidder":1}
			bid 9999 {"bidder":1}
			bid 19999 {"bidder":1}
			bid 0 {"bidder":2}
			bid 0 {"bidder":2}`, `0 10000 2 2 ; 0 19999 1 2 ; 19999 29999 1 1`},
		// The stamps of these tests are a second apart, whatever the event time.
		{"q12", `bid 0 {"bidder":1}
			bid 0 {"bidder":2}
			bid 900000 {"bidder":1}` + strings.Repeat("\nbid 0 {\"bidder\":3}", 8), `0 10000 1 2 ; 0 10000 2 1 ; 0 10000 3 7 ; 10000 20000 3 1`},
		{"q15", `bid 0 {"auction":1,"bidder":1,"price":9999}
			bid 1 {"auction":1,"bidder":2,"price":10000}
			bid 2 {"auction":2,"bidder":2,"price":999999}
			bid 3 {"auction":3,"bidder":2,"price":1000000}`, `-43200000 43200000 4 1 2 1 2 1 1 1 3 1 2 1`},
		{"q16", `bid 0 {"auction":1,"bidder":1,"price":1,"channel":"a"}
			bid 60000 {"auction":1,"bidder":1,"price":2,"channel":"a"}
			bid 43200000 {"auction":1,"bidder":1,"price":3,"channel":"a"}`,
			`-43200000 43200000 a 12:01 2 2 0 0 1 1 0 0 1 1 0 0 ; 43200000 129600000 a 00:00 1 1 0 0 1 1 0 0 1 1 0 0`},
		{"q17", `bid 0 {"auction":1,"price":100}
			bid 1 {"auction":1,"price":1000001}
			bid 2 {"auction":2,"price":20000}`, `-43200000 43200000 1 2 1 0 1 100 1000001 500050.5 1000101 ; -43200000 43200000 2 1 0 1 0 20000 20000 20000 20000`},
	}
}

func othersByHand() []handmade {
	return []handmade{
		{"q0", `bid 5 {"auction":1,"bidder":2,"price":3,"extra":"x"}`, `1 2 3 1772366400005 x`},
		{"q1", `bid 5 {"auction":1,"bidder":2,"price":1000,"extra":"x"}`, `1 2 908 1772366400005 x`},
		{"q2", `bid 0 {"auction":122,"price":1}
			bid 0 {"auction":123,"price":2}
			bid 0 {"auction":246,"price":3}`, `123 2 ; 246 3`},
		{"q10", `bid 61000 {"auction":1,"bidder":2,"price":3,"extra":"x"}`, `1 2 3 1772366461000 x 2026-03-01 12:01`},
		{"q14", `bid 0 {"auction":1,"bidder":2,"price":2000000,"extra":"acca"}
			bid 25199999 {"auction":2,"bidder":2,"price":2000000,"extra":""}
			bid 25200000 {"auction":3,"bidder":2,"price":2000000,"extra":"b"}
			bid 28800000 {"auction":4,"bidder":2,"price":2000000,"extra":"c"}
			bid 0 {"auction":5,"bidder":2,"price":1101321,"extra":"c"}
			bid 0 {"auction":6,"bidder":2,"price":55066080,"extra":"c"}`,
			`1 2 1816000 dayTime 1772366400000 acca 2 ; 2 2 1816000 dayTime 1772391599999  0 ; 3 2 1816000 otherTime 1772391600000 b 0 ; 4 2 1816000 nightTime 1772395200000 c 1`},
		{"q18", `bid 5 {"auction":1,"bidder":1,"price":2,"channel":"c","url":"u","extra":"x"}
			bid 4 {"auction":1,"bidder":1,"price":1,"channel":"c","url":"u","extra":"x"}
			bid 5 {"auction":1,"bidder":1,"price":3,"channel":"c","url":"u","extra":"x"}`,
			`1 1 {"channel":"c","dateTime":1772366400005,"extra":"x","price":3,"url":"u"}`},
		{"q19", strings.Repeat("bid 1 {\"auction\":1,\"bidder\":1,\"price\":1}\n", 9) + `
			bid 2 {"auction":1,"bidder":2,"price":5}
			bid 1 {"auction":1,"bidder":3,"price":5}
			bid 0 {"auction":1,"bidder":4,"price":1}`,
			`1 [3 2 4 1 1 1 1 1 1 1]`},
		{"q21", `bid 0 {"auction":1,"bidder":1,"price":1,"channel":"Google","url":"https://h/a/b/c/item.htm?query=1"}
			bid 0 {"auction":2,"bidder":1,"price":1,"channel":"channel-1","url":"https://h/a/b/c/item.htm?query=1&channel_id=77"}
			bid 0 {"auction":3,"bidder":1,"price":1,"channel":"channel-2","url":"https://h/a/b/c/item.htm?query=1"}`,
			`1 1 1 Google 1 ; 2 1 1 channel-1 77`},
		{"q22", `bid 0 {"auction":1,"bidder":2,"price":3,"channel":"c","url":"https://www.nexmark.com/a_b//c/item.htm?query=1"}`, `1 2 3 c a_b  c`},
	}
}
