package query

func q0() Query {
	return Query{
		Name: "q0", Into: true,
		SQL:       `SELECT auction, bidder, price, dateTime, extra FROM bid WITH (into='q0')`,
		Reference: `SELECT auction, bidder, price, dateTime, extra FROM bid`,
		Flink:     `SELECT auction, bidder, price, dateTime, extra FROM bid`,
	}
}

func q1() Query {
	return Query{
		Name: "q1", Into: true, Close: []string{"price"},
		SQL:       `SELECT auction, bidder, 0.908 * price AS price, dateTime, extra FROM bid WITH (into='q1')`,
		Reference: `SELECT auction, bidder, 0.908 * price AS price, dateTime, extra FROM bid`,
		Flink:     `SELECT auction, bidder, 0.908 * price AS price, dateTime, extra FROM bid`,
	}
}

func q2() Query {
	return Query{
		Name: "q2", Into: true,
		SQL:       `SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0 WITH (into='q2')`,
		Reference: `SELECT auction, price FROM bid WHERE auction % 123 = 0`,
		Flink:     `SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0`,
	}
}

func q10() Query {
	return Query{
		Name: "q10", Into: true,
		SQL: `SELECT auction, bidder, price, dateTime, extra, DATE_FORMAT(_time, 'yyyy-MM-dd') AS dt, DATE_FORMAT(_time, 'HH:mm') AS hm
FROM bid WITH (into='q10')`,
		Reference: `SELECT auction, bidder, price, dateTime, extra,
  strftime('%Y-%m-%d', dateTime / 1000, 'unixepoch') AS dt, strftime('%H:%M', dateTime / 1000, 'unixepoch') AS hm FROM bid`,
		Flink: `SELECT auction, bidder, price, dateTime, extra, DATE_FORMAT(ts, 'yyyy-MM-dd') AS dt, DATE_FORMAT(ts, 'HH:mm') AS hm FROM bid`,
	}
}

func q14() Query {
	return Query{
		Name: "q14", Into: true, Close: []string{"price"},
		SQL: `SELECT auction, bidder, 0.908 * price AS price, CASE WHEN HOUR(_time) BETWEEN 8 AND 18 THEN 'dayTime'
    WHEN HOUR(_time) <= 6 OR HOUR(_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
  dateTime, extra, LENGTH(extra) - LENGTH(REPLACE(extra, 'c', '')) AS c_counts
FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000 WITH (into='q14')`,
		Reference: `SELECT auction, bidder, 0.908 * price AS price,
  CASE WHEN hour BETWEEN 8 AND 18 THEN 'dayTime' WHEN hour BETWEEN 7 AND 19 THEN 'otherTime' ELSE 'nightTime' END AS bidTimeType,
  dateTime, extra, length(extra) - length(replace(extra, 'c', '')) AS c_counts
FROM (SELECT *, dateTime / 3600000 % 24 AS hour FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000)`,
		Flink: `SELECT auction, bidder, 0.908 * price AS price, CASE WHEN HOUR(ts) BETWEEN 8 AND 18 THEN 'dayTime'
    WHEN HOUR(ts) <= 6 OR HOUR(ts) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
  dateTime, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) AS c_counts
FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000`,
	}
}

func q21() Query {
	return Query{
		Name: "q21", Into: true,
		SQL: `SELECT auction, bidder, price, channel, CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2'
    WHEN 'baidu' THEN '3' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')
WITH (into='q21')`,
		Reference: `SELECT auction, bidder, price, channel,
  CASE channel WHEN 'Apple' THEN '0' WHEN 'Google' THEN '1' WHEN 'Facebook' THEN '2' WHEN 'Baidu' THEN '3'
    ELSE substr(rest, 1, instr(rest || '&', '&') - 1) END AS channel_id
FROM (SELECT *, CASE WHEN instr(url, '&channel_id=') > 0 THEN substr(url, instr(url, '&channel_id=') + 12) END AS rest FROM bid)
WHERE rest IS NOT NULL OR channel IN ('Apple', 'Google', 'Facebook', 'Baidu')`,
		Flink: `SELECT auction, bidder, price, channel, CASE WHEN LOWER(channel) = 'apple' THEN '0' WHEN LOWER(channel) = 'google' THEN '1'
    WHEN LOWER(channel) = 'facebook' THEN '2' WHEN LOWER(channel) = 'baidu' THEN '3' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')`,
	}
}

func q22() Query {
	return Query{
		Name: "q22", Into: true,
		SQL: `SELECT auction, bidder, price, channel, SPLIT_PART(url, '/', 4) AS dir1, SPLIT_PART(url, '/', 5) AS dir2, SPLIT_PART(url, '/', 6) AS dir3
FROM bid WITH (into='q22')`,
		Reference: `WITH a AS (SELECT *, substr(url, instr(url, '//') + 2) AS host FROM bid),
  b AS (SELECT *, substr(host, instr(host, '/') + 1) AS one FROM a),
  c AS (SELECT *, substr(one, instr(one, '/') + 1) AS two FROM b),
  d AS (SELECT *, substr(two, instr(two, '/') + 1) AS three FROM c)
SELECT auction, bidder, price, channel, substr(one, 1, instr(one, '/') - 1) AS dir1,
  substr(two, 1, instr(two, '/') - 1) AS dir2, substr(three, 1, instr(three, '/') - 1) AS dir3 FROM d`,
		Flink: `SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3 FROM bid`,
	}
}
