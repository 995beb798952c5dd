-- name: units_to_settle
-- Units with facts after `since`, units that wait parked, units in a currency that rates came of, and units
-- whose figures time may move; the last are only cut again. In order, after the unit the run has reached.
SELECT unit, bool_or(fresh)
  FROM (
    SELECT unit, true AS fresh FROM fact_unit
     WHERE entity = %(entity)s AND position > %(since)s AND position <= %(run)s AND unit > %(after)s
     UNION ALL
    SELECT unit, true FROM parked
     WHERE entity = %(entity)s AND to_run IS NULL AND unit > %(after)s
     UNION ALL
    SELECT unit, true FROM unit_state
     WHERE cardinality(%(currencies)s::text[]) > 0 AND entity = %(entity)s AND unit > %(after)s
       AND (currency = ANY(%(currencies)s::text[]) OR currency IS NULL)
     UNION ALL
    SELECT unit, false FROM unit_state
     WHERE entity = %(entity)s AND moves_until > %(moved_after)s AND unit > %(after)s
  ) AS touched
 GROUP BY unit
 ORDER BY unit
 LIMIT %(limit)s;

-- name: weights
-- How much measuring units reads: their facts, and the hours in which a subscription used something.
SELECT u.unit,
       (SELECT count(*) FROM fact_unit f WHERE f.entity = %(entity)s AND f.unit = u.unit)
       + (SELECT count(*) FROM usage_hour h
           WHERE h.entity = %(entity)s AND u.unit LIKE 'subscription:%%'
             AND h.subscription = substr(u.unit, length('subscription:') + 1))
  FROM unnest(%(units)s::text[]) AS u (unit);
