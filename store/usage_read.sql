-- name: standing_rows
-- A row counts from its batch's position until that of the batch that replaces or retracts it.
SELECT r.event_id, r.subscription, r.meter, r.quantity, r.unit, r.occurred_at, b.position
  FROM usage_row r
  JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
 WHERE r.entity = %(entity)s AND r.source = %(source)s AND b.position <= %(upto)s
   AND NOT EXISTS (
        SELECT FROM usage_replaced p
          JOIN usage_batch n ON n.entity = p.entity AND n.batch = p.by_batch
         WHERE p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source
           AND p.event_id = r.event_id AND p.old_batch = r.batch AND n.position <= %(upto)s)
 ORDER BY r.event_id;

-- name: rejected_events
SELECT event_id, min(code) FROM usage_reject
 WHERE entity = %(entity)s AND source = %(source)s AND event_id IS NOT NULL
 GROUP BY event_id;
