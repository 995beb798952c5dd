-- name: known_keys
-- Which of the ids came in an earlier batch, and what was said there.
SELECT asked.event_id, known.fingerprint
  FROM unnest(%(buckets)b::smallint[], %(event_ids)b::text[]) AS asked (bucket, event_id)
 CROSS JOIN LATERAL (
       SELECT fingerprint
         FROM usage_key
        WHERE bucket = asked.bucket AND entity = %(entity)s AND source = %(source)s
          AND event_id = asked.event_id
       -- By its key, whatever the server believes of a table that has just grown.
       OFFSET 0
       ) AS known;

-- name: copy_keys
COPY usage_key (bucket, entity, source, event_id, batch, fingerprint) FROM STDIN (FORMAT BINARY);

-- name: copy_rows
COPY usage_row (bucket, entity, source, event_id, batch, subscription, meter, quantity, unit, occurred_at,
                dimensions)
FROM STDIN (FORMAT BINARY);

-- name: copy_hours
COPY usage_hour (entity, subscription, meter, hour, batch, unit, rows, quantity) FROM STDIN (FORMAT BINARY);

-- name: copy_refused
COPY usage_reject (entity, source, batch, row_no, event_id, code, field, raw, leaf)
FROM STDIN (FORMAT BINARY);
