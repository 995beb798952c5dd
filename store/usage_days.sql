-- name: days_from_hours
-- Zones whose offset is always whole hours: the totals per UTC hour add up to local days.
SELECT h.subscription, h.meter, (h.hour AT TIME ZONE z.zone)::date AS day, b.position,
       sum(h.rows)::bigint AS rows, sum(h.quantity) AS quantity
  FROM unnest(%(subscriptions)s::text[], %(zones)s::text[]) AS z (subscription, zone)
  JOIN usage_hour h ON h.entity = %(entity)s AND h.subscription = z.subscription
  JOIN usage_batch b ON b.entity = h.entity AND b.batch = h.batch
 WHERE b.position <= %(upto)s
 GROUP BY h.subscription, h.meter, day, b.position
HAVING sum(h.rows) <> 0 OR sum(h.quantity) <> 0
 ORDER BY h.subscription, h.meter, day, b.position;

-- name: days_from_rows
-- The same from the rows: what each batch brought, less what it took out.
SELECT subscription, meter, day, position, sum(rows)::bigint AS rows, sum(quantity) AS quantity
  FROM (
    SELECT r.subscription, r.meter, (r.occurred_at AT TIME ZONE z.zone)::date AS day, b.position,
           1 AS rows, r.quantity
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[]) AS z (subscription, zone)
      JOIN usage_row r ON r.entity = %(entity)s AND r.subscription = z.subscription
      JOIN usage_batch b ON b.entity = r.entity AND b.batch = r.batch
     WHERE b.position <= %(upto)s
     UNION ALL
    SELECT r.subscription, r.meter, (r.occurred_at AT TIME ZONE z.zone)::date, b.position,
           -1, -r.quantity
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[]) AS z (subscription, zone)
      JOIN usage_row r ON r.entity = %(entity)s AND r.subscription = z.subscription
      JOIN usage_replaced p
        ON p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source
       AND p.event_id = r.event_id AND p.old_batch = r.batch
      JOIN usage_batch b ON b.entity = p.entity AND b.batch = p.by_batch
     WHERE b.position <= %(upto)s
  ) AS change
 GROUP BY subscription, meter, day, position
HAVING sum(rows) <> 0 OR sum(quantity) <> 0
 ORDER BY subscription, meter, day, position;
