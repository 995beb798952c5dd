-- name: facts_of_units
-- Unit by unit (OFFSET 0 keeps it so): with a list of units a planner that knows little of a growing
-- table reads all of it.
SELECT u.unit, own.position
  FROM unnest(%(units)s::text[]) AS u (unit)
 CROSS JOIN LATERAL (
    SELECT position FROM fact_unit
     WHERE entity = %(entity)s AND unit = u.unit AND position <= %(run)s
     ORDER BY position OFFSET 0) AS own;
