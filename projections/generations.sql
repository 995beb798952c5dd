-- name: lock_generations
-- Whoever makes a generation's tables, or switches, holds this row meanwhile.
SELECT live FROM view_generation FOR UPDATE;

-- name: has_schema
-- From the catalogue's rows: to_regnamespace may answer from a cache that is older than the lock.
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %(schema)s);

-- name: has_role
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s);

-- name: set_wait
-- true: until the transaction ends, as with SET LOCAL.
SELECT set_config('lock_timeout', %(wait)s, true);

-- name: standing
SELECT live, before, ready FROM view_generation;

-- name: held
-- Facts that the poster has passed and the view has not, over all entities.
SELECT v.generation, v.view, v.version, v.shape, v.has_keys,
       coalesce(sum(greatest(posted.position - coalesce(c.position, 0), 0)), 0)::bigint
  FROM generation_view v
  LEFT JOIN checkpoint posted ON posted.projection = 'journal' AND posted.generation = 0
  LEFT JOIN checkpoint c
    ON c.entity = posted.entity AND c.projection = v.view AND c.generation = v.generation
 GROUP BY v.generation, v.view, v.version, v.shape, v.has_keys
 ORDER BY v.generation, v.view;

-- name: views_of
SELECT view, version FROM generation_view WHERE generation = %(generation)s;

-- name: hold
INSERT INTO generation_view (generation, view, version, shape, has_keys)
SELECT %(generation)s, view, version, shape, %(has_keys)s
  FROM unnest(%(views)s::text[], %(versions)s::integer[], %(shapes)s::text[]) AS made (view, version, shape)
ON CONFLICT (generation, view) DO NOTHING;

-- name: now_has_keys
UPDATE generation_view SET has_keys = true WHERE generation = %(generation)s AND view = %(view)s;

-- name: let_go
DELETE FROM generation_view WHERE generation = %(generation)s;

-- name: forget
DELETE FROM checkpoint WHERE generation = %(generation)s;

-- name: no_longer_ready
UPDATE view_generation SET ready = NULL WHERE ready = %(generation)s;

-- name: mark_ready
UPDATE view_generation SET ready = %(generation)s;

-- name: schemas
SELECT substr(nspname, 6)::integer FROM pg_namespace WHERE nspname ~ '^view_[0-9]{1,9}$' ORDER BY 1;
