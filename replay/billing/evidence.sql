-- name: rows_moved
-- What a batch brought to a meter on a local day of a subscription, and what it took out: one look for each
-- (meter, day, position).
SELECT DISTINCT r.source, r.event_id, r.batch, own.position, r.subscription, r.meter,
       trim_scale(r.quantity) AS quantity, r.occurred_at, later.position AS replaced_at
  FROM unnest(%(meters)s::text[], %(days)s::date[], %(positions)s::bigint[]) AS t (meter, day, position)
  JOIN usage_batch c ON c.entity = %(entity)s AND c.position = t.position
 CROSS JOIN LATERAL (
    SELECT bucket, source, event_id, batch, subscription, meter, quantity, occurred_at FROM usage_row
     WHERE entity = %(entity)s AND batch = c.batch AND subscription = %(subscription)s AND meter = t.meter
     UNION ALL
    SELECT o.bucket, o.source, o.event_id, o.batch, o.subscription, o.meter, o.quantity, o.occurred_at
      FROM usage_replaced p
      JOIN usage_row o ON o.bucket = p.bucket AND o.entity = p.entity AND o.source = p.source
       AND o.event_id = p.event_id AND o.batch = p.old_batch
     WHERE p.entity = %(entity)s AND p.by_batch = c.batch AND o.subscription = %(subscription)s
       AND o.meter = t.meter) AS r
  JOIN usage_batch own ON own.entity = %(entity)s AND own.batch = r.batch
  LEFT JOIN usage_replaced p
    ON p.bucket = r.bucket AND p.entity = %(entity)s AND p.source = r.source AND p.event_id = r.event_id
   AND p.old_batch = r.batch
  LEFT JOIN usage_batch later ON later.entity = p.entity AND later.batch = p.by_batch
 WHERE (r.occurred_at AT TIME ZONE %(zone)s)::date = t.day
 ORDER BY r.occurred_at, r.source, r.event_id, own.position;
