-- name: set_wait
-- true: until the transaction ends, as with SET LOCAL. A switch holds what others need, so it gives
-- up rather than wait for long; it is durable also in a session that does not wait for that.
SELECT set_config('lock_timeout', %(wait)s, true), set_config('synchronous_commit', 'on', true);

-- name: lock_live
SELECT live FROM view_generation FOR UPDATE;

-- name: hold_still
-- Where each view of a generation stands, and stays while these rows are held, and where the same
-- view of another one does. In one order, so that nobody deadlocks.
SELECT seen.entity, seen.projection, seen.position, coalesce(beside.position, 0)
  FROM checkpoint seen
  LEFT JOIN checkpoint beside
    ON beside.entity = seen.entity AND beside.projection = seen.projection AND beside.generation = %(to)s
 WHERE seen.generation = %(generation)s
 ORDER BY seen.entity, seen.projection
   FOR UPDATE OF seen;

-- name: switch
-- How long anything was held until here, by the server's clock.
UPDATE view_generation SET live = %(to)s, before = live, ready = NULL
RETURNING (extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint;
