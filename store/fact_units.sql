-- name: units_of_streams
-- Which units the earlier facts of some streams went to. Here and below OFFSET 0 makes each look one into
-- an index: what the planner knows of a table that grows this fast is of before. A bound of positions
-- stands outside, or it takes the index that leads by position.
SELECT DISTINCT s.stream, own.unit
  FROM unnest(%(streams)s::text[]) AS s (stream)
 CROSS JOIN LATERAL (
    SELECT f.position FROM fact f
     WHERE f.entity = %(entity)s AND f.stream = s.stream OFFSET 0) AS earlier
 CROSS JOIN LATERAL (
    SELECT u.unit FROM fact_unit u
     WHERE u.entity = %(entity)s AND u.position = earlier.position OFFSET 0) AS own
 WHERE earlier.position <= %(before)s;

-- name: positions_of_streams
SELECT s.stream, earlier.position
  FROM unnest(%(streams)s::text[]) AS s (stream)
 CROSS JOIN LATERAL (
    SELECT f.position FROM fact f
     WHERE f.entity = %(entity)s AND f.stream = s.stream OFFSET 0) AS earlier
 WHERE earlier.position <= %(before)s
 ORDER BY earlier.position;

-- name: subscriptions_of_customers
-- By the accounts that name a customer: `customer:ID:` and a currency. Before its first fact there is
-- nothing else to find them by.
SELECT DISTINCT c.stream, started.stream
  FROM unnest(%(customers)s::text[]) AS c (stream)
 CROSS JOIN LATERAL (
    SELECT a.position FROM fact_unit a
     WHERE a.entity = %(entity)s AND a.unit > c.stream || ':' COLLATE "C" AND a.unit < c.stream || ';' COLLATE "C"
       AND length(a.unit) = length(c.stream) + 4 OFFSET 0) AS own
 CROSS JOIN LATERAL (
    SELECT f.stream FROM fact f
     WHERE f.entity = %(entity)s AND f.position = own.position AND f.tag = 'subscription-started'
    OFFSET 0) AS started;

-- name: units_of_contracts
-- Where contracts are measured that documents name: by the first fact of each, which went wherever the
-- contract did.
SELECT s.stream, own.unit
  FROM unnest(%(streams)s::text[]) AS s (stream)
 CROSS JOIN LATERAL (
    SELECT f.position FROM fact f
     WHERE f.entity = %(entity)s AND f.stream = s.stream AND f.version = 1 OFFSET 0) AS first
 CROSS JOIN LATERAL (
    SELECT u.unit FROM fact_unit u
     WHERE u.entity = %(entity)s AND u.position = first.position OFFSET 0) AS own
 WHERE first.position <= %(before)s;

-- name: facts_of_units
-- What reached some units so far, with the streams it is of.
SELECT w.unit, own.position, f.stream
  FROM unnest(%(units)s::text[]) AS w (unit)
 CROSS JOIN LATERAL (
    SELECT u.position FROM fact_unit u
     WHERE u.entity = %(entity)s AND u.unit = w.unit OFFSET 0) AS own
  JOIN fact f ON f.entity = %(entity)s AND f.position = own.position
 WHERE own.position <= %(before)s;

-- name: copy_fact_units
COPY fact_unit (entity, unit, position) FROM STDIN (FORMAT BINARY);
