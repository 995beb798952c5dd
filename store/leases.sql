-- name: end_overtaken
-- A holder that stands still inside a transaction keeps rows that the next one needs. Only our own
-- sessions, and only the one that took the lease: process ids come back.
SELECT pg_terminate_backend(a.pid)
  FROM worker_lease l
  JOIN pg_stat_activity a ON a.pid = l.backend AND a.backend_start = l.backend_since
 WHERE l.entity = %(entity)s AND l.expires_at <= clock_timestamp() AND l.holder <> %(holder)s
   AND a.usename = current_user AND a.pid <> pg_backend_pid();

-- name: claim
-- Free, expired, or ours already. The fence grows where the holder changes or had let it expire.
INSERT INTO worker_lease AS l (entity, holder, fence, expires_at, backend, backend_since)
SELECT %(entity)s, %(holder)s, 1, clock_timestamp() + make_interval(secs => %(seconds)s),
       a.pid, a.backend_start
  FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
ON CONFLICT (entity) DO UPDATE
   SET holder = excluded.holder, fence = l.fence + 1, expires_at = excluded.expires_at,
       backend = excluded.backend, backend_since = excluded.backend_since
 WHERE l.expires_at <= clock_timestamp() OR l.holder = excluded.holder
RETURNING fence;

-- name: renew
UPDATE worker_lease SET expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
 WHERE entity = %(entity)s AND holder = %(holder)s AND fence = %(fence)s;

-- name: release
-- The row stays, and with it the fence.
UPDATE worker_lease SET expires_at = clock_timestamp(), backend = NULL, backend_since = NULL
 WHERE entity = %(entity)s AND holder = %(holder)s AND fence = %(fence)s;

-- name: behind
-- Entities with facts that some projection has not passed and that nobody else has, oldest lease first.
SELECT h.entity
  FROM entity_head h
  LEFT JOIN (SELECT entity, count(*) AS there, min(position) AS position
               FROM checkpoint
              WHERE projection = ANY(%(projections)s) AND generation IN (0, %(generation)s)
              GROUP BY entity) AS c ON c.entity = h.entity
  LEFT JOIN worker_lease l ON l.entity = h.entity
 WHERE h.position > CASE WHEN c.there = cardinality(%(projections)s) THEN c.position ELSE 0 END
   AND (l.entity IS NULL OR l.expires_at <= clock_timestamp() OR l.holder = %(holder)s)
 ORDER BY l.expires_at NULLS FIRST, h.entity;
