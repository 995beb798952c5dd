-- name: by_source
SELECT b.source, count(*), sum((f.payload::jsonb ->> 'received')::bigint)::bigint,
       sum((f.payload::jsonb ->> 'duplicates')::bigint)::bigint,
       sum((f.payload::jsonb ->> 'rejected')::bigint)::bigint,
       sum((f.payload::jsonb ->> 'accepted')::bigint)::bigint
  FROM usage_batch b
  JOIN fact f ON f.entity = b.entity AND f.position = b.position
 WHERE b.entity = %(entity)s AND b.position <= %(known_at)s
 GROUP BY b.source
 ORDER BY b.source;

-- name: by_meter
-- Rows are counted from the rows themselves. What a run judged is as of the last run; the rest waits.
WITH version AS (
    SELECT r.source, r.meter, r.quantity, b.position AS came, gone.position AS went,
           gone.kind = 'retraction' AS was_retracted
      FROM usage_row r
      JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
      LEFT JOIN usage_replaced p
        ON p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source
       AND p.event_id = r.event_id AND p.old_batch = r.batch
      LEFT JOIN LATERAL (
           SELECT by.position, f.payload::jsonb ->> 'kind' AS kind
             FROM usage_batch by
             JOIN fact f ON f.entity = by.entity AND f.position = by.position
            WHERE by.entity = p.entity AND by.batch = p.by_batch AND by.position <= %(known_at)s
           ) AS gone ON true
     WHERE r.entity = %(entity)s AND b.position <= %(known_at)s
), counted AS (
    SELECT source, meter, count(*) AS accepted,
           count(*) FILTER (WHERE went IS NOT NULL AND NOT was_retracted) AS superseded,
           count(*) FILTER (WHERE was_retracted) AS retracted,
           count(*) FILTER (WHERE went IS NULL) AS in_force,
           count(*) FILTER (WHERE came <= %(run)s AND (went IS NULL OR went > %(run)s)) AS judged,
           coalesce(sum(quantity) FILTER (WHERE went IS NULL), 0) AS quantity
      FROM version
     GROUP BY source, meter
), waits AS (
    SELECT b.source, p.meter, sum(p.rows) AS rows
      FROM usage_pending p
      JOIN usage_batch b ON b.entity = p.entity AND b.position = p.position
     WHERE p.entity = %(entity)s AND p.from_run <= %(run)s AND (p.to_run IS NULL OR p.to_run > %(run)s)
     GROUP BY b.source, p.meter
)
SELECT c.source, c.meter, c.accepted, c.superseded, c.retracted, coalesce(w.rows, 0)::bigint AS pending,
       (c.judged - coalesce(w.rows, 0))::bigint AS rated, c.in_force - c.judged AS waiting,
       trim_scale(c.quantity) AS quantity
  FROM counted c
  LEFT JOIN waits w ON w.source = c.source AND w.meter = c.meter
 ORDER BY c.source, c.meter;

-- name: pending
SELECT b.source, substr(p.unit, 14), p.meter, p.reason, sum(p.rows)::bigint, trim_scale(sum(p.quantity)),
       min(p.from_run)
  FROM usage_pending p
  JOIN usage_batch b ON b.entity = p.entity AND b.position = p.position
 WHERE p.entity = %(entity)s AND p.from_run <= %(run)s AND (p.to_run IS NULL OR p.to_run > %(run)s)
   AND p.day <= %(through)s
 GROUP BY b.source, p.unit, p.meter, p.reason
HAVING sum(p.rows) <> 0 OR sum(p.quantity) <> 0
 ORDER BY b.source, p.unit, p.meter, p.reason;

-- name: rejected
SELECT r.source, r.code, r.field, count(*)
  FROM usage_reject r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
 WHERE r.entity = %(entity)s AND b.position <= %(known_at)s
 GROUP BY r.source, r.code, r.field
 ORDER BY r.source, r.code, r.field;
