-- Subscription by subscription, by the key that begins with it (OFFSET 0 keeps it so): with a list of
-- them, a planner that knows little of growing tables goes through every batch and all that it brought.

-- name: days_from_hours
-- Zones whose offset is always whole hours: the totals per UTC hour add up to local days. A batch brings
-- many days of many subscriptions, so each is looked up once.
WITH brought AS MATERIALIZED (
    SELECT z.subscription, own.meter, own.day, own.batch, own.rows, own.quantity
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[]) AS z (subscription, zone)
     CROSS JOIN LATERAL (
        SELECT meter, (hour AT TIME ZONE z.zone)::date AS day, batch, sum(rows)::bigint AS rows,
               sum(quantity) AS quantity
          FROM usage_hour
         WHERE entity = %(entity)s AND subscription = z.subscription
         GROUP BY meter, day, batch
        HAVING sum(rows) <> 0 OR sum(quantity) <> 0
        OFFSET 0) AS own
), known AS MATERIALIZED (
    SELECT b.batch, b.position
      FROM (SELECT DISTINCT batch FROM brought) AS named
     CROSS JOIN LATERAL (
        SELECT batch, position FROM usage_batch
         WHERE entity = %(entity)s AND batch = named.batch OFFSET 0) AS b
     WHERE b.position <= %(upto)s
)
SELECT subscription, meter, day, position, rows, quantity
  FROM brought
  JOIN known USING (batch)
 ORDER BY subscription, meter, day, position;

-- name: days_from_rows
-- The same from the rows: what each batch brought, less what it took out.
WITH brought AS MATERIALIZED (
    SELECT z.subscription, own.meter, own.day, own.batch, own.rows, own.quantity
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[]) AS z (subscription, zone)
     CROSS JOIN LATERAL (
        SELECT r.meter, (r.occurred_at AT TIME ZONE z.zone)::date AS day, moved.batch,
               sum(moved.times)::bigint AS rows, sum(moved.times * r.quantity) AS quantity
          FROM (
            SELECT bucket, source, event_id, batch, meter, occurred_at, quantity FROM usage_row
             WHERE entity = %(entity)s AND subscription = z.subscription OFFSET 0) AS r
         CROSS JOIN LATERAL (
            SELECT r.batch, 1 AS times
             UNION ALL
            SELECT p.by_batch, -1 FROM usage_replaced p
             WHERE p.bucket = r.bucket AND p.entity = %(entity)s AND p.source = r.source
               AND p.event_id = r.event_id AND p.old_batch = r.batch) AS moved
         GROUP BY r.meter, day, moved.batch
        HAVING sum(moved.times) <> 0 OR sum(moved.times * r.quantity) <> 0
        OFFSET 0) AS own
), known AS MATERIALIZED (
    SELECT b.batch, b.position
      FROM (SELECT DISTINCT batch FROM brought) AS named
     CROSS JOIN LATERAL (
        SELECT batch, position FROM usage_batch
         WHERE entity = %(entity)s AND batch = named.batch OFFSET 0) AS b
     WHERE b.position <= %(upto)s
)
SELECT subscription, meter, day, position, rows, quantity
  FROM brought
  JOIN known USING (batch)
 ORDER BY subscription, meter, day, position;
