-- name: take_keys
-- The first row of an id within the batch gets it, unless somebody has it; sorted, so that batches do
-- not deadlock.
INSERT INTO usage_key (bucket, entity, source, event_id, batch, fingerprint)
SELECT asked.bucket, %(entity)s, %(source)s, asked.event_id, %(batch)s, asked.fingerprint
  FROM unnest(%(buckets)b::smallint[], %(event_ids)b::text[], %(fingerprints)b::bytea[])
    AS asked (bucket, event_id, fingerprint)
ON CONFLICT DO NOTHING;

-- name: keys_of_others
-- Which of the ids came in an earlier batch, and what was said there.
SELECT k.event_id, k.fingerprint
  FROM unnest(%(buckets)b::smallint[], %(event_ids)b::text[]) AS asked (bucket, event_id)
 CROSS JOIN LATERAL (
       SELECT event_id, fingerprint
         FROM usage_key
        WHERE bucket = asked.bucket AND entity = %(entity)s AND source = %(source)s
          AND event_id = asked.event_id AND batch <> %(batch)s
       -- By its key, whatever the server believes of a table that has just grown.
       OFFSET 0
       ) k;

-- name: copy_rows
COPY usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit, occurred_at,
                dimensions)
FROM STDIN (FORMAT BINARY);

-- name: copy_hours
COPY usage_hour (entity, subscription, meter, hour, batch, rows, quantity) FROM STDIN (FORMAT BINARY);

-- name: copy_refused
COPY usage_reject (entity, source, batch, row_no, event_id, code, field, raw, leaf)
FROM STDIN (FORMAT BINARY);
