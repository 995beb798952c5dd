-- name: facts_of_units
SELECT unit, position FROM fact_unit
 WHERE entity = %(entity)s AND unit = ANY(%(units)s) AND position <= %(run)s
 ORDER BY position;
