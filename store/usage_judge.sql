-- name: judge_new
-- Accepted is the first row of an id that nobody brought before. In order of the key. OFFSET 0, here and
-- below, keeps a lookup a lookup by its key: of tables that have just grown the server knows nothing, and
-- what it prefers then compares every row with every other.
CREATE TEMPORARY TABLE usage_judged AS
SELECT DISTINCT ON (i.bucket, i.event_id)
       i.row_no, i.bucket, i.event_id, i.fingerprint, i.subscription, i.meter, i.quantity, i.unit,
       i.occurred_at, i.dimensions, NULL::bigint AS old_batch, 'accepted' AS verdict
  FROM pg_temp.usage_incoming i
 WHERE NOT EXISTS (
        SELECT FROM usage_key
         WHERE bucket = i.bucket AND entity = %(entity)s AND source = %(source)s AND event_id = i.event_id
        OFFSET 0)
 ORDER BY i.bucket, i.event_id, i.row_no;

-- name: insert_keys
-- Sorted, so that batches with the same ids wait for each other instead of locking up.
INSERT INTO usage_key (bucket, entity, source, event_id, batch, fingerprint)
SELECT bucket, %(entity)s, %(source)s, event_id, %(batch)s, fingerprint
  FROM pg_temp.usage_judged
 ORDER BY bucket, event_id;

-- name: judge_repeated
-- All other rows repeat an earlier body or come with another.
INSERT INTO usage_judged (row_no, bucket, event_id, fingerprint, subscription, meter, quantity, unit,
                          occurred_at, dimensions, verdict)
SELECT i.row_no, i.bucket, i.event_id, i.fingerprint, i.subscription, i.meter, i.quantity, i.unit,
       i.occurred_at, i.dimensions,
       CASE WHEN k.fingerprint = i.fingerprint THEN 'duplicate' ELSE 'duplicate-with-other-body' END
  FROM pg_temp.usage_incoming i
 CROSS JOIN LATERAL (
       SELECT fingerprint
         FROM usage_key
        WHERE bucket = i.bucket AND entity = %(entity)s AND source = %(source)s AND event_id = i.event_id
       OFFSET 0
       ) k
 WHERE NOT EXISTS (SELECT FROM pg_temp.usage_judged j WHERE j.row_no = i.row_no);

-- name: judge_changes
-- A correction replaces the version in force, a retraction takes it out. What says what is already so is a
-- duplicate; what was taken out cannot be corrected. A retraction says nothing of content, so never the same.
CREATE TEMPORARY TABLE usage_judged AS
WITH first AS (
    SELECT i.*, first_value(i.fingerprint) OVER w AS first_fingerprint, row_number() OVER w AS place
      FROM pg_temp.usage_incoming i
    WINDOW w AS (PARTITION BY i.bucket, i.event_id ORDER BY i.row_no)
)
SELECT i.row_no, i.bucket, i.event_id, i.fingerprint, c.subscription, c.meter, c.quantity, c.unit,
       c.occurred_at, c.dimensions, r.batch AS old_batch,
       CASE WHEN k.event_id IS NULL THEN 'unknown-event'
            WHEN r.event_id IS NULL AND %(kind)s = 'correction' THEN 'retracted-event'
            WHEN r.event_id IS NULL THEN 'duplicate'
            WHEN i.place > 1 AND i.fingerprint = i.first_fingerprint THEN 'duplicate'
            WHEN i.place > 1 THEN 'duplicate-with-other-body'
            WHEN (r.subscription, r.meter, r.quantity, r.occurred_at, r.dimensions)
               = (i.subscription, i.meter, i.quantity, i.occurred_at, i.dimensions)
             AND r.unit IS NOT DISTINCT FROM i.unit THEN 'duplicate'
            ELSE 'accepted'
       END AS verdict
  FROM first i
  LEFT JOIN LATERAL (
       SELECT bucket, entity, source, event_id
         FROM usage_key
        WHERE bucket = i.bucket AND entity = %(entity)s AND source = %(source)s AND event_id = i.event_id
       OFFSET 0
       ) k ON true
  LEFT JOIN LATERAL (
       SELECT r.event_id, r.batch, r.subscription, r.meter, r.quantity, r.unit, r.occurred_at, r.dimensions
         FROM usage_row r
        WHERE r.bucket = k.bucket AND r.entity = k.entity AND r.source = k.source AND r.event_id = k.event_id
          AND NOT EXISTS (SELECT FROM usage_replaced p
                           WHERE p.bucket = r.bucket AND p.entity = r.entity AND p.source = r.source
                             AND p.event_id = r.event_id AND p.old_batch = r.batch)
       ) r ON true
 CROSS JOIN LATERAL (
       SELECT i.subscription, i.meter, i.quantity, i.unit, i.occurred_at, i.dimensions
        WHERE %(kind)s = 'correction'
        UNION ALL
       SELECT r.subscription, r.meter, r.quantity, r.unit, r.occurred_at, r.dimensions
        WHERE %(kind)s = 'retraction'
       ) c;

