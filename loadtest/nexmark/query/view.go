package query

func q18() Query {
	return Query{
		Name: "q18", JSON: []string{"bid"},
		SQL: `SELECT bidder, auction, LAST(ROW(price, channel, url, dateTime, extra)) AS bid FROM bid GROUP BY bidder, auction`,
		Reference: `SELECT bidder, auction, json_object('price', price, 'channel', channel, 'url', url, 'dateTime', dateTime, 'extra', extra) AS bid
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY ` + descending + `) AS place FROM bid) WHERE place = 1`,
		Flink: `SELECT auction, bidder, price, channel, url, ts, extra
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY ts DESC) AS place FROM bid) WHERE place <= 1`,
	}
}

func q19() Query {
	return Query{
		Name: "q19", JSON: []string{"top"},
		SQL: `SELECT auction, TOP_BY(ROW(bidder, price, channel, url, dateTime, extra), price, 10) AS top FROM bid GROUP BY auction`,
		Reference: `SELECT auction, json_group_array(json_object('bidder', bidder, 'price', price, 'channel', channel, 'url', url,
  'dateTime', dateTime, 'extra', extra) ORDER BY place) AS top
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC, ` + ascending + `) AS place FROM bid) WHERE place <= 10 GROUP BY auction`,
		Flink: `SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS place FROM bid) WHERE place <= 10`,
	}
}
