-- name: facts_of_units
-- Unit by unit: with a list of units a planner that knows little of a growing table reads all of it. What
-- is asked of the position stands outside (OFFSET 0), or that planner walks the index by position instead,
-- once for each unit. One row a unit, since a row for each fact costs more to send than to find.
SELECT u.unit, own.positions
  FROM unnest(%(units)s::text[]) AS u (unit)
 CROSS JOIN LATERAL (
    SELECT array_agg(position ORDER BY position) AS positions
      FROM (
        SELECT position FROM fact_unit WHERE entity = %(entity)s AND unit = u.unit OFFSET 0) AS every
     WHERE position <= %(run)s) AS own;
