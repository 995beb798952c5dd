-- name: incoming
-- What was sent, in the order it was sent: every row once, then each so many-th again.
SELECT row_number() OVER (ORDER BY s.again, s.event_id) AS row_no, s.bucket, s.entity, s.source, s.event_id,
       s.fingerprint, s.batch, s.subscription, s.meter, s.quantity, s.unit, s.occurred_at, s.dimensions
  FROM (
    SELECT again, r.bucket, r.entity, r.source, r.event_id, k.fingerprint, r.batch, r.subscription, r.meter,
           r.quantity, r.unit, r.occurred_at, r.dimensions
      FROM usage_row r
      JOIN usage_key k
        ON k.bucket = r.bucket AND k.entity = r.entity AND k.source = r.source AND k.event_id = r.event_id
     CROSS JOIN generate_series(0, 1) AS again
     WHERE r.entity = %(entity)s
       AND (again = 0 OR substr(r.event_id, 2)::bigint %% %(every)s = 0)
  ) AS s
 ORDER BY row_no
OFFSET %(sent)s LIMIT %(together)s;

-- name: make_stage
CREATE TEMPORARY TABLE floor_incoming (
    row_no bigint NOT NULL,
    bucket smallint NOT NULL,
    entity text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    batch bigint NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    meter text COLLATE "C" NOT NULL,
    quantity numeric(38, 15) NOT NULL,
    unit text,
    occurred_at timestamptz NOT NULL,
    dimensions text NOT NULL
);

-- name: empty_stage
TRUNCATE pg_temp.floor_incoming;

-- name: take
-- The whole ingest as one statement: ids once for ever, rows of the new ids, totals per hour.
WITH first AS MATERIALIZED (
    SELECT DISTINCT ON (bucket, event_id)
           bucket, entity, source, event_id, fingerprint, batch, subscription, meter, quantity, unit,
           occurred_at, dimensions
      FROM pg_temp.floor_incoming
     ORDER BY bucket, event_id, row_no
), taken AS (
    INSERT INTO usage_key (bucket, entity, source, event_id, batch, fingerprint)
    SELECT bucket, entity, source, event_id, batch, fingerprint FROM first
    ON CONFLICT DO NOTHING
    RETURNING bucket, event_id
), added AS (
    INSERT INTO usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit,
                           occurred_at, dimensions)
    SELECT f.bucket, f.entity, f.source, f.event_id, f.batch, f.subscription, f.meter, f.quantity, f.unit,
           f.occurred_at, f.dimensions
      FROM first f
      JOIN taken t ON t.bucket = f.bucket AND t.event_id = f.event_id
    RETURNING entity, subscription, meter, occurred_at, batch, quantity
)
INSERT INTO usage_hour (entity, subscription, meter, hour, batch, rows, quantity)
SELECT entity, subscription, meter, date_trunc('hour', occurred_at, 'UTC'), batch, count(*), sum(quantity)
  FROM added
 GROUP BY entity, subscription, meter, date_trunc('hour', occurred_at, 'UTC'), batch;

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
SELECT bucket, entity, source, event_id, batch, subscription, meter, quantity, unit, occurred_at, dimensions
  FROM pg_temp.floor_incoming
ON CONFLICT DO NOTHING;
