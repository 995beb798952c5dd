-- name: parked_units
SELECT unit FROM parked
 WHERE entity = %(entity)s AND to_run IS NULL AND unit = ANY(%(units)s);

-- name: release_parked
UPDATE parked SET to_run = %(run)s
 WHERE entity = %(entity)s AND to_run IS NULL AND unit = ANY(%(units)s);

-- name: park
INSERT INTO parked (entity, unit, from_run, code, detail)
SELECT %(entity)s, unit, %(run)s, code, detail
  FROM unnest(%(units)s::text[], %(codes)s::text[], %(details)s::text[]) AS failed (unit, code, detail);

-- name: pending_now
SELECT unit, meter, day, position, reason, rows, quantity FROM usage_pending
 WHERE entity = %(entity)s AND to_run IS NULL AND unit = ANY(%(units)s);

-- name: end_pending
UPDATE usage_pending p SET to_run = %(run)s
  FROM unnest(%(units)s::text[], %(meters)s::text[], %(days)s::date[], %(positions)s::bigint[],
              %(reasons)s::text[]) AS gone (unit, meter, day, position, reason)
 WHERE p.entity = %(entity)s AND p.to_run IS NULL AND p.unit = gone.unit AND p.meter = gone.meter
   AND p.day = gone.day AND p.position = gone.position AND p.reason = gone.reason;

-- name: copy_pending
COPY usage_pending (entity, unit, meter, day, position, reason, from_run, rows, quantity)
FROM STDIN (FORMAT BINARY);

-- name: unstated
-- Parks and releases of whole runs that no fact states yet. A key stands for one of each.
SELECT found.kind, found.unit, found.run, found.since, found.code, found.detail, f.effective
  FROM (
    SELECT 'parked' AS kind, unit, from_run AS run, from_run AS since, code, detail
      FROM parked WHERE entity = %(entity)s
     UNION ALL
    SELECT 'released', unit, to_run, from_run, code, detail
      FROM parked WHERE entity = %(entity)s AND to_run IS NOT NULL
  ) AS found
  JOIN fact f ON f.entity = %(entity)s AND f.position = found.run
 WHERE found.run <= %(upto)s
   AND NOT EXISTS (SELECT FROM command_key k
                    WHERE k.entity = %(entity)s AND k.key = found.kind || ':' || found.run || ':' || found.unit)
 ORDER BY found.run, found.unit;
