-- name: make_checkpoint
INSERT INTO checkpoint (entity, projection, generation, position)
VALUES (%(entity)s, %(projection)s, %(generation)s, 0)
ON CONFLICT DO NOTHING;

-- name: lock_checkpoint
SELECT position, cursor, fence FROM checkpoint
 WHERE entity = %(entity)s AND projection = %(projection)s AND generation = %(generation)s
   FOR UPDATE;

-- name: move_checkpoint
UPDATE checkpoint
   SET position = %(position)s, cursor = %(cursor)s, fence = fence + 1
 WHERE entity = %(entity)s AND projection = %(projection)s AND generation = %(generation)s
   AND fence = %(fence)s;

-- name: move_held
-- The same for a worker, as long as nobody has overtaken it.
UPDATE checkpoint
   SET position = %(position)s, cursor = %(cursor)s, fence = fence + 1
 WHERE entity = %(entity)s AND projection = %(projection)s AND generation = %(generation)s
   AND fence = %(fence)s
   AND EXISTS (SELECT FROM worker_lease
                WHERE entity = %(entity)s AND holder = %(holder)s AND fence = %(lease)s);

-- name: passed
SELECT position FROM checkpoint
 WHERE entity = %(entity)s AND projection = %(projection)s AND generation = %(generation)s;

-- name: passed_run
-- through never goes back, so the furthest of all runs so far is how far time has come.
SELECT coalesce(max(position), 0), max((payload::jsonb ->> 'through')::date)
  FROM fact
 WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'run' AND tag = 'posting-run'
   AND position <= %(position)s;

-- name: live_generation
SELECT live FROM view_generation;

-- name: look_in
-- true: until the transaction ends, as with SET LOCAL.
SELECT set_config('search_path', %(path)s, true);
