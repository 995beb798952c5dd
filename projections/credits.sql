-- name: units
-- Subscriptions as routed by a position, or one of them.
SELECT DISTINCT unit
  FROM fact_unit
 WHERE entity = %(entity)s
   AND position <= %(known_at)s
   AND unit LIKE 'subscription:%%'
   AND (%(unit)s::text IS NULL OR unit = %(unit)s)
 ORDER BY unit;