-- name: insert_rows
INSERT INTO usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit,
                       occurred_at, dimensions)
SELECT bucket, %(entity)s, %(source)s, event_id, %(batch)s, subscription, meter, quantity, unit,
       occurred_at, dimensions
  FROM pg_temp.usage_judged
 WHERE verdict = 'accepted';

-- name: insert_replaced
-- Fewer than were accepted: another batch was first to replace the same version.
INSERT INTO usage_replaced (bucket, entity, source, event_id, old_batch, by_batch)
SELECT bucket, %(entity)s, %(source)s, event_id, old_batch, %(batch)s
  FROM pg_temp.usage_judged
 WHERE verdict = 'accepted'
 ORDER BY bucket, event_id
ON CONFLICT DO NOTHING;

-- name: insert_hours_of_new
INSERT INTO usage_hour (entity, subscription, meter, hour, batch, unit, rows, quantity)
SELECT %(entity)s, subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z'), %(batch)s,
       coalesce(unit, ''), count(*), sum(quantity)
  FROM pg_temp.usage_judged
 WHERE verdict = 'accepted'
 GROUP BY subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z'), coalesce(unit, '');

-- name: insert_hours_of_change
-- What a correction or retraction adds: the new content, if any, less the version that was in force. Here
-- and below that version is looked up by its event, its batch compared afterwards: of a table that has just
-- grown the server takes (entity, batch) for the better key, and reads the whole batch for each of its rows.
INSERT INTO usage_hour (entity, subscription, meter, hour, batch, unit, rows, quantity)
SELECT %(entity)s, subscription, meter, hour, %(batch)s, unit, sum(rows), sum(quantity)
  FROM (
    SELECT subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z') AS hour,
           coalesce(unit, '') AS unit, 1 AS rows, quantity
      FROM pg_temp.usage_judged
     WHERE verdict = 'accepted' AND %(kind)s = 'correction'
     UNION ALL
    SELECT r.subscription, r.meter, date_bin('1 hour', r.occurred_at, '2000-01-01Z'),
           coalesce(r.unit, ''), -1, -r.quantity
      FROM pg_temp.usage_judged j
     CROSS JOIN LATERAL (
           SELECT batch, subscription, meter, quantity, unit, occurred_at
             FROM usage_row
            WHERE bucket = j.bucket AND entity = %(entity)s AND source = %(source)s
              AND event_id = j.event_id
           OFFSET 0
           ) r
     WHERE r.batch = j.old_batch AND j.verdict = 'accepted'
  ) AS change
 GROUP BY subscription, meter, hour, unit
HAVING sum(rows) <> 0 OR sum(quantity) <> 0;

-- name: refused_by_judgement
-- Rows that were well-formed and still not taken; they are told and kept like the others.
SELECT row_no, event_id, verdict, subscription, meter, quantity, unit, occurred_at, dimensions
  FROM pg_temp.usage_judged
 WHERE verdict NOT IN ('accepted', 'duplicate')
 ORDER BY row_no;

-- name: insert_refused
INSERT INTO usage_reject (entity, source, batch, row_no, event_id, code, field, raw, leaf)
SELECT %(entity)s, %(source)s, %(batch)s, row_no, event_id, code, field, raw, leaf
  FROM pg_temp.usage_refused
 ORDER BY row_no;

-- name: verdicts
SELECT count(*) FILTER (WHERE verdict = 'accepted'), count(*) FILTER (WHERE verdict = 'duplicate'),
       count(*) FILTER (WHERE verdict NOT IN ('accepted', 'duplicate'))
  FROM pg_temp.usage_judged;

-- name: totals
SELECT meter, count(*), sum(quantity)
  FROM pg_temp.usage_judged
 WHERE verdict = 'accepted'
 GROUP BY meter
 ORDER BY meter;

-- name: reach
-- Whom the batch touches, and when: the content it brings and the content it takes out.
SELECT touched.subscription, min(touched.day), max(touched.day)
  FROM (
    SELECT subscription, (occurred_at AT TIME ZONE 'UTC')::date AS day
      FROM pg_temp.usage_judged
     WHERE verdict = 'accepted'
     UNION ALL
    SELECT r.subscription, (r.occurred_at AT TIME ZONE 'UTC')::date
      FROM pg_temp.usage_judged j
     CROSS JOIN LATERAL (
           SELECT batch, subscription, meter, quantity, occurred_at
             FROM usage_row
            WHERE bucket = j.bucket AND entity = %(entity)s AND source = %(source)s
              AND event_id = j.event_id
           OFFSET 0
           ) r
     WHERE r.batch = j.old_batch AND j.verdict = 'accepted' AND j.old_batch IS NOT NULL
  ) AS touched
 GROUP BY touched.subscription
 ORDER BY touched.subscription;

-- name: accepted_leaves
SELECT fingerprint FROM pg_temp.usage_judged WHERE verdict = 'accepted' ORDER BY event_id;

-- name: analyze_judged
ANALYZE pg_temp.usage_judged (row_no, verdict, old_batch);
