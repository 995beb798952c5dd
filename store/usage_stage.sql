-- name: drop_stage
DROP TABLE IF EXISTS pg_temp.usage_incoming, pg_temp.usage_refused, pg_temp.usage_judged;

-- name: make_stage_rows
CREATE TEMPORARY TABLE usage_incoming (
    row_no bigint NOT NULL,
    bucket smallint NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    subscription text COLLATE "C",
    meter text COLLATE "C",
    quantity numeric(38, 15),
    unit text,
    occurred_at timestamptz,
    dimensions text
);

-- name: make_stage_refused
CREATE TEMPORARY TABLE usage_refused (
    row_no bigint NOT NULL,
    event_id text COLLATE "C",
    code text COLLATE "C" NOT NULL,
    field text,
    raw text NOT NULL,
    leaf bytea NOT NULL
);

-- name: copy_rows
COPY pg_temp.usage_incoming (row_no, bucket, event_id, fingerprint, subscription, meter, quantity, unit,
                             occurred_at, dimensions)
FROM STDIN (FORMAT BINARY);

-- name: copy_refused
COPY pg_temp.usage_refused (row_no, event_id, code, field, raw, leaf) FROM STDIN (FORMAT BINARY);

-- name: analyze_rows
ANALYZE pg_temp.usage_incoming;

-- name: make_months
-- In order, so that two batches with the same new months wait for each other instead of locking up.
WITH made AS (
    INSERT INTO usage_month (month)
    SELECT month FROM unnest(%(months)s::date[]) AS wanted (month)
     WHERE month NOT IN (SELECT month FROM usage_month)
     ORDER BY month
    ON CONFLICT DO NOTHING
    RETURNING month
)
SELECT make_usage_month(month) FROM made ORDER BY month;
