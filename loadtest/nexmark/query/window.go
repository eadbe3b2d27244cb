package query

func q5() Query {
	return Query{
		Name: "q5", Window: true,
		SQL: `SELECT auction, COUNT(*) AS num FROM bid GROUP BY auction, HOP(_time, INTERVAL '2 seconds', INTERVAL '10 seconds')
QUALIFY RANK() OVER (ORDER BY num DESC) = 1 EMIT FINAL`,
		Reference: `WITH slides (n) AS (VALUES (0), (1), (2), (3), (4)),
windows AS (SELECT DISTINCT (dateTime / 2000 - n) * 2000 AS window_start FROM bid, slides),
counts AS (SELECT window_start, auction, COUNT(*) AS num FROM windows JOIN bid ON dateTime >= window_start AND dateTime < window_start + 10000
  GROUP BY window_start, auction),
ranked AS (SELECT *, RANK() OVER (PARTITION BY window_start ORDER BY num DESC) AS place FROM counts)
SELECT window_start, window_start + 10000 AS window_end, auction, num FROM ranked WHERE place = 1`,
		Flink: `SELECT a.auction, a.num FROM (
  SELECT auction, COUNT(*) AS num, window_start, window_end FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
  GROUP BY auction, window_start, window_end) AS a
JOIN (SELECT MAX(num) AS most, window_start, window_end FROM (
    SELECT auction, COUNT(*) AS num, window_start, window_end FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
    GROUP BY auction, window_start, window_end)
  GROUP BY window_start, window_end) AS m
ON a.window_start = m.window_start AND a.window_end = m.window_end AND a.num >= m.most`,
	}
}

func q7() Query {
	return Query{
		Name: "q7", Window: true,
		SQL: `SELECT MAX(price) AS price, ARG_MAX(auction, price) AS auction, ARG_MAX(bidder, price) AS bidder, ARG_MAX(dateTime, price) AS dateTime
FROM bid GROUP BY TUMBLE(_time, INTERVAL '10 seconds') EMIT FINAL`,
		Reference: `SELECT dateTime / 10000 * 10000 AS window_start, dateTime / 10000 * 10000 + 10000 AS window_end, price, auction, bidder, dateTime
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY dateTime / 10000 ORDER BY price DESC, ` + ascending + `) AS place FROM bid) WHERE place = 1`,
		Flink: `SELECT b.auction, b.price, b.bidder, b.ts, b.extra FROM bid AS b
JOIN (SELECT MAX(price) AS most, window_end AS ts FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end) AS m
ON b.price = m.most WHERE b.ts BETWEEN m.ts - INTERVAL '10' SECOND AND m.ts`,
	}
}

func q8() Query {
	return Query{
		Name: "q8", Window: true, Inputs: []string{"person", "auction"},
		SQL: `SELECT CASE _stream WHEN 'person' THEN id ELSE seller END AS account, FIRST(name) FILTER (WHERE _stream = 'person') AS name
FROM STREAMS(person, auction) GROUP BY account, TUMBLE(_time, INTERVAL '10 seconds')
HAVING COUNT(*) FILTER (WHERE _stream = 'person') > 0 AND COUNT(*) FILTER (WHERE _stream = 'auction') > 0 EMIT FINAL`,
		Reference: `SELECT dateTime / 10000 * 10000 AS window_start, dateTime / 10000 * 10000 + 10000 AS window_end, id AS account, name
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id, dateTime / 10000 ORDER BY ` + ascending + `) AS place FROM person) AS p
WHERE place = 1 AND EXISTS (SELECT 1 FROM auction AS a WHERE a.seller = p.id AND a.dateTime / 10000 = p.dateTime / 10000)`,
		Flink: `SELECT p.id, p.name, p.window_start FROM (
  SELECT id, name, window_start, window_end FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(ts), INTERVAL '10' SECOND))
  GROUP BY id, name, window_start, window_end) AS p
JOIN (SELECT seller, window_start, window_end FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(ts), INTERVAL '10' SECOND))
  GROUP BY seller, window_start, window_end) AS a
ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end`,
	}
}

func q11() Query {
	return Query{
		Name: "q11", Window: true,
		SQL: `SELECT bidder, COUNT(*) AS bids FROM bid GROUP BY bidder, SESSION(_time, INTERVAL '10 seconds') EMIT FINAL`,
		Reference: `WITH begins AS (SELECT bidder, dateTime,
    coalesce(dateTime - LAG(dateTime) OVER (PARTITION BY bidder ORDER BY dateTime) >= 10000, 1) AS begin FROM bid),
sessions AS (SELECT bidder, dateTime, SUM(begin) OVER (PARTITION BY bidder ORDER BY dateTime) AS session FROM begins)
SELECT MIN(dateTime) AS window_start, MAX(dateTime) + 10000 AS window_end, bidder, COUNT(*) AS bids FROM sessions GROUP BY bidder, session`,
		Flink: `SELECT bidder, COUNT(*) AS bids, window_start, window_end
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end`,
	}
}

