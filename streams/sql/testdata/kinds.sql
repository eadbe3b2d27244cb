/* 1 filter, map: writes INTO a stream; _key, _time, _type may be set by alias */
SELECT *, user.id AS _key, price * 1.25 AS gross FROM orders WHERE price > 10 AND _region = 'eu' WITH (into='big-orders');

/* 1 window */
SELECT city, COUNT(*) AS n, SUM(total) FILTER (WHERE paid) AS paid, QUANTILE(total, 0.99) AS p99 FROM orders
GROUP BY city, TUMBLE(_time, INTERVAL '1 minute') HAVING COUNT(*) > 5 EMIT FINAL WITH (into='city-minutes', late='orders-late', revise_within='1h');

/* 1 unbounded view, and a second pass over its merged rows */
SELECT country, AVG(spent) AS mean FROM (SELECT user, LAST(country) AS country, SUM(total) AS spent FROM orders GROUP BY user) GROUP BY country;

/* 2 dedup */
SELECT DISTINCT ON (order_id) WITHIN INTERVAL '10 minutes' * FROM orders WITH (into='orders-once');

/* 2 change with a dead band */
SELECT sensor, temp, temp - PREV(temp) BY sensor AS delta FROM readings WHERE CHANGED(temp, 0.5) BY sensor WITH (into='changes');

/* 2 redundancy removal */
SELECT * FROM positions WHERE CHANGED(GEO_CELL(lat, lon, 14)) BY vehicle WITH (into='moves');

/* 2 lookup */
SELECT o.sku, o.n * p.value.price AS total FROM orders AS o LEFT JOIN COLLECTION prices AS p ON p.key = o.sku WITH (into='priced');

/* 2 interval join */
SELECT i.id, p.amount FROM invoices AS i
JOIN payments AS p ON p.invoice = i.id AND p._time BETWEEN i._time AND i._time + INTERVAL '7 days' WITH (into='paid');

/* 3 absence, space, cause */
SELECT * FROM STREAMS(logins, payments) MATCH_RECOGNIZE (PARTITION BY user MEASURES A._id AS login, B.amount AS amount
  PATTERN (A -> B -> NOT C WITHIN INTERVAL '30 seconds') WITHIN INTERVAL '10 minutes'
  DEFINE A AS _stream = 'logins', B AS _stream = 'payments' AND CAUSED_BY(B, A) AND NOT GEO_NEAR(A.lat, A.lon, B.lat, B.lon, 500), C AS C.kind = 'confirmed'
) WITH (into='suspects');
