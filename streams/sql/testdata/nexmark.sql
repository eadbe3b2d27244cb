/* q0 */
SELECT auction, bidder, price, dateTime, extra FROM bid WITH (into='q0');

/* q1 */
SELECT auction, bidder, 0.908 * price AS price, dateTime, extra FROM bid WITH (into='q1');

/* q2 */
SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0 WITH (into='q2');

/* q3 */
SELECT p.name, p.city, p.state, a.id FROM auction AS a
JOIN person AS p ON p.id = a.seller AND p._time BETWEEN a._time - INTERVAL '1 hour' AND a._time + INTERVAL '1 hour'
WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA') WITH (into='q3');

/* join for q4, q6, q9 */
SELECT a.id, a.itemName, a.seller, a.category, b.bidder, b.price, b.dateTime AS bidTime, b._time AS _time, CAST(a.id AS STRING) AS _key
FROM auction AS a JOIN bid AS b ON b.auction = a.id AND b._time BETWEEN a._time AND a._time + INTERVAL '1 hour'
WHERE b._time <= CAST(a.expires AS TIMESTAMP) WITH (into='bids-in-time');

/* q4 */
SELECT category, AVG(final) AS average FROM (SELECT id, category, MAX(price) AS final FROM "bids-in-time" GROUP BY id, category) GROUP BY category;

/* q5 */
SELECT auction, COUNT(*) AS num FROM bid GROUP BY auction, HOP(_time, INTERVAL '2 seconds', INTERVAL '10 seconds')
QUALIFY RANK() OVER (ORDER BY num DESC) = 1 EMIT FINAL;

/* q6a */
SELECT id, LAST(seller) AS seller, MAX(price) AS final FROM "bids-in-time" GROUP BY id, SESSION(_time, INTERVAL '1 minute') EMIT FINAL WITH (into='sales', revise_within='0s');

/* q6 */
SELECT seller, AVG(final) AS average FROM sales GROUP BY seller, ROWS(10, 1) WITH (into='q6');

/* q7 */
SELECT MAX(price) AS price, ARG_MAX(auction, price) AS auction, ARG_MAX(bidder, price) AS bidder, ARG_MAX(dateTime, price) AS dateTime
FROM bid GROUP BY TUMBLE(_time, INTERVAL '10 seconds') EMIT FINAL;

/* q8 */
SELECT CASE _stream WHEN 'person' THEN id ELSE seller END AS account, FIRST(name) FILTER (WHERE _stream = 'person') AS name
FROM STREAMS(person, auction) GROUP BY account, TUMBLE(_time, INTERVAL '10 seconds')
HAVING COUNT(*) FILTER (WHERE _stream = 'person') > 0 AND COUNT(*) FILTER (WHERE _stream = 'auction') > 0 EMIT FINAL;

/* q9 */
SELECT id, LAST(itemName) AS itemName, LAST(seller) AS seller, ARG_MAX(ROW(bidder, price, bidTime), price) AS winner FROM "bids-in-time" GROUP BY id;

/* q10 */
SELECT auction, bidder, price, dateTime, extra, DATE_FORMAT(_time, 'yyyy-MM-dd') AS dt, DATE_FORMAT(_time, 'HH:mm') AS hm FROM bid WITH (into='q10');

/* q11 */
SELECT bidder, COUNT(*) AS bids FROM bid GROUP BY bidder, SESSION(_time, INTERVAL '10 seconds') EMIT FINAL;

/* q12 */
SELECT bidder, COUNT(*) AS bids FROM bid GROUP BY bidder, TUMBLE(_ingest, INTERVAL '10 seconds') EMIT FINAL;

/* q13 */
SELECT b.auction, b.bidder, b.price, b.dateTime, s.value FROM bid AS b
JOIN COLLECTION side_input AS s ON s.key = CAST(MOD(b.auction, 10000) AS STRING) WITH (into='q13');

/* q14 */
SELECT auction, bidder, 0.908 * price AS price, CASE WHEN HOUR(_time) BETWEEN 8 AND 18 THEN 'dayTime'
  WHEN HOUR(_time) <= 6 OR HOUR(_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
  dateTime, extra, LENGTH(extra) - LENGTH(REPLACE(extra, 'c', '')) AS c_counts
FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000 WITH (into='q14');

/* q15 */
SELECT COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
  COUNT(DISTINCT auction) AS total_auctions, COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions
FROM bid GROUP BY TUMBLE(_time, INTERVAL '1 day') EMIT CHANGES;

/* q16 */
SELECT channel, MAX(DATE_FORMAT(_time, 'HH:mm')) AS minute, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  COUNT(DISTINCT bidder) AS total_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
  COUNT(DISTINCT auction) AS total_auctions, COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_auctions, COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS rank3_auctions
FROM bid GROUP BY channel, TUMBLE(_time, INTERVAL '1 day') EMIT CHANGES;

/* q17 */
SELECT auction, COUNT(*) AS total_bids, COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
  MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
FROM bid GROUP BY auction, TUMBLE(_time, INTERVAL '1 day') EMIT CHANGES;

/* q18 */
SELECT bidder, auction, LAST(ROW(price, channel, url, dateTime, extra)) AS bid FROM bid GROUP BY bidder, auction;

/* q19 */
SELECT auction, TOP_BY(ROW(bidder, price, channel, url, dateTime, extra), price, 10) AS top FROM bid GROUP BY auction;

/* q20 */
SELECT b.auction, b.bidder, b.price, b.channel, b.url, b.dateTime, a.itemName, a.description, a.initialBid, a.reserve, a.expires, a.seller, a.category
FROM bid AS b JOIN auction AS a ON a.id = b.auction AND a._time BETWEEN b._time - INTERVAL '1 hour' AND b._time WHERE a.category = 10 WITH (into='q20');

/* q21 */
SELECT auction, bidder, price, channel, CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2'
  WHEN 'baidu' THEN '3' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu') WITH (into='q21');

/* q22 */
SELECT auction, bidder, price, channel, SPLIT_PART(url, '/', 4) AS dir1, SPLIT_PART(url, '/', 5) AS dir2, SPLIT_PART(url, '/', 6) AS dir3 FROM bid WITH (into='q22');