func q12() Query {
	return Query{
		Name: "q12", Window: true, Ingest: true,
		SQL: `SELECT bidder, COUNT(*) AS bids FROM bid GROUP BY bidder, TUMBLE(_ingest, INTERVAL '10 seconds') EMIT FINAL`,
		Reference: `SELECT wall / 10000000000 * 10000 AS window_start, wall / 10000000000 * 10000 + 10000 AS window_end, bidder, COUNT(*) AS bids
FROM bid GROUP BY bidder, wall / 10000000000`,
		Flink: `SELECT bidder, COUNT(*) AS bids, window_start, window_end
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(p), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end`,
	}
}

// daily is the select list that q15 and q16 share.
const daily = `COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
  COUNT(DISTINCT auction) AS total_auctions, COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions`

// dailyReference is the same by sums over cases, so that a FILTER misread in the same way is seen.
const dailyReference = `COUNT(*) AS total_bids, SUM(grade = 1) AS rank1_bids, SUM(grade = 2) AS rank2_bids, SUM(grade = 3) AS rank3_bids,
  COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT CASE grade WHEN 1 THEN bidder END) AS rank1_bidders,
  COUNT(DISTINCT CASE grade WHEN 2 THEN bidder END) AS rank2_bidders, COUNT(DISTINCT CASE grade WHEN 3 THEN bidder END) AS rank3_bidders,
  COUNT(DISTINCT auction) AS total_auctions, COUNT(DISTINCT CASE grade WHEN 1 THEN auction END) AS rank1_auctions,
  COUNT(DISTINCT CASE grade WHEN 2 THEN auction END) AS rank2_auctions, COUNT(DISTINCT CASE grade WHEN 3 THEN auction END) AS rank3_auctions`

const graded = `(SELECT *, dateTime / 86400000 * 86400000 AS day, CASE WHEN price < 10000 THEN 1 WHEN price < 1000000 THEN 2 ELSE 3 END AS grade FROM bid)`

func dailyEstimates() []string {
	return []string{
		"total_bidders", "rank1_bidders", "rank2_bidders", "rank3_bidders",
		"total_auctions", "rank1_auctions", "rank2_auctions", "rank3_auctions",
	}
}

func q15() Query {
	return Query{
		Name: "q15", Window: true, Estimated: dailyEstimates(),
		SQL:       `SELECT ` + daily + ` FROM bid GROUP BY TUMBLE(_time, INTERVAL '1 day') EMIT CHANGES`,
		Flink:     `SELECT DATE_FORMAT(ts, 'yyyy-MM-dd') AS dt, ` + daily + ` FROM bid GROUP BY DATE_FORMAT(ts, 'yyyy-MM-dd')`,
		Reference: `SELECT day AS window_start, day + 86400000 AS window_end, ` + dailyReference + ` FROM ` + graded + ` GROUP BY day`,
	}
}

func q16() Query {
	return Query{
		Name: "q16", Window: true, Estimated: dailyEstimates(),
		SQL: `SELECT channel, MAX(DATE_FORMAT(_time, 'HH:mm')) AS minute, ` + daily + ` FROM bid GROUP BY channel, TUMBLE(_time, INTERVAL '1 day') EMIT CHANGES`,
		Flink: `SELECT channel, DATE_FORMAT(ts, 'yyyy-MM-dd') AS dt, MAX(DATE_FORMAT(ts, 'HH:mm')) AS m, ` + daily + `
FROM bid GROUP BY channel, DATE_FORMAT(ts, 'yyyy-MM-dd')`,
		Reference: `SELECT day AS window_start, day + 86400000 AS window_end, channel, MAX(strftime('%H:%M', dateTime / 1000, 'unixepoch')) AS minute, ` +
			dailyReference + ` FROM ` + graded + ` GROUP BY channel, day`,
	}
}

func q17() Query {
	return Query{
		Name: "q17", Window: true, Close: []string{"avg_price"},
		SQL: `SELECT auction, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
FROM bid GROUP BY auction, TUMBLE(_time, INTERVAL '1 day') EMIT CHANGES`,
		Flink: `SELECT auction, DATE_FORMAT(ts, 'yyyy-MM-dd') AS dt, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
FROM bid GROUP BY auction, DATE_FORMAT(ts, 'yyyy-MM-dd')`,
		Reference: `SELECT day AS window_start, day + 86400000 AS window_end, auction, COUNT(*) AS total_bids, SUM(grade = 1) AS rank1_bids,
  SUM(grade = 2) AS rank2_bids, SUM(grade = 3) AS rank3_bids, MIN(price) AS min_price, MAX(price) AS max_price,
  CAST(SUM(price) AS REAL) / COUNT(*) AS avg_price, SUM(price) AS sum_price FROM ` + graded + ` GROUP BY auction, day`,
	}
}
