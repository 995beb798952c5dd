-- name: no_time_limit
-- For this transaction: an intake takes as long as the export is large.
SELECT set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true);

-- name: is_there
-- A head that never moved may still have refused something, or hold names of persons.
SELECT EXISTS (SELECT FROM command_key WHERE entity = %(entity)s);

-- name: insert_approvals
-- Who prepared and who approved, as the facts say that take two people; the CHECK compares again.
INSERT INTO approval (entity, subject, preparer, approver, position)
SELECT entity, stream, coalesce(payload::jsonb ->> 'proposed_by', payload::jsonb ->> 'prepared_by'),
       payload::jsonb ->> 'approved_by', position
  FROM fact
 WHERE entity = %(entity)s AND tag IN ('adjustment-approved', 'draft-approved', 'opening-signed')
 UNION ALL
SELECT entity, stream || ':' || (payload::jsonb ->> 'period'), actor, payload::jsonb ->> 'approved_by', position
  FROM fact
 WHERE entity = %(entity)s AND tag = 'period-reopened';

-- name: insert_numbers
-- The numbers that documents came with, and each stream that took one after another.
INSERT INTO document_number (entity, number, stream, position, taking)
SELECT entity, number, stream, position, row_number() OVER (PARTITION BY number ORDER BY position) - 1
  FROM (
    SELECT entity, payload::jsonb ->> 'number' AS number, stream, position,
           lag(stream) OVER (PARTITION BY payload::jsonb ->> 'number' ORDER BY position) AS before
      FROM fact
     WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'invoice'
       AND tag IN ('invoice-issued', 'credit-issued') AND payload::jsonb ->> 'series' IS NULL) AS issued
 WHERE before IS DISTINCT FROM stream
 ORDER BY number, position;

-- name: count_numbers
-- The last number that each series has given out.
UPDATE entity_head
   SET numbered = (
    SELECT coalesce(jsonb_object_agg(series, place), '{}')
      FROM (
        SELECT payload::jsonb ->> 'series' AS series,
               max(substr(payload::jsonb ->> 'number', length(payload::jsonb ->> 'series') + 1)::bigint) AS place
          FROM fact
         WHERE entity = %(entity)s AND split_part(stream, ':', 1) = 'invoice'
           AND tag IN ('invoice-issued', 'credit-issued') AND payload::jsonb ->> 'series' IS NOT NULL
         GROUP BY 1) AS last)
 WHERE entity = %(entity)s;

-- name: insert_batches
INSERT INTO usage_batch (entity, batch, source, position, batch_number)
SELECT entity, (payload::jsonb ->> 'batch')::bigint, substr(stream, 7), position,
       (payload::jsonb ->> 'batch_number')::bigint
  FROM fact
 WHERE entity = %(entity)s AND tag = 'usage-batch-accepted';

-- name: pass_batch_numbers
-- A later batch has a higher number than whatever it replaces.
SELECT count(nextval('usage_batch_number'))
  FROM generate_series(coalesce(pg_sequence_last_value('usage_batch_number'), 0) + 1,
                       (SELECT max(batch) FROM usage_batch WHERE entity = %(entity)s));

-- name: batches
SELECT position, (payload::jsonb ->> 'batch')::bigint, substr(stream, 7), payload::jsonb ->> 'kind',
       (payload::jsonb ->> 'rejected')::bigint, payload::jsonb ->> 'root'
  FROM fact
 WHERE entity = %(entity)s AND tag = 'usage-batch-accepted'
 ORDER BY position;

-- name: copy_rows
COPY usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit, occurred_at,
                dimensions, stream_partition, stream_offset)
FROM STDIN (FORMAT BINARY);

-- name: copy_keys
COPY usage_key (bucket, entity, source, event_id, batch, fingerprint) FROM STDIN (FORMAT BINARY);

-- name: copy_replaced
COPY usage_replaced (bucket, entity, source, event_id, old_batch, by_batch) FROM STDIN (FORMAT BINARY);

-- name: copy_rejects
COPY usage_reject (entity, source, batch, row_no, event_id, code, field, raw, leaf)
FROM STDIN (FORMAT BINARY);

-- name: insert_hours
-- What each batch adds to each hour: the rows it brings, less those it takes out.
INSERT INTO usage_hour (entity, subscription, meter, hour, batch, unit, rows, quantity)
SELECT %(entity)s, subscription, meter, hour, batch, unit, sum(rows), sum(quantity)
  FROM (
    SELECT subscription, meter, date_bin('1 hour', occurred_at, '2000-01-01Z') AS hour, batch,
           coalesce(unit, '') AS unit, 1 AS rows, quantity
      FROM usage_row
     WHERE entity = %(entity)s
     UNION ALL
    SELECT r.subscription, r.meter, date_bin('1 hour', r.occurred_at, '2000-01-01Z'), p.by_batch,
           coalesce(r.unit, ''), -1, -r.quantity
      FROM usage_replaced p
      JOIN usage_row r
        ON r.bucket = p.bucket AND r.entity = p.entity AND r.source = p.source AND r.event_id = p.event_id
       AND r.batch = p.old_batch
     WHERE p.entity = %(entity)s
  ) AS change
 GROUP BY subscription, meter, hour, batch, unit
HAVING sum(rows) <> 0 OR sum(quantity) <> 0;

-- name: rejected_rows
SELECT batch, count(*) FROM usage_reject WHERE entity = %(entity)s GROUP BY batch;

-- name: rows_by_batch
-- In the order of a batch's root.
SELECT b.position, r.source, r.event_id, r.subscription, r.meter, r.quantity, r.unit, r.occurred_at, r.dimensions
  FROM usage_batch b
  JOIN usage_row r ON r.entity = b.entity AND r.batch = b.batch
 WHERE b.entity = %(entity)s
 ORDER BY b.position, r.source, r.event_id;

-- name: retracted_by_batch
SELECT b.position, p.source, p.event_id
  FROM usage_batch b
  JOIN fact f ON f.entity = b.entity AND f.position = b.position
  JOIN usage_replaced p ON p.entity = b.entity AND p.by_batch = b.batch
 WHERE b.entity = %(entity)s AND f.payload::jsonb ->> 'kind' = 'retraction'
 ORDER BY b.position, p.source, p.event_id;
