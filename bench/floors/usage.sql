-- name: incoming
-- What was sent, in the order it was sent: every row, and each so many-th again some rows later.
SELECT s.bucket, s.event_id, s.fingerprint, s.subscription, s.meter, s.quantity, s.unit, s.occurred_at,
       s.dimensions
  FROM (
    SELECT substr(r.event_id, 2)::bigint + again * %(after)s AS place, again, r.bucket, r.event_id,
           k.fingerprint, r.subscription, r.meter, r.quantity, r.unit, r.occurred_at, r.dimensions
      FROM usage_row r
      JOIN usage_key k
        ON k.bucket = r.bucket AND k.entity = r.entity AND k.source = r.source AND k.event_id = r.event_id
     CROSS JOIN generate_series(0, 1) AS again
     WHERE r.entity = %(entity)s AND r.source = %(source)s
       AND (again = 0 OR substr(r.event_id, 2)::bigint %% %(every)s = 0)
  ) AS s
 ORDER BY s.place, s.again;

-- name: make_stage
-- Emptied at every commit, without a new file for each batch.
CREATE TEMPORARY TABLE floor_incoming (
    bucket smallint NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    meter text COLLATE "C" NOT NULL,
    quantity numeric(38, 15) NOT NULL,
    unit text,
    occurred_at timestamptz NOT NULL,
    dimensions text NOT NULL
) ON COMMIT DELETE ROWS;

-- name: take
-- The whole ingest as one statement: ids not seen before, their rows, totals per hour.
WITH fresh AS MATERIALIZED (
    SELECT DISTINCT ON (bucket, event_id)
           bucket, event_id, fingerprint, subscription, meter, quantity, unit, occurred_at, dimensions
      FROM pg_temp.floor_incoming i
     WHERE NOT EXISTS (
            SELECT FROM usage_key k
             WHERE k.bucket = i.bucket AND k.entity = %(entity)s AND k.source = %(source)s
               AND k.event_id = i.event_id
            -- By its key, whatever the server believes of a table that has just grown.
            OFFSET 0)
     ORDER BY bucket, event_id
), taken AS (
    INSERT INTO usage_key (bucket, entity, source, event_id, batch, fingerprint)
    SELECT bucket, %(entity)s, %(source)s, event_id, %(batch)s, fingerprint FROM fresh
), added AS (
    INSERT INTO usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit,
                           occurred_at, dimensions)
    SELECT bucket, %(entity)s, %(source)s, event_id, %(batch)s, subscription, meter, quantity, unit,
           occurred_at, dimensions
      FROM fresh
)
INSERT INTO usage_hour (entity, subscription, meter, hour, batch, rows, quantity)
SELECT %(entity)s, subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z'), %(batch)s, count(*),
       sum(quantity)
  FROM fresh
 GROUP BY subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z');

-- name: make_one
-- One table, and no other index than the one that finds a repeat.
DO $$
BEGIN
    CREATE SCHEMA floor_one;
    CREATE TABLE floor_one.usage_row (LIKE public.usage_row INCLUDING DEFAULTS);
    ALTER TABLE floor_one.usage_row ADD PRIMARY KEY (bucket, entity, source, event_id);
END
$$;

-- name: take_one
-- COPY and ON CONFLICT into that one table: no fingerprints to compare, no totals.
INSERT INTO usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit,
                       occurred_at, dimensions)
SELECT bucket, %(entity)s, %(source)s, event_id, %(batch)s, subscription, meter, quantity, unit, occurred_at,
       dimensions
  FROM pg_temp.floor_incoming
ON CONFLICT DO NOTHING;

-- name: hours
SELECT count(*), sum(rows), sum(quantity) FROM usage_hour WHERE entity = %(entity)s;
