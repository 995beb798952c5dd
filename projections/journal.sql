-- name: last_entry
SELECT coalesce(max(entry), 0) FROM journal_entry WHERE entity = %(entity)s;

-- name: units_of_streams
-- Which units the earlier facts of some streams went to.
SELECT DISTINCT f.stream, u.unit
  FROM fact f
  JOIN fact_unit u ON u.entity = f.entity AND u.position = f.position
 WHERE f.entity = %(entity)s AND f.stream = ANY(%(streams)s) AND f.position <= %(before)s;

-- name: positions_of_streams
SELECT stream, position FROM fact
 WHERE entity = %(entity)s AND stream = ANY(%(streams)s) AND position <= %(before)s
 ORDER BY position;

-- name: subscriptions_of_customers
-- By the accounts that name a customer: `customer:ID:` and a currency. Before its first fact there is
-- nothing else to find them by.
SELECT DISTINCT c.stream, f.stream
  FROM unnest(%(customers)s::text[]) AS c (stream)
  JOIN fact_unit a
    ON a.entity = %(entity)s AND a.unit > c.stream || ':' COLLATE "C" AND a.unit < c.stream || ';' COLLATE "C"
   AND length(a.unit) = length(c.stream) + 4
  JOIN fact f ON f.entity = a.entity AND f.position = a.position AND f.tag = 'subscription-started';

-- name: copy_fact_units
COPY fact_unit (entity, unit, position) FROM STDIN (FORMAT BINARY);

-- name: units_to_settle
-- Units with facts after `since`, units that wait parked, and units whose figures time may move;
-- the last are only cut again. In order, after the unit the run has reached.
SELECT unit, bool_or(fresh)
  FROM (
    SELECT unit, true AS fresh FROM fact_unit
     WHERE entity = %(entity)s AND position > %(since)s AND position <= %(run)s AND unit > %(after)s
     UNION ALL
    SELECT unit, true FROM parked
     WHERE entity = %(entity)s AND to_run IS NULL AND unit > %(after)s
     UNION ALL
    SELECT unit, false FROM unit_state
     WHERE entity = %(entity)s AND moves_until > %(moved_after)s AND unit > %(after)s
  ) AS touched
 GROUP BY unit
 ORDER BY unit
 LIMIT %(limit)s;
