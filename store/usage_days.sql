-- Subscription by subscription, by the key that begins with it (OFFSET 0 keeps it so): with a list of
-- them, a planner that knows little of growing tables goes through every batch and all that it brought.

-- `earned` is the entity's zone where it is another than the subscription's, else none: then the day is told
-- by one zone alone.

-- name: days_from_hours
-- Zones whose offset is always whole hours: the totals per UTC hour add up to local days. A batch brings
-- many days of many subscriptions, so each is looked up once.
WITH brought AS MATERIALIZED (
    SELECT z.subscription, own.meter, own.day, own.earned_on, own.batch, own.unit, own.rows, own.quantity
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[], %(earned)s::text[])
           AS z (subscription, zone, earned)
     CROSS JOIN LATERAL (
        SELECT meter, (hour AT TIME ZONE z.zone)::date AS day, (hour AT TIME ZONE z.earned)::date AS earned_on,
               batch, unit, sum(rows)::bigint AS rows, sum(quantity) AS quantity
          FROM usage_hour
         WHERE entity = %(entity)s AND subscription = z.subscription AND meter <> ALL(%(by_row)s::text[])
           AND hour >= %(since)s
         GROUP BY meter, day, earned_on, batch, unit
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
SELECT subscription, meter, day, position, rows, quantity, nullif(unit, ''), earned_on
  FROM brought
  JOIN known USING (batch)
 ORDER BY subscription, meter, day, position, unit, earned_on;

-- name: days_from_rows
-- The same from the rows: what each batch brought, less what it took out.
WITH brought AS MATERIALIZED (
    SELECT z.subscription, own.meter, own.day, own.earned_on, own.batch, own.unit, own.rows, own.quantity
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[], %(earned)s::text[])
           AS z (subscription, zone, earned)
     CROSS JOIN LATERAL (
        SELECT r.meter, (r.occurred_at AT TIME ZONE z.zone)::date AS day,
               (r.occurred_at AT TIME ZONE z.earned)::date AS earned_on, moved.batch,
               coalesce(r.unit, '') AS unit, sum(moved.times)::bigint AS rows,
               sum(moved.times * r.quantity) AS quantity
          FROM (
            SELECT bucket, source, event_id, batch, meter, occurred_at, quantity, unit FROM usage_row
             WHERE entity = %(entity)s AND subscription = z.subscription AND meter <> ALL(%(by_row)s::text[])
               AND occurred_at >= %(since)s
            OFFSET 0) AS r
         CROSS JOIN LATERAL (
            SELECT r.batch, 1 AS times
             UNION ALL
            SELECT p.by_batch, -1 FROM usage_replaced p
             WHERE p.bucket = r.bucket AND p.entity = %(entity)s AND p.source = r.source
               AND p.event_id = r.event_id AND p.old_batch = r.batch) AS moved
         GROUP BY r.meter, day, earned_on, moved.batch, coalesce(r.unit, '')
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
SELECT subscription, meter, day, position, rows, quantity, nullif(unit, ''), earned_on
  FROM brought
  JOIN known USING (batch)
 ORDER BY subscription, meter, day, position, unit, earned_on;

-- name: rows_of_meters
-- Rows one by one, of meters whose rows do not add up: each where its batch brought it, and taken out again
-- where a later batch replaced or retracted it.
WITH brought AS MATERIALIZED (
    SELECT z.subscription, own.*
      FROM unnest(%(subscriptions)s::text[], %(zones)s::text[], %(earned)s::text[])
           AS z (subscription, zone, earned)
     CROSS JOIN LATERAL (
        SELECT r.meter, (r.occurred_at AT TIME ZONE z.zone)::date AS day,
               (r.occurred_at AT TIME ZONE z.earned)::date AS earned_on, moved.batch, moved.times,
               r.quantity, r.unit, r.occurred_at, r.source, r.event_id, r.dimensions
          FROM (
            SELECT bucket, source, event_id, batch, meter, occurred_at, quantity, unit, dimensions
              FROM usage_row
             WHERE entity = %(entity)s AND subscription = z.subscription AND meter = ANY(%(by_row)s::text[])
            OFFSET 0) AS r
         CROSS JOIN LATERAL (
            SELECT r.batch, 1 AS times
             UNION ALL
            SELECT p.by_batch, -1 FROM usage_replaced p
             WHERE p.bucket = r.bucket AND p.entity = %(entity)s AND p.source = r.source
               AND p.event_id = r.event_id AND p.old_batch = r.batch) AS moved
        OFFSET 0) AS own
), known AS MATERIALIZED (
    SELECT b.batch, b.position
      FROM (SELECT DISTINCT batch FROM brought) AS named
     CROSS JOIN LATERAL (
        SELECT batch, position FROM usage_batch
         WHERE entity = %(entity)s AND batch = named.batch OFFSET 0) AS b
     WHERE b.position <= %(upto)s
)
SELECT subscription, meter, day, position, times, times * quantity, unit, earned_on, occurred_at, source,
       event_id, dimensions
  FROM brought
  JOIN known USING (batch)
 ORDER BY subscription, meter, day, occurred_at, source, event_id, position, times;
