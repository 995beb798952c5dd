-- name: lock_generations
-- Whoever makes a generation's tables holds this row meanwhile.
SELECT live FROM view_generation FOR UPDATE;

-- name: has_schema
SELECT to_regnamespace(%(schema)s) IS NOT NULL;

-- name: has_role
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s);

-- name: older
SELECT DISTINCT generation FROM checkpoint WHERE generation > 0 AND generation < %(generation)s;

-- name: forget
DELETE FROM checkpoint WHERE generation = %(generation)s;
